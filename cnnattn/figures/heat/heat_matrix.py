"""Heat maps over their pictures in one figure: a column a model, beside every map its words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.heat.style import STRENGTH, heat_axis, heat_layer, heat_ticks
from cnnattn.figures.kit.frame import (
    TITLE,
    WIDTH,
    Part,
    Plain,
    axis_name,
    bands,
    column_width,
    columns,
    figure,
    heading,
    label,
    letters,
    square_axes,
    wrap,
)
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import colour_bar

LINE, LETTER = 19, 7.0  # height and width of a letter in pixels
GAP, COLOUR_BAR = 14, 48  # pixels
COLOUR_AXES = {False: "coloraxis", True: "coloraxis2"}
BESIDE, LEAST = 150, 130  # pixels that words beside a picture need, and the picture then


@dataclass(frozen=True)
class Cell:
    """One map over its picture; the first of the ``words`` is its title.

    Drawn is the positive part, from 0 to 1 of ``limit``, or if ``signed`` all of it from -1, blue,
    to 1, red, in the look of ``style``.
    """

    picture: np.ndarray  # uint8 (H, W, 3), square
    cam: np.ndarray | None  # float (h, w); None: there is none
    words: Sequence[str]
    limit: float = 0.0  # the value at the end of the colour scale; 0: the map's own largest
    signed: bool = False


@dataclass(frozen=True)
class Column:
    """One model's maps, from the top down, below ``notes``."""

    title: str
    colour: str
    cells: Sequence[Cell]
    notes: Sequence[str] = field(default_factory=tuple)


def heat_matrix(
    models: Sequence[Column],
    *,
    smooth: bool = True,
    strength: float = STRENGTH,
    hover: str = "%{customdata:.4g}",
    value_title: str = "",
    signed_title: str = "",
    across: int = 1,
    largest: float = 170,
    width: float = WIDTH,
    uirevision: str = "heat matrix",
) -> go.Figure:
    """Each map over its picture, ``across`` of them in a row of a model's column.

    The words stand beside a map if there is room, else below it. Under the pointer stands the true
    value (``hover``, a template with %{customdata}). With ``strength`` 0 only the pictures are
    seen.
    """
    cells = [cell for model in models for cell in model.cells]
    pictures = {id(cell.picture): cell.picture for cell in cells}
    uris = {one: png_uri(picture, sharp=128) for one, picture in pictures.items()}
    spans = columns(len(models))
    column = column_width(width, spans[0])
    beside = across == 1 and column >= LEAST + BESIDE
    side = min(largest, column - BESIDE if beside else (column - GAP * (across - 1)) / across)
    room = int((column - side - GAP if beside else side) / LETTER)
    notes = [[_lined(note, int(column / LETTER)) for note in model.notes] for model in models]
    words = [[_words(cell, room) for cell in model.cells] for model in models]
    text = LINE * max(_lines(text) for texts in words for text in texts)
    pitch = (max(side, text) if beside else side + text + 4) + GAP
    rows = max(-(-len(model.cells) // across) for model in models)
    head = TITLE + LINE * max(_lines("<br>".join(note)) if note else 0 for note in notes)
    heights = [head, rows * pitch, COLOUR_BAR if strength else 1]
    band = bands(heights)

    parts = []
    for i, (model, span) in enumerate(zip(models, spans, strict=True)):
        axis = axis_name("", i)
        axes = square_axes(i, span, band[1], column / side, rows * pitch / side)
        # Plotly leaves out axes, and pictures on them, that no trace uses.
        nothing = {"type": "scatter", "x": [0], "y": [None], "xaxis": f"x{axis}",
                   "yaxis": f"y{axis}", "hoverinfo": "skip"}  # fmt: skip
        title = heading(model.title, span[0], 1, model.colour, column)
        lines = label("<br>".join(notes[i]), span[0], 1, yshift=-TITLE + 4)
        parts.append(Part([nothing], axes, texts=[title, lines]))
        for j, (cell, text_of) in enumerate(zip(model.cells, words[i], strict=True)):
            x = (j % across) * (side + GAP) / side
            y = (j // across) * pitch / side
            at = (x + 1 + GAP / side, y) if beside else (x, y + 1 + 4 / side)
            note = label(text_of, *at, xref=f"x{axis}", yref=f"y{axis}")
            picture = picture_on(uris[id(cell.picture)], 1, 1, axis, x, y)
            traces = []
            if cell.cam is not None:
                look: Plain = {"signed": cell.signed, "limit": cell.limit, "smooth": smooth}
                look |= {"hover": hover, "colour_axis": COLOUR_AXES[cell.signed]}
                traces = [heat_layer(cell.cam, axis, x, y, (1, 1), **look)]
            parts.append(Part(traces, texts=[note], images=[picture]))
    titles = {cell.signed: value_title for cell in cells if cell.cam is not None}
    if len(titles) > 1:
        titles[True] = signed_title
    parts += _scales(titles, strength, band[2][1], width)
    return figure(parts, sum(heights), uirevision)


def _scales(titles: dict[bool, str], strength: float, top: float, width: float) -> list[Part]:
    """The colour axes, with their bars below ``top`` unless nothing of the maps is seen.

    ``titles`` has True for the signed maps, False for the others.
    """
    wide = (0.2, 0.8) if width > 500 else (0.0, 0.98)
    parts = []
    for kind, title in titles.items():
        place = columns(2)[kind] if len(titles) > 1 else wide
        bar, text = colour_bar(title, place, top, *heat_ticks(kind))
        shown: Plain = {"colorbar": bar} if strength else {"showscale": False}
        scale = heat_axis(kind, strength=strength, **shown)
        parts.append(Part(layout={COLOUR_AXES[kind]: scale}, texts=[text] if strength else []))
    return parts


def _words(cell: Cell, room: int) -> str:
    title, *rest = [_lined(text, room) for text in cell.words]
    return "<br>".join([f"<b>{title}</b>", *rest])


def _lined(text: str, room: int) -> str:
    """In as many lines as it takes for none to be wider than ``room`` letters."""
    lines = max(1, math.ceil(letters(text) / room))
    return wrap(text, max(1, letters(text) // lines))


def _lines(text: str) -> int:
    return text.count("<br>") + 1
