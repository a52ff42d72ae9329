import numpy as np
import pytest
import torch

from cnnattn.explain.inside import look_inside
from cnnattn.explain.trace import trace
from tests.explain.steps import network


def look(attention, stage=2):
    model, x = network(attention, seed=5), torch.randn(1, 3, 32, 32)
    inside = look_inside(model, x, f"relu{stage}", f"attention{stage}")
    maps = trace(model, x, [f"relu{stage}"]).activations[f"relu{stage}"].detach()
    np.testing.assert_array_equal(inside.before, maps[0])
    module = model.get_submodule(f"attention{stage}")
    np.testing.assert_allclose(inside.after, module(maps)[0], atol=1e-6)
    return inside, module, maps


@pytest.mark.parametrize("attention", ["se", "eca", "cbam", "spatial", "coordinate", "simam"])
def test_what_comes_out_is_what_went_in_times_the_gates(attention):
    inside, _module, _maps = look(attention)
    assert len(inside.gates) == (2 if attention == "cbam" else 1)
    product = inside.before.astype(np.float64)
    for gate in inside.gates.values():
        product = product * gate
    np.testing.assert_allclose(inside.after, product, rtol=1e-5, atol=1e-7)
    assert inside.places is None
    assert inside.added is None
    assert inside.affinity is None


def test_hidden_units_are_those_of_the_formula():
    inside, module, maps = look("se")
    expected = (module.gate.fc1.weight @ maps.mean((2, 3))[0]).clamp(min=0)
    np.testing.assert_allclose(inside.hidden, expected[None], atol=1e-6)
    assert look("eca")[0].hidden is None


def test_cbam_has_hidden_units_for_the_mean_and_for_the_maximum():
    inside, module, maps = look("cbam")
    squeezed = torch.stack([maps.mean((2, 3))[0], maps.amax((2, 3))[0]])  # (2, C)
    expected = (squeezed @ module.gate.fc1.weight.T).clamp(min=0)
    np.testing.assert_allclose(inside.hidden, expected, atol=1e-5)


def test_global_context_adds_the_same_to_every_place():
    inside, _module, _maps = look("gc")
    assert inside.gates == {}
    assert inside.places.shape == (16, 16)
    assert inside.places.sum() == pytest.approx(1, abs=1e-5)
    difference = inside.after - inside.before
    np.testing.assert_allclose(
        difference, np.broadcast_to(inside.added[:, None, None], difference.shape), atol=1e-5
    )


@pytest.mark.parametrize(("stage", "times"), [(1, 2), (2, 1)])
def test_affinity_is_sorted_by_row_and_column(stage, times):
    inside, module, maps = look("nonlocal", stage)
    raw = module.affinity(maps)[0]
    height, width = maps.shape[2:]
    assert inside.affinity.shape == (height, width, height // times, width // times)
    for row, column, to_row, to_column in [(0, 0, 0, 1), (3, 5, 2, 4), (15, 1, 7, 6)]:
        taken = raw[row * width + column, to_row * (width // times) + to_column]
        assert inside.affinity[row, column, to_row, to_column] == pytest.approx(float(taken))
    np.testing.assert_allclose(inside.affinity.sum((2, 3)), 1, atol=1e-5)


def test_a_network_without_attention_passes_its_maps():
    inside, _module, _maps = look("none")
    np.testing.assert_array_equal(inside.before, inside.after)
    assert inside.gates == {}
    assert inside.hidden is None
