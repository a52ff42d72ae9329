"""The figures of the pages Evaluation and Prototypes against answers worked out by hand."""

import re

import numpy as np
import pytest

from cnnattn.figures.kit.panels import across, cells, legend, repeated
from cnnattn.figures.maps.picture_tiles import Tiles, picture_tiles
from cnnattn.figures.scores.class_scores import Scores, class_scores
from cnnattn.figures.scores.confusion import Confusions, confusion_matrices
from cnnattn.figures.scores.intervals import Interval, intervals
from cnnattn.figures.scores.reliability import Reliability, reliability
from cnnattn.figures.scores.robustness import Curve, Robustness, robustness

NAMES = ["a", "b", "c"]
HOVERS = [[f"{i}{j}" for j in range(3)] for i in range(3)]


def matrices(*counts, **rest):
    models = [Confusions("", "#D55E00", np.array(each), NAMES, HOVERS) for each in counts]
    return confusion_matrices(models, **rest)


def test_errors_are_coloured_by_their_share_of_the_worst_of_all_models():
    figure = matrices(
        [[6, 2, 2], [0, 8, 0], [0, 0, 0]],  # errors 20 % of their row; a class without pictures
        [[1, 4, 5], [0, 8, 0], [1, 0, 3]],  # the worst: 50 %
    )
    first, second = (trace.z for trace in figure.data if trace.type == "heatmap")
    np.testing.assert_allclose(first, [[0.6, -0.4, -0.4], [0, 1, 0], [0, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(second, [[0.1, -0.8, -1], [0, 1, 0], [-0.5, 0, 0.75]], rtol=1e-6)


def test_a_cell_tells_its_model_its_row_and_its_column():
    figure = matrices(np.eye(3, dtype=int), np.eye(3, dtype=int), selected=[(2, 1), None])
    markers = [trace for trace in figure.data if trace.type == "scatter"
               and trace.mode == "markers"]  # fmt: skip
    place = list(zip(markers[1].x, markers[1].y, strict=True)).index((1, 2))
    assert markers[1].customdata[place] == [1, 2, 1]
    assert markers[1].hovertext[place] == "21"
    frame = figure.layout.shapes
    assert {(s.x0, s.x1, s.y0, s.y1) for s in frame} == {(0.5, 1.5, 1.5, 2.5)}


def words(figure):
    return [t.text for t in figure.data if t.type == "scatter" and t.mode == "text"]


def test_counts_are_written_where_there_is_room_and_only_if_there_are_any():
    (texts,) = words(matrices([[6, 0, 2], [0, 8, 0], [0, 0, 0]]))
    assert [re.sub("<.*?>", "", text) for text in texts] == ["6", "2", "8"]
    many = np.full((30, 30), 1000)
    model = Confusions("", "#000000", many, ["n"] * 30, [[""] * 30] * 30)
    assert not words(confusion_matrices([model], width=350))


def test_panels_stand_below_each_other_where_the_page_is_narrow():
    assert [across(3, 200, width) for width in (1000, 500, 390, 100)] == [3, 2, 1, 1]
    laid = cells(3, 2, [10, 90], 1040, head=20)
    assert laid.height == 220
    assert laid.cells[0].bands[0] == pytest.approx((190 / 220, 200 / 220))
    assert laid.cells[2].bands[1] == pytest.approx((0, 90 / 220))
    assert laid.cells[2].span == laid.cells[0].span


def test_models_of_one_colour_are_told_apart():
    assert repeated(["red", "blue", "red", "red"]) == [0, 0, 1, 2]
    text, height = legend(["one", "two", "three"], ["red", "red", "blue"], 1000)
    assert [sign for sign in text["text"] if sign in "●◆■"] == ["●", "◆", "●"]
    assert legend(["one", "two", "three"], ["red", "red", "blue"], 130)[1] == 2 * height
    panel = Scores("", np.array([[0.5], [0.6]]), [[""], [""]])
    figure = class_scores([panel], ["7"], ["a", "b"], ["red", "red"])
    assert [trace.marker.symbol for trace in figure.data] == ["circle", "diamond"]


@pytest.mark.parametrize(("low", "high", "step"), [(0.8371, 0.8515, 0.005), (0.1, 0.9, 0.2)])
def test_the_axis_of_the_intervals_holds_them_on_round_ticks(low, high, step):
    row = Interval("", "red", (low + high) / 2, low, high, "", "")
    axis = intervals([row]).layout.xaxis
    assert axis.range[0] <= low
    assert axis.range[1] >= high
    np.testing.assert_allclose(np.diff(axis.tickvals), step)
    np.testing.assert_allclose(
        np.array(axis.tickvals) / step, np.rint(np.array(axis.tickvals) / step)
    )


def test_the_reliability_diagram_draws_every_bin_where_it_lies():
    edges = np.array([0, 0.25, 0.5, 1])
    accuracy, share = np.array([np.nan, 0.3, 0.8]), np.array([0, 0.4, 0.6])
    figure = reliability([Reliability("", "red", edges, accuracy, share, "", [""] * 3)])
    above, below, line = figure.data
    assert above.x.tolist() == [0.125, 0.375, 0.75]
    assert above.width.tolist() == [0.25, 0.25, 0.5]
    np.testing.assert_array_equal(above.y, accuracy)
    np.testing.assert_array_equal(below.y, share)
    assert (line.x, line.y) == ((0, 1), (0, 1))


def test_a_curve_lies_in_its_band():
    curve = Curve("red", *(np.array(ends) for ends in ([0.9, 0.5], [0.8, 0.4], [1, 0.6])), ["", ""])
    band, line = robustness([Robustness("", [curve])], [0, 1], [""], chance=0.1).data
    assert band.x == (0, 1, 1, 0)
    assert band.y == (1, 0.6, 0.4, 0.8)
    assert line.y.tolist() == [0.9, 0.5]


def test_a_box_is_drawn_on_its_own_picture_and_cut_off_at_the_edge():
    pictures = np.zeros((2, 32, 32, 3), np.uint8)
    boxes = np.array([[4, 12, 6, 14], [-3, 5, 28, 36]])
    tiles = Tiles("", pictures, [5, 6], ["", ""], boxes, in_a_row=2)
    figure = picture_tiles([tiles])
    gap = 2  # a sixteenth of a tile
    found = [(s.x0, s.x1, s.y0, s.y1) for s in figure.layout.shapes[::2]]
    assert found == [(6, 14, 4, 12), (32 + gap + 28, 32 + gap + 32, 0, 5)]
    assert figure.data[0].customdata == (5, 6)
