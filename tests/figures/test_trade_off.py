import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from cnnattn.figures.kit.frame import WIDTH
from cnnattn.figures.scores.trade_off import Point, trade_off

POINTS = [
    Point("A", "#5F6F86", [0.840, 0.844, 0.848], [0, 10.0], "a"),
    Point("B", "#D55E00", [0.845], [99, 12.0]),
    Point("C", "#009E73", [0.8451], [99, None]),
    Point("D", "#CC79A7", [0.8452], [99, 12.1]),
]


def drawn(**more):
    return trade_off(POINTS, ["1", "2"], logarithmic=[True, False], **more)


def test_means_seeds_and_deviations_stand_where_they_should():
    means, seeds, second, second_seeds = drawn().data
    assert list(means.x) == pytest.approx([0, 2, 2, 2])  # log10(1 + cost)
    assert list(means.y) == pytest.approx([84.4, 84.5, 84.51, 84.52])
    assert list(means.error_y.array) == pytest.approx([0.4, 0, 0, 0])  # 84.0, 84.4, 84.8
    assert list(seeds.y) == pytest.approx([84, 84.4, 84.8, 84.5, 84.51, 84.52])
    assert list(second.x) == [10, 12, 12.1]  # C has no such cost
    assert len(second_seeds.x) == 5
    assert means.hovertext[0] == "a"


def test_all_of_it_lies_on_the_axes_which_are_the_same_for_accuracy():
    layout = drawn().layout
    assert layout.yaxis.range == layout.yaxis2.range
    low, high = layout.yaxis.range
    assert low < 84
    assert high > 84.8
    assert list(layout.xaxis.ticktext) == ["0", "10", "100"]
    assert list(layout.xaxis.tickvals) == pytest.approx([0, math.log10(11), math.log10(101)])


def with_chance(*chances):
    points = [replace(p, chance=c) for p, c in zip(POINTS, chances, strict=True)]
    return trade_off(points, ["1", "2"], logarithmic=[True, False], baseline=0.844)


def boxes(figure):
    return [
        (s.xref, s.xanchor, s.yref, round(s.y0, 6), round(s.y1, 6))
        for s in figure.layout.shapes
        if s.type == "rect"
    ]


def test_the_band_is_what_chance_may_make_of_the_baseline():
    figure = with_chance(math.inf, 0.002, 0.002, 0.002)
    assert boxes(figure) == [
        ("x domain", None, "y", 84.2, 84.6),
        ("x2 domain", None, "y2", 84.2, 84.6),
    ]
    lines = [s for s in figure.layout.shapes if s.type == "line"]
    assert [y for s in lines for y in (s.y0, s.y1)] == pytest.approx([84.4] * 4)


def test_each_point_that_is_decided_otherwise_has_its_own_piece_of_the_band():
    figure = with_chance(math.inf, 0.002, 0.03, math.inf)
    assert boxes(figure) == [
        ("x", 2, "y", 84.2, 84.6), ("x", 2, "y", 81.4, 87.4), ("x2 domain", None, "y2", 84.2, 84.6),
    ]  # fmt: skip
    low, high = figure.layout.yaxis.range
    assert low < 81.4 < 87.4 < high


def test_where_nothing_is_known_of_chance_there_is_no_band():
    assert boxes(with_chance(*[math.inf] * 4)) == []
    assert not drawn().layout.shapes


@pytest.mark.parametrize("width", [WIDTH, 680, 350])
def test_names_of_neighbours_do_not_lie_on_each_other(width):
    figure = drawn(width=width)
    names = [t for t in figure.layout.annotations if t.xref == "x"]
    assert {re.sub("<[^>]*>", "", t.text)[-1] for t in names} == set("ABCD")
    low, high = figure.layout.yaxis.range
    where = [(t.xanchor, (t.y - low) / (high - low) * 300 + t.yshift) for t in names if t.x > 1]
    for side in ("left", "right"):
        heights = sorted(y for anchor, y in where if anchor == side)
        assert all(b - a >= 19 - 1e-6 for a, b in pairwise(heights))


def test_one_kind_alone_can_be_drawn():
    figure = trade_off(POINTS[1:2], ["1"], logarithmic=[True], width=350)
    assert figure.layout.yaxis.range[0] < 84.5 < figure.layout.yaxis.range[1]
