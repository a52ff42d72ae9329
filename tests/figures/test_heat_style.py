"""The one look of heat maps: what is drawn of the values, and how solid it lies on the picture."""

import numpy as np
import pytest

from cnnattn.figures.heat.style import heat_colours, heat_layer, heat_veil, largest_value, share

CAM = np.array([[4.0, -8.0], [1.0, 0.0]])


def at(scale, position):
    """Red, green, blue and alpha of a mark of a scale."""
    [colour] = [colour for mark, colour in scale if mark == position]
    return [float(part) for part in colour[5:-1].split(",")]


def test_a_map_is_clear_at_nothing_and_nearly_solid_and_bright_at_its_most():
    scale = heat_colours()
    assert at(scale, 0) == [0, 0, 4, 0]  # the picture alone
    # Half of the limit is 5/6 of the way to 0.6, where a map is as solid as it gets.
    assert at(scale, 0.5) == [0xBC, 0x37, 0x54, 0.75]
    assert at(scale, 0.6)[3] == 0.9
    assert at(scale, 1) == [0xFC, 0xFF, 0xA4, 0.9]


def test_a_signed_map_is_clear_in_the_middle_blue_below_and_red_above():
    scale = heat_colours(signed=True)
    assert at(scale, 0) == [0x05, 0x30, 0x61, 0.9]
    assert at(scale, 0.5) == [0xF7, 0xF7, 0xF7, 0]
    assert at(scale, 1) == [0x67, 0x00, 0x1F, 0.9]
    # 0.4 of the limit on either side is two thirds of the way to 0.6.
    assert at(scale, 0.3)[3] == at(scale, 0.7)[3] == 0.6


def test_live_draws_the_same_veil():
    scale = heat_colours()
    assert np.allclose([at(scale, mark) for mark, _colour in scale], heat_veil(), atol=0.005)


def test_strength_is_the_largest_alpha():
    assert max(at([mark], mark[0])[3] for mark in heat_colours(strength=0.4)) == 0.4
    assert not any(at([mark], mark[0])[3] for mark in heat_colours(signed=True, strength=0))


def test_what_is_drawn_is_the_share_of_the_limit():
    assert share(CAM, signed=False).tolist() == [[1, 0], [0.25, 0]]
    assert share(CAM, signed=True).tolist() == [[0.5, -1], [0.125, 0]]
    assert share(-CAM, signed=True).min() == -0.5
    # A limit that other maps share: what is beyond it is clipped.
    assert share(CAM, signed=False, limit=8).tolist() == [[0.5, 0], [0.125, 0]]
    assert share(CAM, signed=True, limit=2).tolist() == [[1, -1], [0.5, 0]]


@pytest.mark.parametrize("values", [np.zeros((2, 2)), -np.ones((2, 2)), np.full((2, 2), np.nan)])
def test_a_map_that_shows_nothing_is_drawn_as_nothing(values):
    assert not share(values, signed=False).any()


def test_the_true_values_stay_under_the_pointer():
    trace = heat_layer(CAM, "", 3, 5, (4, 2))
    assert trace["customdata"].tolist() == CAM.tolist()
    assert (trace["x0"], trace["dx"], trace["y0"], trace["dy"]) == (4, 2, 5.5, 1)


def test_a_percentile_ends_the_scale_of_maps_in_which_single_pixels_stand_out():
    cam = np.array([[-1.0, 2.0], [3.0, -100.0]])
    assert largest_value(cam, signed=True) == 100
    assert largest_value(cam, signed=False) == 3
    assert largest_value(cam, signed=True, percentile=50) == 2.5
    assert largest_value(np.array([[0.0, 0, 0, 7]]), signed=False, percentile=50) == 7
