"""Accuracy against what it costs: a point per kind of network, with the spread over seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    Span,
    axis_key,
    axis_name,
    bands,
    columns,
    figure,
    heading,
    label,
    letters,
    value_axis,
)
from cnnattn.figures.kit.palette import FAINT, LINE

MARGIN, LETTER = 52, 8  # pixels: left of the ticks, of a letter
PIECE = 6  # pixels: half the width of a piece of the band
DOT, HALF = 8, 9.5  # pixels: half the size of a point, half the height of a line
PLOT, TICKS = 300, 44  # heights in pixels
STACKED_BELOW = 560  # on a page narrower than this the panels stand below each other


@dataclass(frozen=True)
class Point:
    """One kind of network: its accuracies, 0 … 1, one per seed, and its costs, None if unknown."""

    name: str
    colour: str
    accuracies: Sequence[float]
    costs: Sequence[float | None]  # one per panel
    hover: str = ""
    chance: float = math.inf  # how far from the baseline it may lie by chance, 0 … 1; inf: unknown

    @property
    def mean(self) -> float:
        return statistics.mean(self.accuracies)


def trade_off(
    points: Sequence[Point],
    titles: Sequence[str],
    *,
    logarithmic: Sequence[bool],
    baseline: float | None = None,
    width: float = WIDTH,
    uirevision: str = "trade-off",
) -> go.Figure:
    """A panel for each kind of cost, named by ``titles``, all with the same accuracy axis in %.

    A large dot is the mean over seeds, small ones are the seeds, the bar is their standard
    deviation. The dashed line is the ``baseline``, and around it the grey band holds whatever a
    point's ``chance`` may make of it: one band if it is the same for all points, else a piece of
    it behind each. A ``logarithmic`` axis shows log(1 + cost), so that 0 has its place.
    """
    stacked = width < STACKED_BELOW
    count = len(titles)
    spans = [(0.0, 1.0)] * count if stacked else columns(count, 0.08)
    heights = [TITLE, PLOT, TICKS] * (count if stacked else 1)
    rows = bands(heights)
    plot_width = (width - MARGIN) * (spans[0][1] - spans[0][0])
    reach = [p.chance for p in points if math.isfinite(p.chance)] if baseline is not None else []
    heights_shown = [
        *(100 * accuracy for point in points for accuracy in point.accuracies),
        *(100 * ((baseline or 0.0) + sign * chance) for chance in reach for sign in (-1, 0, 1)),
    ]
    room = max(0.3, 0.15 * (max(heights_shown) - min(heights_shown)))
    low, high = min(heights_shown) - room, max(heights_shown) + room
    parts = []
    for i, (title, span, log) in enumerate(zip(titles, spans, logarithmic, strict=True)):
        band = rows[3 * i : 3 * i + 3] if stacked else rows
        shown = [point for point in points if point.costs[i] is not None]
        places = [_place(point.costs[i] or 0.0, log) for point in shown]
        ends = _ends(places)
        scale = (plot_width / (ends[1] - ends[0]), PLOT / (high - low))
        parts += [
            Part(texts=[heading(title, span[0], band[0][1])]),
            _points(shown, places, i),
            _names(shown, places, i, ends, scale),
            _axes(i, span, band[1], ends, (low, high), log),
        ]
        if baseline is not None:
            parts.append(_band(shown, places, i, baseline))
    margin = {"l": MARGIN, "r": 0, "t": 0, "b": 0}
    return figure(parts, sum(heights), uirevision, margin=margin)


def _band(points: Sequence[Point], places: Sequence[float], index: int, baseline: float) -> Part:
    """The baseline, and around it what chance may make of each point."""
    x, y = axis_name("x", index), axis_name("y", index)
    middle = 100 * baseline
    line: Plain = {
        "type": "line", "xref": f"{x} domain", "yref": y, "x0": 0, "x1": 1, "y0": middle,
        "y1": middle, "layer": "below", "line": {"width": 1.5, "dash": "dash", "color": LINE},
    }  # fmt: skip
    known = [(place, p.chance) for place, p in zip(places, points, strict=True)
             if math.isfinite(p.chance)]  # fmt: skip
    alike = {round(chance, 9) for _place, chance in known}
    whole: Plain = {"xref": f"{x} domain", "x0": 0, "x1": 1}
    pieces: list[tuple[Plain, float]] = (
        [(whole, alike.pop() if alike else 0.0)]
        if len(alike) < 2
        else [
            ({"xref": x, "xsizemode": "pixel", "xanchor": place, "x0": -PIECE, "x1": PIECE}, chance)
            for place, chance in known
        ]
    )
    boxes: list[Plain] = [
        {
            "type": "rect", "yref": y, "y0": middle - 100 * chance, "y1": middle + 100 * chance,
            "layer": "below", "fillcolor": FAINT, "line": {"width": 0}, **across,
        }
        for across, chance in pieces
        if chance
    ]  # fmt: skip
    return Part(shapes=[*boxes, line])


def _place(cost: float, log: bool) -> float:
    return math.log10(1 + cost) if log else cost


def _ends(places: Sequence[float]) -> Span:
    """The ends of an axis, with room for names at both."""
    low, high = min(places, default=0.0), max(places, default=1.0)
    room = 0.16 * (high - low) or 1.0
    return low - room * 0.4, high + room


def _points(points: Sequence[Point], places: Sequence[float], index: int) -> Part:
    axes = {"xaxis": axis_name("x", index), "yaxis": axis_name("y", index)}
    seeds = [(x, p.colour, 100 * a) for p, x in zip(points, places, strict=True)
             for a in p.accuracies]  # fmt: skip
    small: Plain = {
        "type": "scatter", "mode": "markers", "hoverinfo": "skip", **axes,
        "x": [x for x, _, _ in seeds], "y": [y for _, _, y in seeds],
        "marker": {"color": [colour for _, colour, _ in seeds], "size": 6, "opacity": 0.6},
    }  # fmt: skip
    several = [len(p.accuracies) > 1 for p in points]
    bars = [
        100 * statistics.stdev(p.accuracies) if many else 0.0
        for p, many in zip(points, several, strict=True)
    ]
    large: Plain = {
        "type": "scatter", "mode": "markers", **axes,
        "x": list(places), "y": [100 * p.mean for p in points],
        "marker": {"color": [p.colour for p in points], "size": 13, "opacity": 1},
        "error_y": {"type": "data", "array": bars, "color": LINE, "thickness": 2, "width": 5},
        "hovertext": [p.hover for p in points], "hoverinfo": "text",
    }  # fmt: skip
    return Part([large, small])


def _names(
    points: Sequence[Point],
    places: Sequence[float],
    index: int,
    ends: Span,
    scale: tuple[float, float],
) -> Part:
    """A name beside each point, on the side and at the height where it covers nothing."""
    spots = [
        (place * scale[0], 100 * point.mean * scale[1])
        for place, point in zip(places, points, strict=True)
    ]
    taken = [(x - DOT, x + DOT, y - DOT, y + DOT) for x, y in spots]
    edges = ends[0] * scale[0], ends[1] * scale[0]
    texts = []
    order = sorted(range(len(points)), key=lambda i: -points[i].mean)
    for i in order:
        point, (x, y) = points[i], spots[i]
        breadth = LETTER * (letters(point.name) + 2)
        right, shift = _free(x, y, breadth, taken, edges)
        left = x + DOT + 2 if right else x - DOT - 2 - breadth
        taken.append((left, left + breadth, y + shift - HALF, y + shift + HALF))
        words = f"<span style='color:{point.colour}'>■</span> {point.name}"
        texts.append(
            label(
                words,
                places[i],
                100 * point.mean,
                xref=axis_name("x", index),
                yref=axis_name("y", index),
                yanchor="middle",
                xanchor="left" if right else "right",
                xshift=DOT + 2 if right else -DOT - 2,
                yshift=shift,
            )
        )
    return Part(texts=texts)


def _free(
    x: float, y: float, breadth: float, taken: Sequence[tuple[float, ...]], edges: Span
) -> tuple[bool, int]:
    """Whether a name goes to the right of its point, and how many pixels up, to lie on nothing."""
    for distance in range(0, 200, 2):
        for right, shift in product((True, False), (distance, -distance)):
            left = x + DOT + 2 if right else x - DOT - 2 - breadth
            if left < edges[0] or left + breadth > edges[1]:
                continue
            low, high = y + shift - HALF, y + shift + HALF
            if not any(
                a < left + breadth and left < b and c < high and low < d for a, b, c, d in taken
            ):
                return right, shift
    return True, 0


def _axes(index: int, span: Span, row: Span, ends: Span, high: Span, log: bool) -> Part:
    x, y = axis_name("x", index), axis_name("y", index)
    ticks: Plain = {"nticks": 6}
    if log:
        steps = (1,) if ends[1] - ends[0] > 2 else (1, 2, 5)
        round_ones = [0, *(step * 10**n for n in range(1, 8) for step in steps)]
        values = [v for v in round_ones if ends[0] <= _place(v, True) <= ends[1]]
        ticks = {"tickvals": [_place(v, True) for v in values],
                 "ticktext": [f"{v:,}" for v in values]}  # fmt: skip
    return Part(
        layout={
            axis_key("x", index): value_axis(span, y, range=list(ends), **ticks),
            axis_key("y", index): value_axis(
                row, x, range=list(high), ticksuffix="%", nticks=6, tickfont={"size": FONT}
            ),
        }
    )
