import numpy as np
import pytest

from cnnattn.figures.attention.steps import Bars, Maps, Places, square_shape
from cnnattn.figures.attention.way import way
from cnnattn.figures.kit.palette import LINE
from cnnattn.figures.kit.tiles import Scale

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (32, 32, 3), dtype=np.uint8)
BEFORE = RANDOM.random((5, 4, 4))
GATES = RANDOM.random(5)
NAMES = [f"channel {c}" for c in range(5)]


def maps(values, **rest):
    return Maps("", "", values, range(len(values)), NAMES[: len(values)], **rest)


def steps():
    squeeze = Bars("", "", BEFORE.mean((1, 2))[None], NAMES, "#D55E00")
    hidden = Bars("", "", np.array([[1.0, 2], [3, 4]]), ["a", "b"], "#D55E00", channels=False)
    gate = Bars("", "", GATES[None], NAMES, "#D55E00", (0.0, 1.0), mark=GATES.mean())
    return [maps(BEFORE), squeeze, hidden, gate, maps(BEFORE * GATES[:, None, None])]


def traces(figure, kind):
    return [trace for trace in figure.data if trace.type == kind]


@pytest.mark.parametrize("width", [1040, 350])
def test_maps_before_and_after_share_their_colours_and_one_bar(width):
    figure = way(steps(), percentile=100, width=width)
    before, after = traces(figure, "heatmap")
    assert before.coloraxis == after.coloraxis == "coloraxis"
    bars = [key for key in figure.to_dict()["layout"] if key.startswith("coloraxis")]
    assert bars == ["coloraxis"]
    after_maps = BEFORE * GATES[:, None, None]
    low = float(min(BEFORE.min(), after_maps.min()))
    scale = Scale(low, float(BEFORE.max()), False)
    for trace, values in ((before, BEFORE), (after, after_maps)):
        levels = np.unique(trace.z)
        assert set(levels) - {0} == set(np.unique(scale.levels(values)))


def test_bars_show_every_way_of_squeezing_in_its_place():
    figure = way(steps())
    squeeze, *hidden, gate = traces(figure, "bar")
    np.testing.assert_array_equal(squeeze.x, BEFORE.mean((1, 2)))
    np.testing.assert_array_equal(gate.x, GATES)
    np.testing.assert_array_equal([bar.x for bar in hidden], [[1, 2], [3, 4]])
    assert all(one < other for one, other in zip(hidden[0].y, hidden[1].y, strict=True))
    dashed = [s for s in figure.layout.shapes if s.line.dash == "dash"]
    assert [s.x0 for s in dashed] == [GATES.mean()]


@pytest.mark.parametrize("width", [1040, 350])
def test_every_step_answers_with_its_channel_but_hidden_units_do_not(width):
    figure = way(steps(), selected=3, width=width)
    clicks = [list(trace.customdata) for trace in traces(figure, "scatter")]
    assert clicks == [list(range(5)), list(range(5)), [-1, -1], list(range(5)), list(range(5))]
    framed = [s for s in figure.layout.shapes if s.type == "rect"]
    on = {s.yref.split()[0] for s in framed}
    assert on == {"y", "y2", "y4", "y5"}  # the third is that of the hidden units
    rows = [s for s in framed if s.line.color == LINE]
    assert [(s.y0, s.y1) for s in rows] == [(2.5, 3.5)] * 2


def test_weights_of_places_lie_on_the_picture_and_places_can_be_chosen():
    weights = RANDOM.random((2, 4))
    place = Places("", "", PICTURE, weights, choices=(4, 8), chosen=(3, 6), choice_hovers=[""] * 32)
    figure = way([maps(BEFORE), place])
    trace = traces(figure, "heatmap")[1]
    np.testing.assert_allclose(trace.z, weights, rtol=1e-6)
    image = figure.layout.images[0]
    assert (image.x, image.y, image.sizex, image.sizey) == (-0.5, -0.5, 4, 2)
    choices = traces(figure, "scatter")[1]
    at = list(choices.customdata).index("3,6")
    # Two choices share a pixel of the weights: column 6 of 8 is the first half of pixel 3.
    assert (choices.x[at], choices.y[at]) == (2.75, 1.25)
    frame = figure.layout.shapes[-1]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (2.5, 3.0, 1.0, 1.5)


def test_a_gate_s_colours_run_from_0_to_1_whatever_its_values():
    full = maps(np.full((5, 4, 4), 0.5), scale="gate", ends=(0.0, 1.0))
    figure = way([maps(BEFORE), full])
    assert set(np.unique(traces(figure, "heatmap")[1].z)) == {0, 128}


@pytest.mark.parametrize("values", [np.full((1, 4), np.nan), np.zeros((1, 4)), np.ones((1, 1))])
def test_bars_without_a_range_still_have_an_axis(values):
    figure = way([Bars("", "", values, [""] * values.shape[1], "#D55E00")])
    low, high = figure.layout.xaxis.range
    assert np.isfinite([low, high]).all()
    assert low < 0 < high


@pytest.mark.parametrize("count", [1, 2, 16, 32, 64, 128])
def test_a_square_mosaic_holds_all_and_wastes_less_than_a_row(count):
    rows, columns = square_shape(count)
    assert count <= rows * columns < count + columns
    assert rows <= columns <= rows + 1
