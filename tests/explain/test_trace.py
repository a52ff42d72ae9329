import gc
import threading
import weakref
from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torchvision.models import googlenet, resnet18

from cnnattn.explain.trace import trace
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem


def network(arch="cnn", attention="se"):
    torch.manual_seed(1)
    return build(ModelSpec(arch, attention)).eval().requires_grad_(False)


def footprint(model):
    """All that a run might leave behind: hooks, flags, gradients, the tensors and their values."""
    return [
        (
            name,
            module.training,
            {key: list(value) for key, value in vars(module).items() if "hooks" in key},
            [
                (id(t), t.requires_grad, t.grad, hash(t.detach().numpy().tobytes()))
                for t in (*module.parameters(recurse=False), *module.buffers(recurse=False))
            ],
        )
        for name, module in model.named_modules()
    ]


@contextmanager
def untouched(model):
    before = footprint(model)
    assert not any(hooks for _, _, kinds, _ in before for hooks in kinds.values())
    yield
    assert footprint(model) == before


def test_captures_are_what_the_layers_return_step_by_step():
    model, x = network(), torch.randn(2, 3, 32, 32)
    conv = model.conv1(x)
    bn = model.bn1(conv)
    relu = bn.clamp(min=0)
    gate = model.attention1.gate(relu)
    expected = {
        "attention1": relu * gate,
        "conv1": conv,
        "attention1.gate": gate,
        "bn1": bn,
        "relu1": relu,
    }
    with untouched(model):
        traced = trace(model, x, expected)
    assert list(traced.activations) == list(expected)
    for layer in expected:
        assert torch.equal(traced.activations[layer], expected[layer]), layer
    assert torch.equal(traced.logits, model(x))


def test_eight_threads_on_one_model_never_mix_up_their_captures():
    model = network()
    pictures = torch.randn(160, 1, 3, 32, 32)
    layers = ["relu1", "attention2.gate", "attention3"]
    wrong, gate_off = [], {"attention1.gate": torch.zeros_like}
    start = threading.Barrier(8)

    def expected(x, edited):
        relu1 = model.relu1(model.bn1(model.conv1(x)))
        y = model.pool1(relu1 * 0 if edited else model.attention1(relu1))
        y = model.relu2(model.bn2(model.conv2(y)))
        gate2 = model.attention2.gate(y)
        y = model.pool2(y * gate2)
        return relu1, gate2, model.attention3(model.relu3(model.bn3(model.conv3(y))))

    def work(mine):
        start.wait()
        for i, x in enumerate(mine):
            edited = i % 2 == 1  # an edit in one thread must not be seen by another
            traced = trace(model, x, layers, gate_off if edited else {})
            truth = expected(x, edited)
            for layer, value in zip(layers, truth, strict=True):
                if not torch.allclose(traced.activations[layer], value, atol=1e-6):
                    wrong.append(layer)

    with untouched(model):
        threads = [threading.Thread(target=work, args=(pictures[i::8],)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


@pytest.mark.parametrize("build_model", [resnet18, lambda **k: googlenet(init_weights=False, **k)])
def test_in_place_operations_do_not_overwrite_any_capture(build_model):
    # resnet18 has in-place ReLU modules and `out += identity`; googlenet F.relu(x, inplace=True).
    torch.manual_seed(0)
    model = build_model(weights=None).eval()
    x = torch.randn(1, 3, 64, 64)
    truth, handles = {}, []
    for name, module in model.named_modules():  # copied at the very moment of the call
        keep = lambda m, i, o, name=name: truth.update({name: o.detach().clone()})  # noqa: E731
        handles.append(module.register_forward_hook(keep))
    logits = model(x)
    for handle in handles:
        handle.remove()
    with untouched(model):
        traced = trace(model, x, truth)
        torch.autograd.grad(traced.logits.sum(), list(traced.activations.values()))
    assert torch.equal(traced.logits, logits)
    for layer in truth:
        assert torch.equal(traced.activations[layer], truth[layer]), layer


def test_gradient_of_every_capture_with_frozen_parameters():
    # y = sum(3 relu(2 x)): dy/dconv = 3 where x > 0, dy/drelu = 3 everywhere, and no .grad.
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(inplace=True), nn.Flatten())
    model.append(nn.Linear(4, 1, bias=False)).eval().requires_grad_(False)
    model[0].weight.fill_(2)
    model[3].weight.fill_(3)
    x = torch.tensor([[[[1.0, -1.0], [-2.0, 4.0]]]])
    with untouched(model), torch.inference_mode():  # even where the caller has gradients off
        traced = trace(model, x, ["0", "1"])
    conv, relu = torch.autograd.grad(traced.logits.sum(), list(traced.activations.values()))
    assert conv.flatten().tolist() == [3, 0, 0, 3]
    assert relu.flatten().tolist() == [3, 3, 3, 3]
    assert traced.activations["0"].flatten().tolist() == [2, -2, -4, 8]
    assert not x.requires_grad


def test_a_network_may_work_in_place_on_its_input():
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten())
    x = torch.tensor([[-1.0, 2.0]])
    assert trace(model, x, []).logits.tolist() == [[0, 2]]
    assert x.tolist() == [[-1, 2]]


def test_a_model_in_training_is_run_as_for_prediction_and_left_in_training():
    model = network().train()
    x = torch.randn(4, 3, 32, 32)
    with untouched(model):  # running means included
        logits = trace(model, x, ["bn1"]).logits
    assert torch.equal(logits, model.eval()(x))


@pytest.mark.parametrize("arch", ["cnn", "resnet20"])
def test_all_ones_gates_are_the_network_without_attention(arch):
    model, plain = network(arch, "se"), network(arch, "none")
    plain.load_state_dict(model.state_dict(), strict=False)
    gates = [name for name, _ in model.named_modules() if name.endswith(".gate")]
    x = torch.randn(2, 3, 32, 32)
    logits = trace(model, x, [], dict.fromkeys(gates, torch.ones_like)).logits
    assert torch.equal(logits, plain(x))
    assert not torch.allclose(logits, model(x))


def test_identity_and_own_gate_change_nothing_to_the_last_bit():
    model, x = network("resnet20"), torch.randn(2, 3, 32, 32)
    names = [name for name, module in model.named_modules() if name and not list(module.children())]
    same = trace(model, x, [], dict.fromkeys(names, lambda output: output))
    assert torch.equal(same.logits, model(x))
    own = trace(model, x, ["stage2.1.attention.gate"]).activations
    borrowed = trace(model, x, [], {name: lambda _, g=g: g for name, g in own.items()})
    assert torch.equal(borrowed.logits, model(x))


def test_an_edited_layer_is_captured_as_edited_and_has_a_gradient():
    model, x = network(), torch.randn(1, 3, 32, 32)
    with torch.inference_mode():  # another picture's gate, from wherever
        constant = torch.rand(1, 64, 1, 1)

    def first_channel_off(output):  # in place, as a student writes it
        output[:, 0] = 0
        return output

    with untouched(model):
        edits = {"attention2.gate": lambda _: constant, "relu1": first_channel_off}
        traced = trace(model, x, ["bn1", "relu1", "relu2", "attention2.gate"], edits)
        gate = traced.activations["attention2.gate"]
        bn1 = traced.activations["bn1"]
        gradient, before = torch.autograd.grad(traced.logits[0, 3], (gate, bn1))
    assert not before[0, 0].any()  # what is off has no say, the other channels have
    assert before[0, 1:].any()
    relu1 = model.relu1(model.bn1(model.conv1(x)))
    relu1[:, 0] = 0
    relu2 = model.relu2(model.bn2(model.conv2(model.pool1(model.attention1(relu1)))))
    assert torch.equal(traced.activations["relu1"], relu1)
    assert torch.equal(traced.activations["relu2"], relu2)
    assert torch.equal(gate, constant)
    assert not constant.requires_grad

    free = constant.clone().requires_grad_()
    y = model.pool2(relu2 * free)
    y = model.pool3(model.attention3(model.relu3(model.bn3(model.conv3(y)))))
    logits = model.fc2(model.relu4(model.fc1(y.flatten(1))))
    torch.testing.assert_close(gradient, torch.autograd.grad(logits[0, 3], free)[0])


class Shared(nn.Module):
    """One ReLU run twice, one layer never run, one that returns two tensors."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.unused = nn.ReLU()
        self.pool = nn.MaxPool2d(1, return_indices=True)

    def forward(self, x):
        return self.pool(self.relu(self.relu(x) - 1))[0].flatten(1)


def test_of_a_layer_run_twice_the_last_output_is_kept_and_both_are_edited():
    x = torch.tensor([[[[-3.0, 0.5, 4.0]]]])
    traced = trace(Shared(), x, ["relu"])
    assert traced.activations["relu"].flatten().tolist() == [0, 0, 3]
    doubled = trace(Shared(), x, ["relu"], {"relu": lambda output: 2 * output})
    assert doubled.activations["relu"].flatten().tolist() == [0, 0, 14]  # 2 (2 · 4 - 1)
    assert doubled.logits.tolist() == [[0, 0, 14]]


def raises(output):
    raise RuntimeError("a broken edit")


@pytest.mark.parametrize(
    ("layers", "edits", "error", "words"),
    [
        (["rela"], {}, Problem, "no layer called “rela”; the nearest names are relu, "),
        ([], {"Pool": torch.zeros_like}, Problem, "nearest names are pool, "),
        (["unused"], {}, Problem, "“unused” took no part"),
        ([], {"unused": torch.zeros_like}, Problem, "“unused” took no part"),
        (["pool"], {}, Problem, "“pool” returns a tuple"),
        ([], {"relu": lambda output: None}, Problem, "it returned NoneType"),
        ([], {"relu": lambda output: output[0]}, Problem, r"\(1, 1, 1, 3\).* returned \(1, 1, 3\)"),
        (["relu"], {"relu": raises}, RuntimeError, "a broken edit"),
    ],
)
def test_failures_say_why_and_leave_nothing_behind(layers, edits, error, words):
    model = Shared()
    with untouched(model), pytest.raises(error, match=words):
        trace(model, torch.ones(1, 1, 1, 3), layers, edits)


def test_a_failing_forward_leaves_nothing_behind():
    model = network()
    with untouched(model), pytest.raises(RuntimeError):
        trace(model, torch.ones(1, 3, 30, 31), ["conv1"])


def test_a_network_that_returns_no_tensor_is_told_apart():
    with pytest.raises(Problem, match="returns a tuple"):
        trace(nn.MaxPool2d(1, return_indices=True), torch.ones(1, 1, 2, 2), [])


def test_a_dropped_trace_frees_its_maps_at_once():
    gc.disable()
    try:
        traced = trace(network(), torch.randn(1, 3, 32, 32), ["conv1"])
        alive = weakref.ref(traced.activations["conv1"])
        del traced
        assert alive() is None
    finally:
        gc.enable()


class Around(nn.Module):
    """Runs a network that it knows through a plain list, beside the tree of modules."""

    def __init__(self, network):
        super().__init__()
        self.network = [network]

    def forward(self, x):
        return self.network[0](x)


class Detour(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network, self.around = network, Around(network)

    def forward(self, x):
        return self.around(x)


def test_a_way_around_the_tree_of_modules_is_followed():
    torch.manual_seed(1)
    network = build(ModelSpec("cnn", "se")).eval()
    x = torch.randn(2, 3, 32, 32)
    expected = trace(network, x, ["conv2"], {"attention1.gate": torch.zeros_like})
    edits = {"network.attention1.gate": torch.zeros_like}
    got = trace(Detour(network).eval(), x, ["network.conv2"], edits)
    assert torch.equal(got.activations["network.conv2"], expected.activations["conv2"])
    assert torch.equal(got.logits, expected.logits)


def test_hooks_that_others_put_on_the_model_still_run_and_nothing_they_hold_is_copied():
    network = build(ModelSpec("cnn", "none")).eval()
    seen = []

    class Watcher:
        def __deepcopy__(self, memo):
            raise AssertionError

        def hook(self, module, inputs, output):
            seen.append(tuple(output.shape))

    network.relu1.register_forward_hook(Watcher().hook)
    network.conv2.register_forward_hook(Watcher().hook)
    trace(network, torch.randn(1, 3, 32, 32), ["conv2"])
    assert seen == [(1, 32, 32, 32), (1, 64, 16, 16)]
