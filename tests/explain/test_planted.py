"""On a network that looks for red, every map of the class must point at the red square."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnattn.explain.cam import CAMS, METHODS, heatmap
from tests.explain.planted import PATCH, SIDE, planted, red_finder

OF_NO_CLASS = {"eigen_cam", "top_channels", "attention"}
OF_THE_CLASS = [method for method in [*CAMS, *METHODS] if method not in OF_NO_CLASS]
corners = st.tuples(*[st.integers(0, SIDE - PATCH)] * 2)


def hit(cam: torch.Tensor, mask: np.ndarray) -> float:
    """Share of the map's greatest values (h, w), enlarged by whole factors, within the mask."""
    factor = SIDE // cam.shape[-1]
    large = np.kron(cam.numpy(), np.ones((factor, factor)))
    return mask[large == large.max()].mean()


@pytest.mark.parametrize("layer", ["1", "3"])
@pytest.mark.parametrize("method", OF_THE_CLASS)
@settings(max_examples=15, deadline=None)
@given(red=corners, green=corners)
def test_a_map_of_the_class_points_at_the_square_of_its_colour(method, layer, red, green):
    if max(abs(a - b) for a, b in zip(red, green, strict=True)) < 2 * PATCH:
        return  # they touch
    x, masks = planted(red, green)
    model = red_finder()
    for target, own in [(1, 0), (0, 1), ((1, 0), 0), ((0, 1), 1)]:
        cam = heatmap(model, x, target, layer, method)[0]
        if method == "saliency" and isinstance(target, tuple):
            continue  # it has no sign: both squares move the difference alike
        assert hit(cam, masks[own]) > 0.45, target  # a cell of layer 3 may reach over the edge


@pytest.mark.parametrize("method", ["eigen_cam", "top_channels"])
@given(red=corners)
def test_a_map_of_no_class_points_at_the_only_thing_there_is(method, red):
    x, [mask] = planted(red)
    assert hit(heatmap(red_finder(), x, 0, "1", method)[0], mask) == 1


def test_a_random_map_does_not():
    generator = torch.Generator().manual_seed(0)
    hits = [
        hit(torch.rand(16, 16, generator=generator), planted((r, c))[1][0])
        for r in range(0, 24, 3)
        for c in range(0, 24, 3)
    ]
    assert np.mean(hits) < 3 * (PATCH / SIDE) ** 2
