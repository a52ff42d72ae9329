import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchvision.models import googlenet

from cnnattn.explain.surgery import (
    ablate_each,
    borrowed,
    bypassed,
    confusions,
    in_turn,
    scaled,
    scaled_places,
    shuffled,
    skipped,
)
from cnnattn.explain.trace import trace
from cnnattn.problem import Problem
from tests.explain.steps import network


class OneMatters(nn.Module):
    """Three channels, twice, once and minus once the picture's mean; class 1 hears only the last.

    The scores are (5, channel 2's mean + 1), whatever channels 0 and 1 are.
    """

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 1, bias=False)
        self.fc = nn.Linear(3, 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([2.0, 1, -1])[:, None, None, None])
            self.fc.weight.copy_(torch.tensor([[0.0, 0, 0], [0, 0, 1]]))
            self.fc.bias.copy_(torch.tensor([5.0, 1]))

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


def test_ablation_finds_the_one_channel_that_matters():
    found = ablate_each(OneMatters(), torch.full((1, 1, 4, 4), 3.0), "conv")
    np.testing.assert_allclose(found.whole, [5, -2], rtol=1e-6)
    np.testing.assert_allclose(found.without, [[5, -2], [5, -2], [5, 1]], rtol=1e-6)
    # Without channel 2, class 1 rises from -2 to 1 and class 0 keeps its 5.
    np.testing.assert_allclose(found.loss(1, probability=False), [0, 0, -3], atol=1e-6)
    fall = 1 / (1 + np.exp(-7)) - 1 / (1 + np.exp(-4))
    np.testing.assert_allclose(found.loss(0), [0, 0, fall], atol=1e-7)


@pytest.mark.parametrize(
    ("model", "layer", "size"),
    [
        (network("se"), "attention2.gate", 32),
        (network("none"), "attention3", 32),
        (network("cbam"), "attention2.gate", 32),
        (network("nonlocal"), "attention3", 32),
        (network("se", "resnet20"), "stage3.1.attention.gate", 32),
        # Its branches are concatenated: the layer alone cannot make a batch of one picture.
        (googlenet(weights=None, init_weights=False).eval(), "inception3a.branch1.bn", 64),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ablation_is_that_of_a_plain_loop(model, layer, size):
    x = torch.randn(1, 3, size, size)
    found = ablate_each(model, x, layer, batch=48)
    with torch.no_grad():
        np.testing.assert_array_equal(found.whole, model(x)[0].numpy())
    channels = range(0, len(found.without), 7)
    loop = [trace(model, x, [], {layer: scaled({c: 0})}).logits[0].detach() for c in channels]
    assert len(loop) >= 3
    scale = np.abs(found.without).max()
    np.testing.assert_allclose(found.without[::7], torch.stack(loop), atol=1e-5 * scale)
    assert not any(module._forward_hooks for module in model.modules())


def test_ablation_leaves_no_trace_of_what_is_not_a_number():
    x = torch.full((1, 1, 4, 4), 3.0)
    model = OneMatters()
    with torch.no_grad():
        model.conv.weight[2] = torch.nan
    found = ablate_each(model, x, "conv")
    assert np.isnan(found.whole).any()
    np.testing.assert_allclose(found.without[2], [5, 1])


def test_positions_are_counted_row_by_row_and_alike_in_every_channel():
    values = torch.tensor([[1.0, 2, 3], [4, torch.inf, 6]]).expand(2, 2, 2, 3)
    edited = scaled_places({0: 10, 4: 0})(values)
    assert edited.tolist() == [[[[10, 2, 3], [4, 0, 6]]] * 2] * 2


def test_scaling_multiplies_the_named_channels_and_zero_is_zero():
    values = torch.tensor([[1.0, 2, torch.nan, 4]])[..., None, None]
    edited = scaled({1: 2.5, 2: 0})(values)
    assert edited.flatten().tolist() == [1, 5, 0, 4]
    assert values[0, 1] == 2  # its own argument stays
    with pytest.raises(Problem, match="no channel 4 here; this layer has the channels 0 to 3"):
        scaled({4: 1})(values)


@pytest.mark.parametrize("arch", ["cnn", "resnet20"])
def test_scaling_a_gate_scales_the_maps_behind_it(arch):
    model, x = network("se", arch), torch.randn(2, 3, 32, 32)
    layer = "attention2" if arch == "cnn" else "stage2.2.attention"
    at_gate = trace(model, x, [layer], {layer + ".gate": scaled({3: 0.5, 7: 0})})
    at_maps = trace(model, x, [layer], {layer: scaled({3: 0.5, 7: 0})})
    torch.testing.assert_close(at_gate.activations[layer], at_maps.activations[layer])
    torch.testing.assert_close(at_gate.logits, at_maps.logits)


class Gated(nn.Module):
    """x * gate(x), with the gate of one's choice."""

    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def forward(self, x):
        return (x * self.gate(x)).mean((2, 3))


class Ones(nn.Module):
    def forward(self, x):
        return torch.ones_like(x[:, :, :1, :1])


def test_bypass_is_the_identity_where_the_gates_are_1_and_makes_it_so_elsewhere():
    x = torch.randn(3, 5, 4, 4)
    plain = Gated(Ones())
    assert torch.equal(trace(plain, x, [], {"gate": bypassed}).logits, plain(x))
    open_gate = trace(Gated(nn.Sigmoid()), x, [], {"gate": bypassed}).logits
    assert torch.equal(open_gate, x.mean((2, 3)))


@pytest.mark.parametrize("attention", ["se", "cbam", "coordinate", "gc", "nonlocal"])
def test_a_skipped_module_passes_its_input_to_the_last_bit(attention):
    model, x = network(attention), torch.randn(2, 3, 32, 32)
    assert not torch.equal(trace(model, x, []).logits, trace(model, x, [], skip()).logits)
    traced = trace(model, x, ["relu2", "attention2"], skip())
    assert torch.equal(traced.activations["attention2"], traced.activations["relu2"])


def skip():
    return skipped("relu2", "attention2")


@pytest.mark.parametrize("attention", ["se", "eca", "cbam", "spatial", "coordinate", "simam"])
def test_a_picture_s_own_gates_change_nothing_and_another_s_do(attention):
    model, name = network(attention), "attention2.gate"
    one, other = torch.randn(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    own = trace(model, one, [name])
    again = trace(model, one, [name], {name: borrowed(own.activations[name].detach())})
    assert torch.equal(again.logits, own.logits)
    foreign = trace(model, other, [name]).activations[name].detach()
    changed = trace(model, one, [name], {name: borrowed(foreign)})
    assert torch.equal(changed.activations[name], foreign)
    assert not torch.equal(changed.logits, own.logits)


def test_borrowed_gates_serve_every_picture_of_a_batch():
    gate = torch.rand(1, 4, 1, 1)
    assert torch.equal(borrowed(gate)(torch.rand(3, 4, 1, 1)), gate.repeat(3, 1, 1, 1))


@given(st.sampled_from([(2, 6, 1, 1), (2, 1, 3, 4), (2, 5, 2, 2)]), st.integers(0, 2**32 - 1))
def test_shuffling_is_one_permutation_for_all_pictures(shape, seed):
    gate = torch.arange(float(np.prod(shape))).reshape(shape)
    edited = shuffled(seed)(gate)
    assert torch.equal(edited, shuffled(seed)(gate))
    whole_channels = shape[1] > 1
    pair = (gate[0], edited[0]) if whole_channels else (gate[0].flatten(), edited[0].flatten())
    own, moved = ([tuple(unit.flatten().tolist()) for unit in side] for side in pair)
    assert sorted(own) == sorted(moved)
    assert torch.equal(edited[1] - edited[0], torch.full(shape[1:], float(gate[0].numel())))


def test_different_seeds_shuffle_differently():
    gate = torch.rand(1, 64, 1, 1)
    assert not torch.equal(shuffled(0)(gate), shuffled(1)(gate))


def test_edits_in_turn():
    edit = in_turn(bypassed, scaled({0: 3}), scaled({0: 2}))
    assert edit(torch.rand(1, 2, 1, 1)).flatten().tolist() == [6, 1]


def test_confusions_before_and_after_are_those_of_a_plain_loop():
    model = network("se")
    x, labels = torch.randn(23, 3, 32, 32), torch.randint(0, 10, (23,))
    edits = {"attention3.gate": scaled(dict.fromkeys(range(0, 128, 3), 90))}
    batches = [(x[i : i + 5], labels[i : i + 5]) for i in range(0, 23, 5)]
    steps = confusions(model, batches, 10, edits)
    seen = []
    try:
        while True:
            seen.append(next(steps))
    except StopIteration as end:
        found = end.value
    assert seen == [5, 10, 15, 20, 23]
    expected = {name: np.zeros((10, 10), int) for name in ("before", "after")}
    for picture, label in zip(x, labels, strict=True):
        for name, change in (("before", {}), ("after", edits)):
            said = trace(model, picture[None], [], change).logits.argmax()
            expected[name][label, said] += 1
    assert (expected["before"] != expected["after"]).any()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
