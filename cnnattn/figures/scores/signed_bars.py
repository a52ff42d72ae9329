"""Bars above and below zero, one a channel or a class: what is lost, what is won."""

from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    RIGHT,
    WIDTH,
    Part,
    Plain,
    bands,
    figure,
    ink,
    letters,
    value_axis,
)
from cnnattn.figures.kit.palette import FAINT, LINE, NEUTRAL
from cnnattn.figures.kit.panels import within
from cnnattn.figures.kit.tiles import marker_trace

LONGEST = 180  # pixels for a name
BARS, LEFT, LETTER = 230, 76, 8  # height of the bars, room beside them, width of a letter, pixels


def signed_bars(
    values: np.ndarray,
    names: Sequence[str],
    hovers: Sequence[str],
    colour: str,
    *,
    numbers: Sequence[int] | None = None,
    marked: Collection[int] = (),
    y_title: str = "",
    x_title: str = "",
    tickformat: str = ".3~g",
    width: float = WIDTH,
    uirevision: str = "signed bars",
) -> go.Figure:
    """``values`` (n,) in the order of drawing: above 0 in ``colour``, below it grey.

    Names that have no room are left out, evenly. A click gives a bar's number as ``customdata``
    (its place, unless there are ``numbers``); bars whose number is ``marked`` stand on grey.
    """
    count = len(values)
    place = list(range(count))
    numbers = place if numbers is None else list(numbers)
    known = np.where(np.isfinite(values), values, 0)
    full = {"marker": {"opacity": 0.85}}
    bars = {
        "type": "bar", "x": place, "y": known, "width": 0.8, "hoverinfo": "skip",
        "marker": {"color": [colour if v >= 0 else NEUTRAL for v in known], "opacity": 0.85},
        "selected": full, "unselected": full,
    }  # fmt: skip
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    margin = 0.06 * (high - low) or 1.0
    # Unseen markers on the zero line answer for the whole column, however short its bar is.
    markers = marker_trace(place, np.zeros(count), numbers, hovers, "", colour)
    zero: Plain = {
        "type": "line", "xref": "x domain", "yref": "y", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
        "line": {"color": LINE, "width": 1},
    }  # fmt: skip
    column: Plain = {
        "type": "rect", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1, "layer": "below",
        "fillcolor": FAINT, "line": {"width": 0},
    }  # fmt: skip
    shapes = [
        column | {"x0": i - 0.5, "x1": i + 0.5} for i in place if numbers[i] in marked
    ]  # fmt: skip
    room = (width - LEFT - RIGHT) / max(1, count)
    names = [within(name, LONGEST) for name in names]
    longest = LETTER * max((letters(name) for name in names), default=1)
    turned = longest + 6 > room and count <= 20  # classes: no name may be missing
    step = 1
    while not turned and step * room <= longest + 6:
        step *= 2
    foot = 30 + (0.7 * longest if turned else 0) + (22 if x_title else 0)
    heights = [8, BARS, foot]
    band = bands(heights)
    axes = {
        "xaxis": value_axis(
            (0, 1), "y", range=[-0.6, count - 0.4], showgrid=False, tickvals=place[::step],
            ticktext=list(names)[::step], title=_title(x_title), tickangle=-45 if turned else 0,
        ),
        "yaxis": value_axis(
            band[1], "x", range=[low - margin, high + margin], nticks=6, tickformat=tickformat,
            title=_title(y_title),
        ),
    }  # fmt: skip
    layout = {"margin": {"l": LEFT, "r": RIGHT, "t": 0, "b": 0}}
    return figure(
        [Part([bars, markers], axes, [*shapes, zero])], sum(heights), uirevision, **layout
    )


def _title(text: str) -> Plain:
    return {"text": ink(text), "font": {"size": FONT}, "standoff": 6}
