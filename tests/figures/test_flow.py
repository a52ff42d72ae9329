"""The geometry of the drawn ways: arrows join the boxes they should and cross no others."""

import re
from itertools import pairwise

import pytest

from cnnattn.figures.attention.flow import Box, flow
from cnnattn.figures.kit.frame import WIDTH
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.diagram_parts import diagram
from cnnattn.web.zoo import zoo_diagrams

DIAGRAMS = {key: diagram(kind, 32, 32, 32) for key, kind in KINDS.items() if key != "none"}
DIAGRAMS |= {"cnn": zoo_diagrams.in_cnn(), "resnet20": zoo_diagrams.in_resnet()}
each = pytest.mark.parametrize("width", [WIDTH, 680, 350])


def parts(figure):
    """Boxes as (x0, x1, y0, y1), and lines as lists of points, both in their given order."""
    shapes = figure.layout.shapes
    boxes = [(s.x0, s.x1, s.y0, s.y1) for s in shapes if s.type != "path"]
    numbers = [re.findall(r"[-\d.]+", s.path) for s in shapes if s.type == "path"]
    lines = [list(zip(*[map(float, n)] * 2, strict=True)) for n in numbers]
    return boxes, lines


def touches(point, box, slack=0.2):
    """Whether a point lies on the edge of a box."""
    x0, x1, y0, y1 = box
    inside = x0 - slack <= point[0] <= x1 + slack and y0 - slack <= point[1] <= y1 + slack
    edges = [abs(point[0] - x) for x in (x0, x1)] + [abs(point[1] - y) for y in (y0, y1)]
    return inside and min(edges) <= slack


def crosses(start, end, box):
    """Whether a level or upright line runs through the inside of a box."""
    (ax, bx), (ay, by) = (sorted(pair) for pair in zip(start, end, strict=True))
    x0, x1, y0, y1 = box
    return ax < x1 - 1 and bx > x0 + 1 and ay < y1 - 1 and by > y0 + 1


@each
@pytest.mark.parametrize("name", DIAGRAMS)
def test_arrows_join_their_boxes_and_run_through_no_other(name, width):
    boxes, arrows = DIAGRAMS[name]
    places, lines = parts(flow(boxes, arrows, colour="#D55E00", width=width))
    drawn = [box for box in boxes if box.label]
    place = {box.name: at for box, at in zip(drawn, places, strict=True)}
    assert len(lines) == len(arrows)
    for (start, end), points in zip(arrows, lines, strict=True):
        if start in place:  # else it branches off a line
            assert touches(points[0], place[start])
        assert touches(points[-1], place[end])
        for a, b in pairwise(points):
            assert abs(a[0] - b[0]) < 0.2 or abs(a[1] - b[1]) < 0.2  # no slanting line
            assert not any(crosses(a, b, at) for at in places)


@each
@pytest.mark.parametrize("name", DIAGRAMS)
def test_boxes_keep_apart_and_hold_their_words(name, width):
    boxes, arrows = DIAGRAMS[name]
    figure = flow(boxes, arrows, colour="#D55E00", width=width)
    places, _lines = parts(figure)
    for i, (a0, a1, b0, b1) in enumerate(places):
        for c0, c1, d0, d1 in places[:i]:
            assert a1 < c0 or c1 < a0 or b1 < d0 or d1 < b0
    texts = [text.text for text in figure.layout.annotations if text.text]
    for text, (x0, x1, y0, y1) in zip(texts, places, strict=True):
        lines = re.sub(r"<(?!br)[^>]*>", "", text).split("<br>")
        assert 19 * len(lines) <= y1 - y0 + 1 or len(lines) == 1
        assert 6.2 * max(map(len, lines)) <= x1 - x0 + 2


def test_what_branches_off_and_comes_back_makes_a_rectangle():
    boxes = [Box("x", "x", 0, 0), Box("a", "aa", 0, 1), Box("b", "bb", 1, 1), Box("+", "+", 1, 0)]
    arrows = [("x", "+"), ("x", "a"), ("a", "b"), ("b", "+")]
    for width, (along, across) in {WIDTH: (0, 1), 350: (1, 0)}.items():  # the way goes down
        _places, lines = parts(flow(boxes, arrows, colour="#000000", width=width))
        assert [len(line) for line in lines] == [2, 2, 2, 2]
        forth, down, back_forth, up = lines
        assert forth[1][along] > forth[0][along]
        assert down[1][across] > down[0][across]
        assert back_forth[1][along] > back_forth[0][along]
        assert up[1][across] < up[0][across]
