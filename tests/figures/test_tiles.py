"""Where every pixel of a mosaic lies, and what value its level stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnattn.figures.kit.tiles import (
    Mosaic,
    Scale,
    colour_axis,
    grid_shape,
    heat_trace,
    largest_tiles,
    lay,
    marker_trace,
    mosaic,
    ruler,
    scale_of,
    scales_of,
)


@pytest.mark.parametrize(
    ("count", "shape"),
    [(1, (1, 1)), (8, (2, 4)), (10, (2, 5)), (32, (4, 8)), (64, (4, 16)), (128, (8, 16))],
)
def test_full_grids_are_two_to_four_times_as_wide_as_high(count, shape):
    assert grid_shape(count) == shape


@given(st.integers(2, 600))
def test_a_grid_has_room_for_all_tiles_and_no_empty_row(count):
    rows, columns = grid_shape(count)
    assert (rows - 1) * columns < count <= rows * columns
    assert columns >= rows


@pytest.mark.parametrize("count", [13, 31, 61, 127])
def test_prime_counts_do_not_become_one_long_row(count):
    rows, columns = grid_shape(count)
    assert 1.4 <= columns / rows <= 4
    assert rows * columns - count <= max(2, 0.1 * count)


def sample(drawing: Mosaic, x: float, y: float) -> int:
    """The sample that a browser draws at (x, y): of an even grid, the nearest."""
    trace = heat_trace(drawing, "", "coloraxis")
    column = round((x - trace["x0"]) / trace["dx"])
    return drawing.picture[round((y - trace["y0"]) / trace["dy"]), column]


@given(
    st.integers(1, 20),
    st.sampled_from([(1, 1), (3, 3), (5, 7), (7, 7), (8, 8), (14, 14), (16, 12), (32, 32)]),
    st.randoms(use_true_random=False),
)
def test_pixel_r_c_of_channel_k_lies_at_its_place(count, size, random):
    height, width = size
    maps = np.arange(count * height * width).reshape(count, height, width)
    maps = (maps % 255 + 1).astype(np.uint8)
    shape = grid_shape(count)
    drawing = mosaic(maps, shape)
    x, y = drawing.centres(count)
    for _ in range(10):
        k, r, c = random.randrange(count), random.randrange(height), random.randrange(width)
        left, top = x[k] - width / 2, y[k] - height / 2
        assert sample(drawing, left + c + 0.5, top + r + 0.5) == maps[k, r, c]


def test_tiles_go_row_by_row_and_gaps_and_missing_tiles_are_clear():
    tiles = np.array([10, 20, 30, 40, 50], np.uint8)[:, None, None] * np.ones((2, 2), np.uint8)
    drawing = mosaic(tiles, (2, 3))
    # 2 pixels are drawn 8 times each, and a gap of one sample follows.
    assert drawing.picture.shape == (16 + 1 + 16, 16 + 1 + 16 + 1 + 16)
    corners = drawing.picture[::17, ::17]
    assert corners.tolist() == [[10, 20, 30], [40, 50, 0]]
    assert not drawing.picture[16].any()
    assert not drawing.picture[:, [16, 33]].any()
    x, y = drawing.centres(5)
    assert x.tolist() == [1, 3.125, 5.25, 1, 3.125]
    assert y.tolist() == [1, 1, 1, 3.125, 3.125]


def test_smooth_tiles_are_bilinear_inside_and_do_not_leak_into_the_gap():
    line = ruler([0, 5], 4, smooth=True)
    values = np.array([[10.0, 50, 20, 90], [40, 60, 60, 80]])
    drawing = lay(values[:, None, :], ruler([0], 1, smooth=True), line)
    row = drawing.picture[2]

    def shown(x):  # Plotly draws straight lines between neighbouring samples
        return np.interp(x, line.at, row)

    np.testing.assert_allclose(shown([0.5, 1.5, 2.5, 3.5]), values[0])
    np.testing.assert_allclose(shown([5.5, 6.5, 7.5, 8.5]), values[1])
    np.testing.assert_allclose(shown([1.0, 3.25]), [30, 72.5])
    np.testing.assert_allclose(shown([0, 0.2, 3.9, 4]), [10, 10, 90, 90], atol=1e-9)
    np.testing.assert_allclose(shown([4.01, 4.5, 4.99]), 0)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=50))
def test_a_level_is_off_by_at_most_half_a_level(numbers):
    values = np.array(numbers)
    scale = scale_of([values])
    levels = scale.levels(values)
    assert levels.min() >= 1
    half = (scale.high - scale.low) / 254 / 2
    back = scale.low + (levels.astype(float) - 1) / 254 * (scale.high - scale.low)
    assert np.abs(back - values).max() <= half * (1 + 1e-6) + 1e-9
    np.testing.assert_allclose([scale.level(v) for v in back], levels, atol=1e-6)


def test_scales_of_magnitudes_are_the_least_and_greatest_values_of_all():
    a, b = np.array([[0.5, 2.0]]), np.array([[1.0, 7.0]])
    assert scales_of([a, b], shared=True) == [Scale(0.5, 7.0, False)] * 2
    assert scales_of([a, b], shared=False) == [Scale(0.5, 2.0, False), Scale(1.0, 7.0, False)]


def test_one_value_below_zero_makes_every_scale_symmetric_around_zero():
    a, b = np.array([0.5, 2.0]), np.array([-3.0, 1.0])
    assert scales_of([a, b], shared=True) == [Scale(-3.0, 3.0, True)] * 2
    assert scales_of([a, b], shared=False) == [Scale(-2.0, 2.0, True), Scale(-3.0, 3.0, True)]
    assert Scale(-3.0, 3.0, True).levels(np.zeros(1))[0] == 128  # the middle of 1…255


def test_what_is_not_finite_becomes_a_gap_and_does_not_stretch_the_scale():
    values = np.array([0.0, np.nan, 4.0, np.inf])
    scale = scale_of([values])
    assert (scale.low, scale.high) == (0, 4)
    assert scale.levels(values).tolist() == [1, 0, 255, 0]


def test_a_constant_map_has_one_level_and_one_tick():
    scale = scale_of([np.full((2, 3), 0.25)])
    assert set(scale.levels(np.full((2, 3), 0.25)).ravel()) == {1}
    assert scale.ticks() == ([0.25], ["0.25"])


def test_a_percentile_ends_the_scale_and_says_so():
    values = np.concatenate([np.linspace(0, 1, 999), [50.0]])
    scale = scale_of([values], percentile=99)
    assert scale.high == pytest.approx(np.percentile(values, 99))
    assert scale.levels(np.array([50.0]))[0] == 255
    assert scale.ticks()[1][-1] == "≥ 0.99"
    assert not scale_of([values]).clipped


def test_a_percentile_of_nothing_but_zeros_does_not_flatten_the_rest():
    scale = scale_of([np.array([0.0] * 99 + [2.0])], percentile=90)
    assert (scale.low, scale.high, scale.clipped) == (0, 2, False)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_tick_texts_are_the_values_they_stand_at(low, span):
    scale = Scale(low, low + span, False)
    values, texts = scale.ticks()
    assert 1 <= len(values) <= 7
    assert (values[0], values[-1]) == (scale.low, scale.high)
    assert values == sorted(set(values))
    most = max(map(abs, values))
    for value, text in zip(values, texts, strict=True):
        rounded = 6e-3 if value in (scale.low, scale.high) else 6e-4
        assert abs(float(text) - value) <= rounded * most + 1e-9


@given(st.floats(1e-3, 1e3), st.integers(2, 5), st.booleans())
def test_a_colour_bar_of_signed_values_tells_how_far_it_goes(high, count, clipped):
    """Even with room for two ticks, of which a round step could leave only 0."""
    values, texts = Scale(-high, high, True, clipped).ticks(count)
    assert len(set(texts)) == len(values) >= (2 if clipped else 3)
    assert sorted(values) == sorted(-value for value in values)
    assert max(values) >= high / 2.5
    assert all(abs(value) <= high * (1 + 1e-9) for value in values)
    assert any(text.startswith("≥") for text in texts) == clipped


def test_two_ticks_on_a_symmetric_range_by_hand():
    assert Scale(-1.3, 1.3, True).ticks(2) == ([-1.3, 0.0, 1.3], ["-1.3", "0", "1.3"])
    assert Scale(-2.0, 2.0, True).ticks(2) == ([-2.0, 0.0, 2.0], ["-2", "0", "2"])
    assert Scale(0.3, 1.9, False).ticks(2) == ([0.3, 1.9], ["0.3", "1.9"])


def test_the_greatest_value_of_a_map_is_marked():
    assert Scale(0, 1.739, False).ticks() == ([0, 0.5, 1, 1.739], ["0", "0.5", "1", "1.74"])
    assert Scale(0, 3.617, False, clipped=True).ticks()[1] == ["0", "1", "2", "≥ 3.6"]


def test_markers_answer_for_their_tile_and_stay_unseen_when_chosen():
    trace = marker_trace([1, 2], [3, 4], [7, 9], ["a", "b"], "2", "#123456")
    assert trace["customdata"] == [7, 9]
    assert trace["marker"]["opacity"] == 0
    assert trace["selected"] == trace["unselected"] == {"marker": {"opacity": 0}}


@pytest.mark.parametrize(
    ("count", "width", "height", "shape"),
    [
        (32, 466, 140, (3, 11)),  # 3 rows: 46 high, 42 wide; 4 rows: 35 high
        (4, 100, 100, (2, 2)),
        (5, 1000, 10, (1, 5)),
    ],
)
def test_largest_tiles_by_hand(count, width, height, shape):
    assert largest_tiles(count, width, height) == shape


@pytest.mark.parametrize("value", [0.0, 2.5, -1.0])
def test_a_map_of_one_value_is_drawn_in_the_lowest_colour(value):
    axis = colour_axis(scale_of([np.full((2, 2), value)], signed=False), levels=False)
    assert (axis["cmin"], axis["cmax"] > axis["cmin"]) == (value, True)
