"""Every module against an independent implementation or its paper's formula, in float64."""

import math

import pytest
import timm.layers as timm
import torch
from timm.layers.cbam import CbamModule, SpatialAttn
from timm.layers.coord_attn import CoordAttn
from torch import nn
from torchvision.ops import SqueezeExcitation as TorchvisionSE

from cnnattn.explain.gates import gate_names
from cnnattn.explain.trace import trace
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import (
    ATTENTION,
    Affinity,
    NonLocal,
    SimAM,
    SqueezeExcitation,
    subsampled,
)
from cnnattn.nets.models import ModelSpec, build

CHANNELS = [16, 32, 64, 128]


def restless(module: nn.Module, seed: int) -> nn.Module:
    """The module in float64, every parameter and running statistic far from its initial value."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1)
        for name, tensor in module.named_parameters():
            if "bn" not in name:
                tensor.sub_(0.6)
    return module.double()


def copied(ours: nn.Module, theirs: nn.Module, names: dict[str, str]) -> nn.Module:
    """``theirs`` with the parameters and buffers of ours; ``names`` maps modules to theirs."""
    theirs = theirs.double().train(ours.training)
    state = {name: torch.zeros_like(value) for name, value in theirs.state_dict().items()}
    for name, value in ours.state_dict().items():
        module, _dot, kind = name.rpartition(".")
        other = f"{names[module]}.{kind}"
        state[other] = value.reshape(state[other].shape)
    theirs.load_state_dict(state)
    return theirs


def assert_alike(ours, theirs, x: torch.Tensor) -> None:
    """Outputs and gradients (of the input and of every parameter of ours) are the same to 1e-5.

    ``theirs`` is called with x; its gradients reach our parameters, or a copy's in our order.
    """
    a, b = (x.clone().requires_grad_() for _ in range(2))
    y, z = ours(a), theirs(b)
    torch.testing.assert_close(y, z, rtol=1e-5, atol=1e-10)
    direction = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).reshape(y.shape)
    mine = list(ours.parameters())
    other = list(theirs.parameters()) if isinstance(theirs, nn.Module) else mine
    other = [p for p in other if p.requires_grad]
    got = torch.autograd.grad((y * direction).sum(), [a, *mine])
    expected = torch.autograd.grad((z * direction).sum(), [b, *other])
    torch.testing.assert_close(got[0], expected[0], rtol=1e-5, atol=1e-9)
    for parameter in got[1:]:  # theirs may be registered in another order
        assert any(
            parameter.numel() == e.numel()
            and torch.allclose(parameter.flatten(), e.flatten(), rtol=1e-5, atol=1e-9)
            for e in expected[1:]
        )
    assert len(got) == len(expected)
    assert any(g.abs().max() > 1e-6 for g in got[1:]) or not mine


def picture(channels: int, height: int = 7, width: int = 5) -> torch.Tensor:
    generator = torch.Generator().manual_seed(channels)
    return torch.randn(3, channels, height, width, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("channels", CHANNELS)
def test_se_equals_torchvisions_with_the_same_weights(channels):
    ours = restless(SqueezeExcitation(channels), channels)
    theirs = TorchvisionSE(channels, max(1, channels // 16))
    copied(ours, theirs, {"gate.fc1": "fc1", "gate.fc2": "fc2"})
    theirs.fc1.bias.requires_grad_(False)  # zero: ours has none
    theirs.fc2.bias.requires_grad_(False)
    assert_alike(ours, theirs, picture(channels))


def test_se_by_hand():
    """Two channels, one hidden unit: s = (1, 3), h = relu(2·1 - 0.5·3) = 0.5, g = σ(±0.5)."""
    se = SqueezeExcitation(2, reduction=2)
    with torch.no_grad():
        se.gate.fc1.weight.copy_(torch.tensor([[2.0, -0.5]]))
        se.gate.fc2.weight.copy_(torch.tensor([[1.0], [-1.0]]))
    x = torch.tensor([[[[0.0, 2.0]], [[3.0, 3.0]]]])  # (1, 2, 1, 2), means 1 and 3
    up, down = 0.6224593, 0.3775407  # sigmoid(0.5), sigmoid(-0.5)
    torch.testing.assert_close(se.gate(x).flatten(), torch.tensor([up, down]))
    torch.testing.assert_close(se(x), torch.tensor([[[[0, 2 * up]], [[3 * down, 3 * down]]]]))


@pytest.mark.parametrize("channels", CHANNELS)
def test_eca_equals_timms(channels):
    ours = restless(ATTENTION["eca"](channels), channels)
    theirs = copied(ours, timm.EcaModule(channels), {"gate.conv": "conv"})
    assert_alike(ours, theirs, picture(channels))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", CHANNELS)
def test_cbam_and_its_spatial_half_equal_timms(channels, training):
    spatial = {"gate.conv": "conv.conv", "gate.bn": "conv.bn"}
    both = {"gate.fc1": "channel.fc1", "gate.fc2": "channel.fc2"}
    both |= {f"spatial.{name}": f"spatial.{other}" for name, other in spatial.items()}
    for kind, theirs, names in (
        ("cbam", CbamModule(channels, spatial_kernel_size=7), both),
        ("spatial", SpatialAttn(7), spatial),
    ):
        ours = restless(ATTENTION[kind](channels), channels).train(training)
        assert_alike(ours, copied(ours, theirs, names), picture(channels))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", CHANNELS)
def test_coordinate_attention_equals_timms(channels, training):
    ours = restless(ATTENTION["coordinate"](channels), channels).train(training)
    theirs = CoordAttn(channels, rd_channels=8, bias=True)
    names = {"conv": "conv1", "bn": "bn1", "rows.0": "conv_h", "columns.0": "conv_w"}
    copied(ours, theirs, {f"gate.{name}": other for name, other in names.items()})
    theirs.conv1.bias.requires_grad_(False)  # zero: ours has none before the batch norm
    assert_alike(ours, theirs, picture(channels))


def test_simam_is_the_papers_minimal_energy():
    """Yang et al. 2021, equation 5: e* = 4 (σ² + λ) / ((t - μ)² + 2σ² + 2λ), gate = σ(1 / e*).

    As in the paper's code, the variance divides by the number of other pixels.
    """

    def formula(x):
        y = torch.empty_like(x)
        for n in range(len(x)):
            for c in range(x.shape[1]):
                t = x[n, c]
                variance, decay = t.var(unbiased=True), 1e-4
                energy = 4 * (variance + decay) / ((t - t.mean()) ** 2 + 2 * variance + 2 * decay)
                y[n, c] = t * torch.sigmoid(1 / energy)
        return y

    assert_alike(SimAM(16), formula, picture(16))


@pytest.mark.parametrize("channels", CHANNELS)
def test_gc_equals_timms(channels):
    ours = restless(ATTENTION["gc"](channels), channels)
    theirs = timm.GlobalContext(channels, fuse_add=True, fuse_scale=False, rd_channels=8)
    theirs.mlp_add.norm.eps = ours.transform[1].eps
    names = {"places.conv": "conv_attn"}
    names |= {f"transform.{i}": f"mlp_add.{n}" for i, n in ((0, "fc1"), (1, "norm"), (3, "fc2"))}
    assert_alike(ours, copied(ours, theirs, names), picture(channels))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", CHANNELS)
def test_non_local_equals_timms_on_maps_that_are_not_subsampled(channels, training):
    ours = restless(ATTENTION["nonlocal"](channels), channels).train(training)
    theirs = timm.NonLocalAttn(channels, use_scale=False, rd_channels=channels // 2)
    names = {"affinity.theta": "t", "affinity.phi": "p", "g": "g", "wz": "z", "bn": "norm"}
    copied(ours, theirs, names)
    theirs.z.bias.requires_grad_(False)  # zero: ours has none before the batch norm
    assert_alike(ours, theirs, picture(channels))


def test_non_local_on_a_large_map_is_the_papers_formula_with_subsampling():
    """y_i = Σ_j exp(θ_i · φ_j) g_j / Σ_j exp(θ_i · φ_j), φ and g after a 2×2 max pooling."""
    ours = restless(NonLocal(4), 0).eval()

    def per_pixel(conv, x):
        bias = 0 if conv.bias is None else conv.bias[:, None, None]
        return torch.einsum("oi,nihw->nohw", conv.weight[:, :, 0, 0], x) + bias

    def pooled(x):  # the largest of every 2×2
        return x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))

    def formula(x):
        theta, phi = per_pixel(ours.affinity.theta, x), pooled(per_pixel(ours.affinity.phi, x))
        weight = torch.einsum("nchw,ncij->nhwij", theta, phi).exp()
        value = pooled(per_pixel(ours.g, x))
        y = torch.einsum("nhwij,ncij->nchw", weight, value) / weight.sum((3, 4))[:, None]
        z = per_pixel(ours.wz, y)
        mean, deviation = ours.bn.running_mean, (ours.bn.running_var + ours.bn.eps).sqrt()
        z = (z - mean[:, None, None]) / deviation[:, None, None]
        return x + z * ours.bn.weight[:, None, None] + ours.bn.bias[:, None, None]

    assert_alike(ours, formula, picture(4, 16, 18))


def test_affinity_rows_are_weights_over_all_or_a_quarter_of_the_places():
    affinity = Affinity(16, 8)
    for side, others in ((8, 64), (16, 256), (32, 256)):
        weights = affinity(torch.randn(2, 16, side, side))
        assert weights.shape == (2, side * side, others)
        torch.testing.assert_close(weights.sum(2), torch.ones(2, side * side))
    x = torch.arange(18 * 18.0).reshape(1, 1, 18, 18)
    assert torch.equal(subsampled(x)[0, 0, 0, :2], torch.tensor([19.0, 21.0]))


@pytest.mark.parametrize("channels", CHANNELS)
def test_parameter_counts_by_hand(channels):
    c, r = channels, channels // 16
    counts = {
        "none": 0,
        "se": 2 * c * r,
        "eca": {16: 3, 32: 3, 64: 3, 128: 5}[c],
        "spatial": 2 * 7 * 7 + 2,  # a kernel over mean and maximum, batch norm
        "cbam": 2 * c * r + 100,
        "coordinate": 8 * c + 2 * 8 + 2 * (8 * c + c),
        "simam": 0,
        "gc": (c + 1) + (8 * c + 8) + 2 * 8 + (8 * c + c),
        "nonlocal": 3 * (c * c // 2 + c // 2) + c * c // 2 + 2 * c,
    }
    assert counts.keys() == ATTENTION.keys()
    for kind, count in counts.items():
        assert sum(p.numel() for p in ATTENTION[kind](c).parameters()) == count, kind


def test_none_changes_nothing():
    x = torch.randn(2, 4, 3, 3)
    assert ATTENTION["none"](4)(x) is x


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("kind", ["gc", "nonlocal"])
def test_what_adds_begins_as_the_identity_in_both_networks(arch, kind):
    plain, model = build(ModelSpec(arch)).eval(), build(ModelSpec(arch, kind)).eval()
    model.load_state_dict(plain.state_dict(), strict=False)
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(x), plain(x), rtol=0, atol=0)


MULTIPLIERS = [kind for kind in ATTENTION if kind not in ("none", "gc", "nonlocal")]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("kind", MULTIPLIERS)
def test_gates_are_read_in_0_to_1_and_multiply_in_both_networks(arch, kind):
    torch.manual_seed(0)
    model = build(ModelSpec(arch, kind))
    x = torch.randn(2, 3, 32, 32)
    model(x).logsumexp(1).sum().backward()  # in training mode
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    names = gate_names(model)
    for stage in ARCHITECTURES[arch].stages:
        attention = stage.layers["attention"]
        before = {"cnn": f"relu{stage.name}", "resnet20": f"stage{stage.name}.2.bn2"}[arch]
        gates = [name for name in names if name.startswith(attention)]
        assert stage.gate == gates[0]  # of CBAM, the channel gate
        found = trace(model, x, [before, attention, *gates]).activations
        product = math.prod(found[gate] for gate in gates)
        assert all(((found[gate] >= 0) & (found[gate] <= 1)).all() for gate in gates)
        torch.testing.assert_close(found[attention], found[before] * product)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_adds_is_read_in_both_networks(arch):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 32, 32)
    for kind, inner in (("gc", ("places", "transform")), ("nonlocal", ("affinity", "bn"))):
        model = restless(build(ModelSpec(arch, kind)), 0).float()
        model(x).logsumexp(1).sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
        assert gate_names(model) == ()
        for stage in ARCHITECTURES[arch].stages:
            attention = stage.layers["attention"]
            before = {"cnn": f"relu{stage.name}", "resnet20": f"stage{stage.name}.2.bn2"}[arch]
            names = [f"{attention}.{name}" for name in inner]
            found = trace(model, x, [before, attention, *names]).activations
            weights, added = (found[name] for name in names)
            over = (2, 3) if kind == "gc" else 2
            torch.testing.assert_close(weights.sum(over), torch.ones_like(weights.sum(over)))
            added = added[:, :, None, None] if kind == "gc" else added
            torch.testing.assert_close(found[attention], found[before] + added)
