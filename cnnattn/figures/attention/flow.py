"""The way of the data as boxes and arrows: to the right, or down on a telephone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

from cnnattn.figures.kit.frame import LEFT, RIGHT, WIDTH, Part, Plain, figure, label, letters, wrap
from cnnattn.figures.kit.palette import CLEAR, LINE
from cnnattn.figures.kit.tiles import marker_trace

LETTER = 7.5  # mean width of a letter in pixels
ROW = 19  # height of a line of text in pixels
SIGN = 17  # radius in pixels of the circle of an operator
GAP_ALONG, GAP_ACROSS, LEAST_ACROSS = 24, 14, 26  # pixels between boxes
UPRIGHT_BELOW = 560  # on a page narrower than this the way goes down
ROOMIEST = 150  # pixels: a box is not drawn wider


@dataclass(frozen=True)
class Box:
    """One step: where it stands (``step`` along the way, ``lane`` across), words, size, hover.

    ``learned`` boxes are filled, ``strong`` ones stand out. One sign (×, +) is drawn in a circle;
    a box without a label is a point on a line, from which an arrow branches off.
    """

    name: str
    label: str
    step: float
    lane: float
    size: str = ""
    learned: bool = False
    strong: bool = False
    hover: str = ""

    @property
    def sign(self) -> bool:
        return len(self.label) == 1 and not self.label.isalnum()


def flow(
    boxes: Sequence[Box],
    arrows: Sequence[tuple[str, str]],
    *,
    colour: str,
    width: float = WIDTH,
    uirevision: str = "flow",
) -> go.Figure:
    """Boxes joined by ``arrows`` (from name, to name), the learned ones filled with ``colour``.

    An arrow to a higher lane changes lanes at once, one to a lower lane at the end, so that what
    branches off and comes back makes a rectangle; to and from a lane between two others it turns
    just before it arrives.
    """
    upright = width < UPRIGHT_BELOW
    steps = max(box.step for box in boxes) + 1
    lanes = max(box.lane for box in boxes) + 1
    room = (width - LEFT - RIGHT) / (lanes if upright else steps)
    breadth = min(ROOMIEST, room - (GAP_ACROSS if upright else GAP_ALONG))
    words = {box.name: _broken(box.label, breadth / LETTER) for box in boxes}
    lines = max(words[box.name].count("<br>") + 1 + bool(box.size) for box in boxes)
    height = lines * ROW + 8
    pitch = height + (GAP_ALONG if upright else LEAST_ACROSS)
    total = (steps if upright else lanes) * pitch
    place = {
        box.name: (
            (room * (box.lane + 0.5), pitch * (box.step + 0.5))
            if upright
            else (room * (box.step + 0.5), pitch * (box.lane + 0.5))
        )
        for box in boxes
    }
    half = {
        box.name: (SIGN, SIGN) if box.sign else (breadth / 2, height / 2) if box.label else (0, 0)
        for box in boxes
    }
    parts = [
        _box(box, words[box.name], place[box.name], half[box.name], colour)
        for box in boxes
        if box.label
    ]
    by_name = {box.name: box for box in boxes}
    for start, end in arrows:
        ends = (place[start], half[start]), (place[end], half[end])
        parts.append(_arrow(*ends, _turn(by_name[start], by_name[end]), upright))
    told = [box for box in boxes if box.label]
    x, y = zip(*(place[box.name] for box in told), strict=True)
    hovers = [wrap(box.hover, 44) for box in told]
    answers = marker_trace(x, y, [box.name for box in told], hovers, "", LINE)
    axes = {
        "xaxis": {"visible": False, "fixedrange": True, "range": [0, width - LEFT - RIGHT]},
        "yaxis": {"visible": False, "fixedrange": True, "range": [total, 0]},
    }
    parts.append(Part([answers], axes))
    return figure(parts, total, uirevision, hoverdistance=round(max(breadth, height) / 2))


Point = tuple[float, float]
Turn = Literal["none", "first", "last", "before"]


def _broken(text: str, most: float) -> str:
    """``text`` in even lines of at most ``most`` letters, but for words that are longer."""
    width = most
    while (lines := wrap(text, max(1, int(width)))) and width > 2:
        if max(map(letters, lines.split("<br>"))) <= most:
            break
        width -= 1
    return lines


def _box(box: Box, words: str, at: Point, half: Point, colour: str) -> Part:
    shape: Plain = {
        "type": "circle" if box.sign else "rect", "xref": "x", "yref": "y",
        "x0": at[0] - half[0], "x1": at[0] + half[0],
        "y0": at[1] - half[1], "y1": at[1] + half[1],
        "line": {"color": colour if box.learned or box.strong else LINE,
                 "width": 3 if box.strong else 1.5},
        "fillcolor": _faint(colour) if box.learned else CLEAR,
    }  # fmt: skip
    text = f"<b>{words}</b>" if box.sign or box.strong else words
    if box.size:
        text += f"<br><i>{box.size}</i>"
    middle: Plain = {"xref": "x", "yref": "y", "xanchor": "center", "yanchor": "middle"}
    return Part([], {}, [shape], [label(text, *at, align="center", **middle)])


def _turn(start: Box, end: Box) -> Turn:
    if start.lane == end.lane or start.step == end.step:
        return "none"
    if start.lane % 1 or end.lane % 1:
        return "before"
    return "first" if end.lane > start.lane else "last"


def _arrow(start: tuple[Point, Point], end: tuple[Point, Point], turn: Turn, upright: bool) -> Part:
    """A line from box to box, each (middle, half its size), with the head of an arrow."""
    # Think of the way as going right; upright, both coordinates change places.
    (a, a_half), (b, b_half) = (
        tuple((q[1], q[0]) if upright else q for q in ends) for ends in (start, end)
    )
    side = 1 if b[1] > a[1] else -1
    right, left = (a[0] + a_half[0], a[1]), (b[0] - b_half[0], b[1])
    below, above = (a[0], a[1] + side * a_half[1]), (b[0], b[1] - side * b_half[1])
    if turn == "none":
        points = [right, left] if a[1] == b[1] else [below, above]
    elif turn == "first":
        points = [below, (a[0], b[1]), left]
    elif turn == "last":
        points = [right, (b[0], a[1]), above]
    else:
        corner = left[0] - GAP_ALONG * 0.6
        points = [right, (corner, a[1]), (corner, b[1]), left]
    if upright:
        points = [(y, x) for x, y in points]
    line: Plain = {
        "type": "path", "xref": "x", "yref": "y", "line": {"color": LINE, "width": 2},
        "path": "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points),
    }  # fmt: skip
    (x0, y0), (x1, y1) = points[-2:]
    length = abs(x1 - x0) + abs(y1 - y0)
    back = min(12.0, length) / (length or 1)
    head = label(
        "",
        x1,
        y1,
        xref="x",
        yref="y",
        showarrow=True,
        axref="x",
        ayref="y",
        ax=x1 - back * (x1 - x0),
        ay=y1 - back * (y1 - y0),
        arrowhead=2,
        arrowwidth=2,
        arrowcolor=LINE,
        arrowsize=1,
    )
    return Part([], {}, [line], [head])


def _faint(colour: str) -> str:
    """``colour``, "#RRGGBB", as a tint that text can stand on, on white and on near-black."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.22)"
