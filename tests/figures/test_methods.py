"""Curves and intervals of heat map methods."""

import numpy as np
import pytest

from cnnattn.figures.heat.method_curves import METHODS, Line, Panel, method_curves
from cnnattn.figures.heat.method_table import Dot, Measure, method_table
from cnnattn.figures.kit.palette import NEUTRAL

X = [0.0, 0.5, 1.0]


def panel(count):
    return Panel(
        "T", "#123456", [Line(np.array([0.1, 0.2, i / 10]), [""] * 3) for i in range(count)]
    )


def test_methods_have_colours_of_their_own_and_controls_are_grey_and_dotted():
    figure = method_curves([panel(5)], list("abcde"), X, controls=2)
    lines = [trace.line for trace in figure.data]
    assert [line.color for line in lines] == [*METHODS[:3], NEUTRAL, NEUTRAL]
    assert [line.dash for line in lines] == ["solid"] * 3 + ["dot", "dash"]


def test_more_methods_than_colours_differ_by_dash_and_symbol():
    count = 2 * len(METHODS)
    figure = method_curves([panel(count)], ["m"] * count, X)
    looks = {(t.line.color, t.line.dash, t.marker.symbol) for t in figure.data}
    assert len(looks) == count


@pytest.mark.parametrize(("width", "rows"), [(1040, 2), (350, 4)])
def test_panels_stand_side_by_side_or_below_each_other(width, rows):
    figure = method_curves([panel(1)] * 4, ["a"], X, per_row=2, width=width)
    domains = {figure.layout[f"yaxis{n}"].domain for n in ("", "2", "3", "4")}
    assert len(domains) == rows
    assert [tuple(trace.y) for trace in figure.data] == [(0.1, 0.2, 0)] * 4


def test_a_dot_and_its_interval_a_model_and_method_and_a_line_above_the_controls():
    dots = [[Dot(0.3, 0.2, 0.4, "h1"), Dot(0.6, 0.5, 0.9, "h2")], [Dot(0.1, 0.0, 0.2, "h3"), None]]
    figure = method_table(
        [Measure("M", dots)], ["good", "random"], ["a", "b"], ["#111111", "#222222"], controls=1
    )
    bars = [t for t in figure.data if t.mode == "lines"]
    marks = [t for t in figure.data if t.mode == "markers"]
    assert [(list(t.x), t.line.color, t.hovertext) for t in bars] == [
        ([0.2, 0.4], "#111111", "h1"), ([0.0, 0.2], "#111111", "h3"), ([0.5, 0.9], "#222222", "h2"),
    ]  # fmt: skip
    assert [list(t.x) for t in marks] == [[0.3], [0.1], [0.6]]
    for bar, mark in zip(bars, marks, strict=True):
        assert list(bar.y) == [mark.y[0]] * 2
    rows = [mark.y[0] for mark in marks]
    assert rows[0] < rows[2] < 1 < rows[1] < 2  # each in the band of its method
    [line] = figure.layout.shapes
    assert line.y0 == 1
    assert figure.layout.yaxis.range == (2, 0)
