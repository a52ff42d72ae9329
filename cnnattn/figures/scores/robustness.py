"""Accuracy as pictures get worse: a panel a kind of corruption, a line a model."""

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
from cnnattn.figures.kit.panels import DASHES, SYMBOLS, across, cells, legend, repeated

PLOT, BOTTOM, LEAST = 210, 52, 190  # pixels
LEFT = 62


@dataclass(frozen=True)
class Curve:
    """One model: shares with the ends of their intervals, and a hover, all (strengths,)."""

    colour: str
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    hovers: Sequence[str]


@dataclass(frozen=True)
class Robustness:
    """One kind of corruption: a curve a model."""

    title: str
    curves: Sequence[Curve]


def robustness(
    kinds: Sequence[Robustness],
    strengths: Sequence[float],
    titles: Sequence[str],
    *,
    chance: float,
    chance_title: str = "",
    x_title: str = "",
    y_title: str = "",
    width: float = WIDTH,
    uirevision: str = "robustness",
) -> go.Figure:
    """Lines with bands for their intervals, over ``strengths`` 0 … 1; dotted: ``chance``.

    ``titles`` are those of the models, for the legend.
    """
    per_row = across(len(kinds), LEAST, width)
    words, head = legend(titles, [curve.colour for curve in kinds[0].curves], width)
    laid = cells(len(kinds), per_row, [TITLE, PLOT, BOTTOM], width - LEFT - RIGHT, head)
    parts = [Part(texts=[words])]
    for i, (kind, cell) in enumerate(zip(kinds, laid.cells, strict=True)):
        x, y = axis_name("x", i), axis_name("y", i)
        first = i % per_row == 0
        layout = {
            axis_key("x", i): value_axis(
                cell.span, y, range=[0, 1.02], tickvals=[0, 0.4, 0.8], tickformat=".0%",
                title=_title(x_title),
            ),
            axis_key("y", i): value_axis(
                cell.bands[1], x, range=[0, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1],
                tickformat=".0%", showticklabels=first, title=_title(y_title if first else ""),
            ),
        }  # fmt: skip
        line = {
            "type": "line", "xref": x, "yref": y, "x0": 0, "x1": 1, "y0": chance, "y1": chance,
            "line": {"color": LINE, "dash": "dot", "width": 1},
        }  # fmt: skip
        texts = [heading(kind.title, cell.span[0], cell.bands[0][1], width=cell.width)]
        if first:
            texts.append(label(chance_title, 0, chance, xref=x, yref=y, yanchor="bottom"))
        parts.append(Part(_curves(kind, strengths, x, y), layout, [line], texts))
    margin = {"l": LEFT, "r": RIGHT, "t": 0, "b": 0}
    return figure(parts, laid.height, uirevision, margin=margin)


def _curves(kind: Robustness, strengths: Sequence[float], x: str, y: str) -> list[dict]:
    data = []
    colours = [curve.colour for curve in kind.curves]
    for curve, n in zip(kind.curves, repeated(colours), strict=True):
        place = {"type": "scatter", "xaxis": x, "yaxis": y}
        data += [
            place | {
                "x": [*strengths, *reversed(strengths)], "y": [*curve.high, *curve.low[::-1]],
                "mode": "none", "fill": "toself", "fillcolor": curve.colour, "opacity": 0.2,
                "hoverinfo": "skip",
            },
            place | {
                "x": list(strengths), "y": curve.value, "mode": "lines+markers",
                "hoverinfo": "text", "hovertext": list(curve.hovers),
                "line": {"color": curve.colour, "dash": DASHES[n % len(DASHES)], "width": 2},
                "marker": {"color": curve.colour, "symbol": SYMBOLS[n % len(SYMBOLS)], "size": 8},
            },
        ]  # fmt: skip
    return data


def _title(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": FONT}, "standoff": 4}
