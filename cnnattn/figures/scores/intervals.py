"""Measured shares with their intervals, a row a model, all on one axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    WIDTH,
    Part,
    Plain,
    bands,
    figure,
    heading,
    label,
    letters,
    value_axis,
)
from cnnattn.figures.kit.panels import LETTER

ROW, AXIS, HEAD = 52, 26, 18  # heights in pixels; the figure's tools stand in the last
GAP = 20  # pixels between the title of a row and its text
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25)  # between ticks


@dataclass(frozen=True)
class Interval:
    """One model's share 0 … 1 and what its interval spans; ``text`` stands at the right."""

    title: str
    colour: str
    value: float
    low: float
    high: float
    text: str
    hover: str


def intervals(
    rows: Sequence[Interval], *, width: float = WIDTH, uirevision: str = "intervals"
) -> go.Figure:
    """A dot for each value and a bar for its interval; the axis spans what is needed, not 0 … 1."""
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    step = next((s for s in STEPS if (high - low) / s <= 6), STEPS[-1])
    ticks = [i * step for i in range(math.floor(low / step), math.ceil(high / step) + 1)]
    heights = [HEAD, *[ROW] * len(rows), AXIS]
    band, room = bands(heights)[1:], width - GAP
    data: list[Plain] = []
    texts: list[Plain] = []
    for i, row in enumerate(rows):
        line: Plain = {
            "type": "scatter", "y": [i, i], "xaxis": "x", "yaxis": "y", "hoverinfo": "text",
            "hovertext": row.hover,
        }  # fmt: skip
        data += [
            line | {
                "mode": "lines", "x": [row.low, row.high],
                "line": {"color": row.colour, "width": 8}, "opacity": 0.45,
            },
            line | {
                "mode": "markers", "x": [row.value], "y": [i],
                "marker": {"color": row.colour, "size": 14},
                "cliponaxis": False,  # a dot at 100% stays round
            },
        ]  # fmt: skip
        texts += [
            heading(row.title, 0, band[i][1], row.colour, room - letters(row.text) * LETTER),
            label(row.text, 1, band[i][1], xanchor="right"),
        ]
    axes = {
        "xaxis": value_axis(
            (0, 1), "y", range=[ticks[0], ticks[-1]], tickvals=ticks,
            tickformat=".0%" if step >= 0.01 else ".1%",
        ),
        # A row's dot lies in the lower part of its band, below the words.
        "yaxis": value_axis(
            (band[-1][1], band[0][1]), "x", range=[len(rows) - 0.72, -0.72], visible=False
        ),
    }  # fmt: skip
    return figure([Part(data, axes, texts=texts)], sum(heights), uirevision, font={"size": FONT})
