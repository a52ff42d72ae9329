"""Every network of ours in the browser's engine does what it does in torch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.explain.cam import activation_and_gradient
from cnnattn.explain.trace import trace
from cnnattn.live.payload import Parts, network
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION, Affinity
from cnnattn.nets.checkpoint import load
from cnnattn.nets.models import ModelSpec, build

ROOT = Path(__file__).parents[2]
NETWORKS = [f"{arch}-{kind}" for arch in ARCHITECTURES for kind in ATTENTION]
CLASS = 3
KERNELS = {"javascript": "javascriptKernels", "simd": "simdKernels()"}


def model_of(name):
    """The checkpoint that ships, else a network of random weights in which nothing is idle."""
    file = ROOT / f"checkpoints/{name}.safetensors"
    if file.exists():
        return load(file).model
    torch.manual_seed(1)
    model = build(ModelSpec(*name.split("-"))).eval().requires_grad_(False)
    for value in model.state_dict().values():
        if value.is_floating_point() and not value.any():
            value.normal_(0, 0.05)  # gc and nonlocal begin as the identity
    for module in model.modules():
        if isinstance(
            module, Affinity
        ):  # untrained, its softmax is a maximum: float32 is no oracle
            module.theta.weight.mul_(0.2)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1  # running statistics are those of one batch, so maps stay sound
    model.train()(torch.randn(16, 3, 32, 32))
    model.eval()
    return model


@pytest.fixture(scope="module", params=NETWORKS)
def packed(request):
    """Name, model, what the header says of it, the bytes."""
    parts, model = Parts(), model_of(request.param)
    entry = network(model, ModelSpec(*request.param.split("-")), parts)
    return request.param, model, entry, parts.pack(entry)


@pytest.fixture(scope="module", params=KERNELS)
def loaded(request, packed, v8):
    """Name, model, what the header says of it; V8 has it as ``net``, with either kernels."""
    *found, content = packed
    v8.open_bytes(content, KERNELS[request.param])
    return found


def near(found, expected, what, tolerance=1e-4):
    """Within ``tolerance`` of the largest number, or of 1 where that is less."""
    expected = expected.detach().numpy().ravel()
    assert found.shape == expected.shape, what
    limit = tolerance * max(1.0, np.abs(expected).max())
    assert np.abs(found - expected).max() < limit, what


def gradients_near(v8, traced, name, what):
    """The gradient at the end of each stage is torch's.

    It jumps where a ReLU's input passes 0, and a few of the 200 000 inputs lie so near to it that
    float32 has them on the other side when sums are taken in another order: torch in float64 then
    differs from torch in float32 as much. Only then is more than 1e-4 allowed.
    """
    tolerance = 1e-4
    for module in (m for m in traced.activations if "relu" in m.rpartition(".")[2]):
        found = v8.array(f"net.layer('{module}').data")
        expected = traced.activations[module].detach().numpy().ravel()
        turned = (found > 0) != (expected > 0)
        assert max(found[turned].max(initial=0), expected[turned].max(initial=0)) < 1e-5
        if turned.any():
            tolerance = 3e-3
    for layer in outputs(name):
        gradient = activation_and_gradient(traced, CLASS, layer)[1]
        near(v8.array(f"net.gradient('{layer}', {CLASS})"), gradient, what + layer, tolerance)


def outputs(name):
    return [stage.output for stage in ARCHITECTURES[name.split("-")[0]].stages]


@pytest.mark.parametrize("picture", ["cat-1", "ship-1", "noise"])
def test_logits_every_map_and_gradients_are_torchs(v8, loaded, picture):
    name, model, entry = loaded
    if picture == "noise":
        x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    else:
        x = to_input(next(s.picture for s in samples() if s.name == picture))
    v8.set_input(x.numpy())
    v8.do("net.run()")
    modules = [module for module, _ in model.named_modules() if module]
    assert set(modules) == set(entry["graph"]["modules"])
    traced = trace(model, x, modules)
    near(v8.array("net.logits"), traced.logits, "logits")
    for module, activation in traced.activations.items():
        near(v8.array(f"net.layer('{module}').data"), activation, module)
    gradients_near(v8, traced, name, "")


def test_an_edit_of_each_gate_reruns_what_follows_it_and_can_be_undone(v8, loaded):
    name, model, entry = loaded
    x = to_input(next(s.picture for s in samples() if s.name == "dog-1"))
    v8.set_input(x.numpy())
    v8.do("net.run()")
    before = v8.array("net.logits").copy()
    relus = [m for m in entry["graph"]["modules"] if "relu" in m.rpartition(".")[2]]
    edited = [stage["attention"] for stage in entry["stages"]]
    edited += [gate for stage in entry["stages"] for gate in stage["gates"]]
    for gate in edited:
        if gate.endswith("affinity"):
            v8.do(f"""net.setEdit('{gate}', {{
              apply(v, [, rows, n]) {{ for (let r = 0; r < rows; r++) {{
                const row = v.subarray(r * n, r * n + n), last = row[n - 1];
                row.copyWithin(1, 0, n - 1); row[0] = last; }} }}, back() {{}} }})""")
            edit = lambda v: v.roll(1, 2)  # noqa: E731
        else:
            v8.do(
                f"edit = new GateEdit(net.layer('{gate}').shape); edit.scale(0, 0.25);"
                f"edit.fix(2, 0.75); edit.scale(5, 0); net.setEdit('{gate}', edit)"
            )
            edit = by_sliders
        v8.do("net.run()")
        traced = trace(model, x, [*outputs(name), *relus], {gate: edit})
        near(v8.array("net.logits"), traced.logits, gate)
        for layer in outputs(name):
            near(
                v8.array(f"net.layer('{layer}').data"),
                traced.activations[layer],
                gate + layer,
            )
        if not gate.endswith("affinity"):  # the gradient at the input of the edit, and behind it
            gradients_near(v8, traced, name, gate)
        v8.do(f"net.setEdit('{gate}', null); net.run()")
        assert np.array_equal(v8.array("net.logits"), before), gate


def by_sliders(gate):
    """What the sliders of the test do to a gate (1, C, …) or (1, 1, H, W)."""
    shape = gate.shape if gate.shape[1] == 1 else (1, gate.shape[1], 1, 1)
    scale, fixed = torch.ones(shape), torch.zeros(shape)
    for slider, factor in ((0, 0.25), (2, 0), (5, 0)):
        scale.view(-1)[slider] = factor
    fixed.view(-1)[2] = 0.75
    # In the memory order of the gate: torch's batch norm, where the gradient comes in another
    # order than its input, gives the gradient of one channel to others.
    return gate * scale + fixed


def test_weights_travel_in_half_precision_only_where_nothing_is_lost():
    name = "cnn-se"
    model = model_of(name)
    parts = Parts()
    entry = network(model, ModelSpec("cnn", "se"), parts)
    assert entry["weights"]["fc1.weight"]["half"]  # as in the file
    assert not entry["weights"]["bn1.running_var"]["half"]
    model.fc1.weight[0, 0] = 1 / 3
    assert not network(model, ModelSpec("cnn", "se"), Parts())["weights"]["fc1.weight"]["half"]
    assert network(model, ModelSpec("cnn", "se"), Parts(), half=True)["weights"]["fc1.weight"][
        "half"
    ]


def test_what_lies_before_a_change_is_not_computed_again(v8):
    model, parts = model_of("cnn-se"), Parts()
    v8.open_bytes(parts.pack(network(model, ModelSpec("cnn", "se"), parts)), "simdKernels()")
    v8.set_input(to_input(samples()[0].picture).numpy())
    v8.do("net.run(); edit = new GateEdit(net.layer('attention2.gate').shape)")

    def runs():
        layers = "['attention1', 'attention2.gate', 'attention3']"
        return v8.array(f"Int32Array.from({layers}, (m) => net.layer(m).run)", "<i4").tolist()

    [first, *others] = runs()
    assert others == [first, first]
    v8.do("net.run()")  # nothing has changed
    assert runs() == [first] * 3
    v8.do("edit.scale(3, 0); net.setEdit('attention2.gate', edit); net.run()")
    assert runs() == [first, first + 1, first + 1]
