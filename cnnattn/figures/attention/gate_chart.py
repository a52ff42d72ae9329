"""The gates of one stage as a figure of their own."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.attention.gate_bars import LEVELS, Order, gate_bars
from cnnattn.figures.kit.frame import RIGHT, WIDTH, bands, figure

TITLE, BARS, TICKS = 26, 130, 26  # heights in pixels


def gate_chart(
    gates: np.ndarray,
    hovers: Sequence[str],
    colour: str,
    *,
    title: str = "",
    mean_label: str = "{mean:.2f}",
    order: Order = "weight",
    deviation: bool = True,
    selected: int | None = None,
    width: float = WIDTH,
    uirevision: str = "gates",
) -> go.Figure:
    """A bar per channel for ``gates`` (C,), from 0 to 1 or, with ``deviation``, from their mean.

    Bars carry their channel's number as ``customdata``; that of number ``selected`` stands out.
    """
    rows = bands([TITLE, BARS, TICKS])
    span = (0.0, 1.0)
    furthest = float(np.abs(gates - gates.mean()).max()) or 1.0
    bars = gate_bars(
        0,
        span,
        rows[:2],
        gates=gates,
        channels=range(len(gates)),
        hovers=hovers,
        colour=colour,
        title=title,
        mean_label=mean_label,
        order=order,
        selected=selected,
        width=width - LEVELS - RIGHT,
        deviation=furthest if deviation else None,
    )
    margin = {"l": LEVELS, "r": RIGHT, "t": 0, "b": 0}
    return figure([bars], TITLE + BARS + TICKS, uirevision, margin=margin)
