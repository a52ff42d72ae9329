"""Scores by class as dots: a panel a score, a row a class, a colour a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    RIGHT,
    TITLE,
    WIDTH,
    Part,
    axis_key,
    axis_name,
    figure,
    heading,
    letters,
    value_axis,
)
from cnnattn.figures.kit.panels import LETTER, SYMBOLS, across, cells, legend, repeated, within

ROW, BOTTOM, LEAST = 26, 30, 300  # pixels
NAMES = 0.4  # of the width, at most, for the names


@dataclass(frozen=True)
class Scores:
    """One panel: values (models, classes), 0 … 1 or NaN, and hovers alike."""

    title: str
    values: np.ndarray
    hovers: Sequence[Sequence[str]]


def class_scores(
    panels: Sequence[Scores],
    names: Sequence[str],
    titles: Sequence[str],
    colours: Sequence[str],
    *,
    width: float = WIDTH,
    uirevision: str = "class scores",
) -> go.Figure:
    """A dot for each model and class; the axis begins below the least value. Models that have the
    same colour differ in the shape of their dots, as the legend with their ``titles`` shows."""
    per_row = across(len(panels), LEAST, width)
    words, head = legend(titles, colours, width)
    names = [within(name, NAMES * width) for name in names]
    room = max(map(letters, names)) * LETTER + 10
    heights = [TITLE, ROW * len(names), BOTTOM]
    laid = cells(len(panels), per_row, heights, width - room - RIGHT, head)
    finite = np.concatenate([panel.values[np.isfinite(panel.values)] for panel in panels])
    low = np.floor(10 * finite.min() - 0.2) / 10 if finite.size else 0.0
    ends = [max(0.0, float(low)) - 0.03, 1.03]
    parts = [Part(texts=[words])]
    for i, (panel, cell) in enumerate(zip(panels, laid.cells, strict=True)):
        x, y = axis_name("x", i), axis_name("y", i)
        data = [
            {
                "type": "scatter", "mode": "markers", "x": values, "y": list(range(len(names))),
                "xaxis": x, "yaxis": y, "hoverinfo": "text", "hovertext": list(hovers),
                "marker": {
                    "color": colour, "size": 12, "symbol": SYMBOLS[n % len(SYMBOLS)],
                    "opacity": 0.8,
                },
            }
            for values, hovers, colour, n in zip(
                panel.values, panel.hovers, colours, repeated(colours), strict=True
            )
        ]  # fmt: skip
        layout = {
            axis_key("x", i): value_axis(cell.span, y, range=ends, tickformat=".0%", nticks=6),
            axis_key("y", i): value_axis(
                cell.bands[1], x, range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))),
                ticktext=list(names), showticklabels=i % per_row == 0,
            ),
        }  # fmt: skip
        parts.append(
            Part(
                data,
                layout,
                texts=[heading(panel.title, cell.span[0], cell.bands[0][1], width=cell.width)],
            )
        )
    margin = {"l": room, "r": RIGHT, "t": 0, "b": 0}
    return figure(parts, laid.height, uirevision, margin=margin, font={"size": FONT})
