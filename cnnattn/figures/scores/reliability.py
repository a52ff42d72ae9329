"""Reliability diagrams: how often an answer of a certain confidence is right, a panel a model."""

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
    label,
    value_axis,
)
from cnnattn.figures.kit.palette import LINE
from cnnattn.figures.kit.panels import Cell, across, cells, within

LEAST = 230  # pixels that a panel needs
NOTE, GAP, COUNTS, BOTTOM = 24, 20, 44, 50  # heights in pixels
LEFT = 62


@dataclass(frozen=True)
class Reliability:
    """One model: its bins (arrays (bins,), NaN where empty), a note and a hover text a bin."""

    title: str
    colour: str
    edges: np.ndarray  # (bins + 1,), 0 … 1
    accuracy: np.ndarray
    share: np.ndarray  # of all answers, 0 … 1
    note: str
    hovers: Sequence[str]


def reliability(
    models: Sequence[Reliability],
    *,
    x_title: str = "",
    y_title: str = "",
    share_title: str = "",
    tallest: float = 260,
    width: float = WIDTH,
    uirevision: str = "reliability",
) -> go.Figure:
    """Bars for the share of right answers at each confidence; on the dashed line they would be
    what they say. Below, how many answers each bin holds."""
    per_row = across(len(models), LEAST, width)
    width -= LEFT + RIGHT
    column = cells(len(models), per_row, [1], width).column
    heights = [TITLE, NOTE, min(tallest, column), GAP, COUNTS, BOTTOM]
    laid = cells(len(models), per_row, heights, width)
    most = max(float(np.nanmax(model.share)) for model in models)
    parts = [
        _panel(i, model, cell, i % per_row == 0, most, (x_title, y_title, share_title))
        for i, (model, cell) in enumerate(zip(models, laid.cells, strict=True))
    ]
    margin = {"l": LEFT, "r": RIGHT, "t": 0, "b": 0}
    return figure(parts, laid.height, uirevision, margin=margin)


def _panel(
    index: int,
    model: Reliability,
    cell: Cell,
    leftmost: bool,
    most: float,
    titles: tuple[str, str, str],
) -> Part:
    upper, lower = 2 * index, 2 * index + 1
    middles = (model.edges[:-1] + model.edges[1:]) / 2
    bar = {
        "type": "bar", "x": middles, "width": np.diff(model.edges), "hoverinfo": "text",
        "hovertext": list(model.hovers),
    }  # fmt: skip
    data = [
        bar | _on(upper) | {
            "y": model.accuracy,
            "marker": {"color": model.colour, "opacity": 0.6, "line": {"width": 0}},
        },
        bar | _on(lower) | {"y": model.share, "marker": {"color": LINE, "opacity": 0.6}},
        _on(upper) | {
            "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip",
            "line": {"color": LINE, "dash": "dash", "width": 2},
        },
    ]  # fmt: skip
    ticks = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    side = {"showticklabels": leftmost}
    names = titles if leftmost else (titles[0], "", "")
    layout = {
        axis_key("x", upper): value_axis(
            cell.span, axis_name("y", upper), range=[0, 1], showticklabels=False, **ticks
        ),
        axis_key("y", upper): value_axis(
            cell.bands[2], axis_name("x", upper), range=[0, 1], title=_title(names[1]),
            **ticks, **side,
        ),
        axis_key("x", lower): value_axis(
            cell.span, axis_name("y", lower), range=[0, 1], title=_title(names[0]),
            tickvals=[0.2, 0.4, 0.6, 0.8], tickformat=".0%",
        ),
        axis_key("y", lower): value_axis(
            cell.bands[4], axis_name("x", lower), range=[0, most * 1.05],
            title=_title(names[2]), tickvals=[0, most], tickformat=".0%", **side,
        ),
    }  # fmt: skip
    texts = [
        heading(model.title, cell.span[0], cell.bands[0][1], model.colour, cell.width),
        label(within(model.note, cell.width), cell.span[0], cell.bands[1][1]),
    ]
    return Part(data, layout, texts=texts)


def _on(index: int) -> dict[str, str]:
    return {"xaxis": axis_name("x", index), "yaxis": axis_name("y", index)}


def _title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": FONT}, "standoff": 4}
