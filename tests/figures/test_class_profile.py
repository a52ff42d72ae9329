import numpy as np
import pytest

from cnnattn.figures.attention.class_profile import (
    CLASS_COLOURS,
    ClassGates,
    class_profile,
    class_shares,
)
from cnnattn.figures.kit.palette import LINE

MEAN = np.random.default_rng(0).random((3, 4))
SPREAD = np.full((3, 4), 0.1)
GATES = ClassGates(["cat", "dog", "car"], [7, 5, 6, 4], MEAN, MEAN, SPREAD)


def test_the_colours_are_the_gates_in_the_given_order():
    figure = class_profile(GATES)
    heat = figure.data[0]
    np.testing.assert_allclose(heat.z, MEAN, rtol=1e-6)
    details = np.asarray(heat.customdata)
    np.testing.assert_allclose(details[2, :, 1], MEAN[2], atol=1e-5)
    assert details[0, :, 0].tolist() == [7, 5, 6, 4]
    assert list(figure.layout.yaxis2.ticktext) == ["cat", "dog", "car"]
    assert list(figure.layout.xaxis.ticktext) == ["7", "5", "6", "4"]


def test_chosen_classes_have_colours_and_a_band_all_others_are_grey():
    figure = class_profile(GATES, [2, 0])
    lines = [t for t in figure.data[1:] if t.mode == "lines"]
    bands = [t for t in figure.data[1:] if t.fill == "toself"]
    assert [t.line.color for t in lines] == [LINE, *CLASS_COLOURS[:2]]
    for line, row in zip(lines, [1, 2, 0], strict=True):
        np.testing.assert_allclose(line.y, MEAN[row], rtol=1e-6)
    assert [t.fillcolor for t in bands] == CLASS_COLOURS[:2]
    np.testing.assert_allclose(bands[0].y[:4], MEAN[2] + 0.1, rtol=1e-6)
    np.testing.assert_allclose(bands[0].y[4:][::-1], MEAN[2] - 0.1, rtol=1e-6)


def test_differences_have_colours_around_zero():
    apart = MEAN - MEAN.mean(0)
    figure = class_profile(ClassGates(GATES.names, GATES.channels, apart, MEAN, SPREAD, True))
    axis = figure.layout.coloraxis
    assert -axis.cmin == axis.cmax == pytest.approx(np.abs(apart).max())


def test_the_chosen_channel_is_framed_where_it_stands():
    places = [(s.x0, s.x1) for s in class_profile(GATES, selected=6).layout.shapes]
    assert places == [(1.5, 2.5)] * 2
    assert not class_profile(GATES, selected=1).layout.shapes


@pytest.mark.parametrize("width", [1040, 350])
def test_a_single_channel_is_a_point(width):
    one = ClassGates(["a", "b"], [0], MEAN[:2, :1], MEAN[:2, :1], SPREAD[:2, :1])
    figure = class_profile(one, [0], width=width)
    assert [t.mode for t in figure.data[1:]] == ["markers", "none", "markers"]


def test_shares_stand_above_their_bars_and_none_is_not_zero():
    figure = class_shares(["1", "2"], [0.25, np.nan], ["", ""], "#D55E00", selected=0)
    bars = figure.data[0]
    assert list(bars.y) == [0.25, 0]
    assert "25" in bars.text[0]
    assert bars.text[1] == "–"
    assert bars.marker.opacity[0] > bars.marker.opacity[1]
