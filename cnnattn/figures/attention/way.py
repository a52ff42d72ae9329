"""The way of the data through an attention module: a row of steps, read from left to right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import plotly.graph_objects as go

from cnnattn.figures.attention.steps import (
    Bars,
    Maps,
    Places,
    Step,
    draw_bars,
    draw_maps,
    draw_places,
    square_shape,
)
from cnnattn.figures.kit.frame import (
    LEFT,
    NARROW,
    PAD,
    RIGHT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    Span,
    axis_name,
    bands,
    column_width,
    figure,
    fitted,
    heading,
    joined,
    label,
    wrap,
)
from cnnattn.figures.kit.tiles import Scale, colour_axis, colour_bar, scale_of

LETTER = 7.6  # mean width of a letter in pixels
READABLE = 80  # pixels that a column needs for its note
ARROW, NUMBERS = 34, 30  # pixels between two steps, and more for the numbers beside bars
LINE_HEIGHT, BARS, TALLEST, FOOT = 19, 240, 330, 46  # heights in pixels


def way(
    steps: Sequence[Step],
    *,
    selected: int | None = None,
    percentile: float = 99.5,
    width: float = WIDTH,
    uirevision: str = "way",
) -> go.Figure:
    """The steps from left to right with arrows between them; on a narrow page from top to bottom.

    Mosaics with the same ``scale`` share their colours, which end at the ``percentile`` of their
    values. Channel number ``selected`` is framed in every step. Tiles and bars carry their
    channel's number as ``customdata``, places to choose from "row,column".
    """
    rows = [list(steps)]
    if width < NARROW:  # only bars share a row there
        rows = [list(row) for _, row in groupby(steps, lambda s: isinstance(s, Bars) or id(s))]
    laid = [_lay(row, width, last=row is rows[-1]) for row in rows]
    height = sum(sum(row.heights) for row in laid)
    scales = _scales(steps, percentile)
    edges = bands([band for row in laid for band in row.heights])
    parts: list[Part] = []
    barred: set[str] = set()
    first = 0
    for i, row in enumerate(laid):
        parts.append(_draw(row, edges[5 * i : 5 * i + 5], first, scales, barred, selected))
        first += len(row.steps)
    return figure(parts, height, uirevision)


@dataclass(frozen=True)
class _Row:
    """Steps side by side: their columns, broken notes, and heights of five bands in pixels."""

    steps: Sequence[Step]
    spans: Sequence[Span]
    width: float  # of the page in pixels
    widths: Sequence[float]  # of the columns
    notes: Sequence[str]
    heights: Sequence[float]  # titles, notes, steps, what stands below them, arrow to the next row


def _lay(steps: Sequence[Step], width: float, last: bool) -> _Row:
    spans = _columns(steps, width)
    widths = [column_width(width, span) for span in spans]
    notes = [  # a narrow column has room for a title only
        wrap(step.note, int(across / LETTER)) if across >= READABLE else ""
        for step, across in zip(steps, widths, strict=True)
    ]
    lines = max(note.count("<br>") + 1 for note in notes)
    tallest = max(_wanted(step, across) for step, across in zip(steps, widths, strict=True))
    heights = [TITLE, lines * LINE_HEIGHT + 6, tallest, FOOT, 0 if last else TITLE]
    return _Row(steps, spans, width, widths, notes, heights)


def _columns(steps: Sequence[Step], width: float) -> list[Span]:
    """Columns with room for an arrow before each but the first, and for the numbers of bars."""
    whole = width - LEFT - RIGHT
    gaps = [
        (ARROW if i else 0) + (NUMBERS if isinstance(step, Bars) else 0)
        for i, step in enumerate(steps)
    ]
    shares = [
        3.2 if not isinstance(step, Bars) else 1.8 if step.channels else 1.2 for step in steps
    ]
    unit = (whole - sum(gaps)) / sum(shares)
    ends = [
        sum(gaps[: i + 1]) + unit * sum(shares[: i + 1]) for i in range(len(steps))
    ]  # in pixels
    return [
        ((end - unit * share) / whole, min(1.0, end / whole))
        for end, share in zip(ends, shares, strict=True)
    ]


def _wanted(step: Step, across: float) -> float:
    """The height in pixels at which a step is ``across`` pixels wide."""
    if isinstance(step, Bars):
        return BARS
    if isinstance(step, Places):
        return min(TALLEST, across * step.picture.shape[0] / step.picture.shape[1])
    rows, columns = square_shape(len(step.maps))
    height, width = step.maps.shape[1:]
    return min(TALLEST, fitted(columns * width, rows * height, across, PAD))


def _scales(steps: Sequence[Step], percentile: float) -> dict[str, tuple[str, Scale]]:
    """By the key of every colour scale: Plotly's name of its axis, and the scale."""
    coloured = [step for step in steps if not isinstance(step, Bars)]
    scales: dict[str, tuple[str, Scale]] = {}
    for step in coloured:
        key = _key(step)
        if key not in scales:
            own = [s for s in coloured if _key(s) == key]
            arrays = [s.maps if isinstance(s, Maps) else s.weights for s in own]
            scale = scale_of(arrays, None, percentile if isinstance(step, Maps) else 100)
            if step.ends:
                scale = Scale(*step.ends, signed=False)
            scales[key] = axis_name("coloraxis", len(scales)), scale
    return scales


def _key(step: Maps | Places) -> str:
    return step.scale if isinstance(step, Maps) else f"places {id(step)}"


def _draw(
    row: _Row,
    edges: Sequence[Span],
    first: int,
    scales: dict[str, tuple[str, Scale]],
    barred: set[str],
    selected: int | None,
) -> Part:
    """A row of steps on axis pairs from ``first``, within its five bands ``edges``.

    Colour axes that have their bar are in ``barred``; those that get it here join them.
    """
    titles, notes, place, feet, end = edges
    parts: list[Part] = []
    for i, (step, span) in enumerate(zip(row.steps, row.spans, strict=True)):
        texts = [heading(step.title, span[0], titles[1]), label(row.notes[i], span[0], notes[1])]
        if i:
            back = ARROW / 2 + (NUMBERS if isinstance(step, Bars) else 0)
            texts.append(_arrow("➜", span[0], sum(place) / 2, xshift=-back))
        layout: Plain = {}
        if isinstance(step, Bars):
            few = 2 if row.widths[i] < READABLE else 3
            drawn = draw_bars(step, first + i, span, place, few, selected)
        else:
            name, scale = scales[_key(step)]
            levels = isinstance(step, Maps)
            if isinstance(step, Maps):
                drawn = draw_maps(step, first + i, span, place, name, scale, selected)
            else:
                drawn = draw_places(step, first + i, span, place, name)
            if name not in barred:
                barred.add(name)
                values, ticks = scale.ticks(max(2, min(5, int(row.widths[i] / 110))))
                if len(values) < 2:
                    values, ticks = (
                        [scale.low, scale.high],
                        [f"{scale.low:.2g}", f"{scale.high:.2g}"],
                    )
                at = [scale.level(value) for value in values] if levels else values
                # The number at the end of a bar needs room beside it.
                length = span[0], min(span[1], 1 - 30 / row.width)
                bar, words = colour_bar(step.value_title, length, feet[1], at, ticks)
                layout = {name: colour_axis(scale, bar, levels)}
                texts.append(words)
        parts += [drawn, Part(layout=layout, texts=texts)]
    if row.heights[-1]:
        parts.append(Part(texts=[_arrow("⬇", 0.5, sum(end) / 2)]))
    return joined(parts)


def _arrow(sign: str, x: float, y: float, **more: float) -> Plain:
    return label(sign, x, y, xanchor="center", yanchor="middle", font={"size": 20}, **more)
