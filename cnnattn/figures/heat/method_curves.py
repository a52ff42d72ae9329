"""What happens step by step under each heat map method: a panel a model, a line a method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    RIGHT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    axis_key,
    axis_name,
    figure,
    heading,
    value_axis,
)
from cnnattn.figures.kit.palette import NEUTRAL
from cnnattn.figures.kit.panels import DASHES, SYMBOLS, Cell, across, cells, legend, repeated

PLOT, BOTTOM, LEAST, LEFT = 210, 54, 300, 62  # pixels
METHODS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
"""Paul Tol's bright colours for colour-blind readers: they stand for methods, not for models."""


@dataclass(frozen=True)
class Line:
    """One method's values (steps,), with a hover each."""

    values: np.ndarray
    hovers: Sequence[str]


@dataclass(frozen=True)
class Panel:
    """One model's lines, in the order of the methods' titles."""

    title: str
    colour: str
    lines: Sequence[Line]


def method_curves(
    panels: Sequence[Panel],
    methods: Sequence[str],
    x: Sequence[float],
    *,
    controls: int = 0,
    per_row: int | None = None,
    x_title: str = "",
    y_title: str = "",
    width: float = WIDTH,
    uirevision: str = "method curves",
) -> go.Figure:
    """Shares 0 … 1 over shares ``x``; the last ``controls`` of the ``methods`` are grey, not solid.

    At most ``per_row`` panels stand side by side.
    """
    colours = [METHODS[i % len(METHODS)] for i in range(len(methods) - controls)]
    colours += [NEUTRAL] * controls
    words, head = legend(methods, colours, width)
    side_by_side = min(per_row or len(panels), across(len(panels), LEAST, width))
    laid = cells(len(panels), side_by_side, [TITLE, PLOT, BOTTOM], width - LEFT - RIGHT, head)
    parts = [Part(texts=[words])]
    for i, (panel, cell) in enumerate(zip(panels, laid.cells, strict=True)):
        first = i % side_by_side == 0
        names = {"x": x_title, "y": y_title if first else ""}
        parts.append(_panel(i, panel, cell, x, colours, names, first))
    margin = {"l": LEFT, "r": RIGHT, "t": 0, "b": 0}
    return figure(parts, laid.height, uirevision, margin=margin)


def _panel(
    index: int,
    panel: Panel,
    cell: Cell,
    x: Sequence[float],
    colours: Sequence[str],
    titles: Mapping[str, str],
    ticks: bool,
) -> Part:
    axes = {"xaxis": axis_name("x", index), "yaxis": axis_name("y", index)}
    reach = 0.02 * (x[-1] - x[0])
    data = []
    for line, colour, n in zip(panel.lines, colours, repeated(colours), strict=True):
        dash = ("dot", "dash")[n % 2] if colour == NEUTRAL else DASHES[n % len(DASHES)]
        data.append(
            {
                "type": "scatter", "mode": "lines+markers", "x": list(x), "y": line.values, **axes,
                "line": {"color": colour, "width": 2, "dash": dash},
                "marker": {"color": colour, "size": 6, "symbol": SYMBOLS[n % len(SYMBOLS)]},
                "hoverinfo": "text", "hovertext": list(line.hovers),
            }
        )  # fmt: skip
    layout = {
        axis_key("x", index): value_axis(
            cell.span, axes["yaxis"], range=[x[0] - reach, x[-1] + reach], tickformat=".0%",
            nticks=6, title=_title(titles["x"]),
        ),
        axis_key("y", index): value_axis(
            cell.bands[1], axes["xaxis"], range=[0, 1.02], tickformat=".0%",
            tickvals=[0, 0.25, 0.5, 0.75, 1], showticklabels=ticks, title=_title(titles["y"]),
        ),
    }  # fmt: skip
    title = heading(panel.title, cell.span[0], cell.bands[0][1], panel.colour, cell.width)
    return Part(data, layout, texts=[title])


def _title(text: str) -> Plain:
    return {"text": text, "font": {"size": FONT}, "standoff": 4}
