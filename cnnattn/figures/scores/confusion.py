"""Confusion matrices: what is called what, a matrix a model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    LEFT,
    RIGHT,
    TITLE,
    WIDTH,
    Part,
    axis_key,
    axis_name,
    figure,
    heading,
    ink,
    label,
    letters,
)
from cnnattn.figures.kit.panels import LETTER, Cell, across, cells, within
from cnnattn.figures.kit.tiles import marker_trace
from cnnattn.figures.maps.channel_grid import frame_around

LEAST, LARGEST = 420, 60  # pixels that a matrix with its names needs, and that a cell may have
DIGIT, BOTTOM = 8.5, 12  # pixels
NAMES, LONGEST = 0.4, 220  # of the width, and pixels, at most for the names
FRAME = 0.58  # of a cell from its middle, so that there is room for a frame at the edge
# The errors from clear to the colour for wrong, the right ones from clear to that for right.
COLOURS = [[0, "rgba(213, 94, 0, 0.8)"], [0.5, "rgba(213, 94, 0, 0)"],
           [0.5, "rgba(0, 158, 115, 0)"], [1, "rgba(0, 158, 115, 0.55)"]]  # fmt: skip


@dataclass(frozen=True)
class Confusions:
    """One model: counts (C, C), row the true and column the predicted class; hovers alike."""

    title: str
    colour: str
    counts: np.ndarray
    names: Sequence[str]  # (C,)
    hovers: Sequence[Sequence[str]]


def confusion_matrices(
    models: Sequence[Confusions],
    *,
    corner: str = "",
    selected: Sequence[tuple[int, int] | None] = (),
    width: float = WIDTH,
    uirevision: str = "confusion",
) -> go.Figure:
    """Matrices with a count in each cell that has room, coloured by the share of its true class.

    All errors of all matrices share one scale, so that small ones can be seen; the diagonal has
    its own, 0 to 1. Cells carry [model, true, predicted] as ``customdata``; those of ``selected``,
    (true, predicted) a model, are framed. ``corner`` says what rows and columns are.
    """
    per_row = across(len(models), LEAST, width)
    column = cells(len(models), per_row, [1], width).column
    most = min(NAMES * column, LONGEST)  # of the pixels: the cells need room too
    models = [replace(m, names=[within(n, most) for n in m.names]) for m in models]
    names = [name for model in models for name in model.names]
    room = max(letters(name) for name in [*names, *corner.split("<br>")]) * LETTER + 8
    side = min(column - room, LARGEST * max(len(model.names) for model in models))
    laid = cells(len(models), per_row, [TITLE, room, side, BOTTOM], width)
    shares = [m.counts / np.maximum(m.counts.sum(1, keepdims=True), 1) for m in models]
    worst = max(float((s * (1 - np.eye(len(s)))).max()) for s in shares) or 1.0
    pixel = 1 / (width - LEFT - RIGHT)
    parts = [
        _matrix(i, model, share, worst, cell, corner, (room, side, pixel), chosen)
        for i, (model, share, cell, chosen) in enumerate(
            zip_longest(models, shares, laid.cells, selected)
        )
    ]
    axis = {"colorscale": COLOURS, "cmin": -1, "cmax": 1, "showscale": False}
    return figure(parts, laid.height, uirevision, coloraxis=axis)


def _matrix(
    index: int,
    model: Confusions,
    shares: np.ndarray,
    worst: float,
    cell: Cell,
    corner: str,
    sizes: tuple[float, float, float],
    selected: tuple[int, int] | None,
) -> Part:
    """One matrix; sizes: pixels for the names, of the square, and what part of the page one is."""
    room, side, pixel = sizes
    count, axis = len(model.names), axis_name("", index)
    at = np.arange(count)
    x, y = (grid.ravel() for grid in np.meshgrid(at, at))
    colours = np.where(np.eye(count, dtype=bool), shares, -shares / worst)
    cells_trace = {
        "type": "heatmap", "z": colours.astype(np.float32), "xaxis": f"x{axis}",
        "yaxis": f"y{axis}", "coloraxis": "coloraxis", "hoverinfo": "skip", "xgap": 1, "ygap": 1,
    }  # fmt: skip
    hovers = [hover for row in model.hovers for hover in row]
    numbers = [[index, int(row), int(c)] for row, c in zip(y, x, strict=True)]
    data = [cells_trace, marker_trace(x, y, numbers, hovers, axis, model.colour)]
    if side / count > DIGIT * len(str(model.counts.max())):
        some = model.counts > 0
        words = {
            "type": "scatter", "mode": "text", "x": x[some.ravel()], "y": y[some.ravel()],
            "text": [ink(str(n)) for n in model.counts[some]], "hoverinfo": "skip",
            "textfont": {"size": FONT}, "xaxis": f"x{axis}", "yaxis": f"y{axis}",
        }  # fmt: skip
        data.insert(1, words)
    start, (bottom, top) = cell.span[0] + room * pixel, cell.bands[2]
    plain = {
        "tickvals": at, "ticktext": list(model.names), "tickfont": {"size": FONT},
        "showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "automargin": False,
    }  # fmt: skip
    layout = {
        axis_key("x", index): plain | {
            "domain": [start, min(1.0, start + side * pixel)], "range": [-FRAME, count - 1 + FRAME],
            "side": "top", "tickangle": -90, "anchor": f"y{axis}",
        },
        axis_key("y", index): plain | {
            "domain": [bottom, top], "range": [count - 1 + FRAME, -FRAME], "anchor": f"x{axis}",
        },
    }  # fmt: skip
    shapes = [] if selected is None else frame_around(selected[1], selected[0], (1, 1), axis)
    texts = [
        heading(model.title, cell.span[0], cell.bands[0][1], model.colour, cell.width),
        label(corner, start, top, xanchor="right", yanchor="bottom", align="right", xshift=-6),
    ]
    return Part(data, layout, shapes, texts)
