"""Gate weights as bars, from 0 to 1 with a dashed line at their mean, or up and down from it."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cnnattn.figures.kit.frame import (
    Part,
    Plain,
    Span,
    axis_key,
    axis_name,
    label,
    letters,
    value_axis,
    wrap,
)
from cnnattn.figures.kit.palette import FAINT, LINE
from cnnattn.figures.kit.tiles import marker_trace

LETTER = 8  # mean width of a letter in pixels
LEVELS = 52  # width in pixels of a level such as "+0.028", beside its axis

Order = Literal["channel", "weight"]


def gate_bars(
    index: int,
    span: Span,
    rows: Sequence[Span],
    *,
    gates: np.ndarray,
    channels: Sequence[int],
    hovers: Sequence[str],
    colour: str,
    title: str,
    mean_label: str,
    order: Order,
    selected: int | None,
    width: float,
    deviation: float | None = None,
    labelled: bool = True,
) -> Part:
    """Bars on axis pair ``index`` in column ``span``: the title in rows[0], the bars in rows[1].

    In a column, ``width`` pixels wide, that has no room for both, the mean stands without title.

    gates: (C,), 0…1. Sorted by channel as given, or by weight, largest first. The dashed line and
    ``mean_label``, a template with {mean}, give their mean. The bar of channel ``selected`` stands
    on a grey band. With ``deviation`` the bars go up and down from the mean, on an axis that ends
    there: gates that all lie near 0.5 look alike from 0 to 1. The axis is ``labelled`` or bare.
    """
    axis = axis_name("", index)
    ranking = np.argsort(-gates, kind="stable") if order == "weight" else np.arange(len(gates))
    numbers = [int(channels[i]) for i in ranking]
    place = list(range(len(gates)))
    mean = float(np.mean(gates))
    values = gates[ranking] if deviation is None else gates[ranking] - mean
    shown = {"marker": {"opacity": 0.8}}
    bars = {
        "type": "bar", "x": place, "y": values, "width": 0.8,
        "xaxis": f"x{axis}", "yaxis": f"y{axis}", "customdata": numbers, "hoverinfo": "skip",
        "marker": {"color": colour, "opacity": 0.8, "line": {"width": 0}},
        "selected": shown, "unselected": shown,
    }  # fmt: skip
    # A bar of weight 0.02 is too low to hit; unseen markers half way up answer for the column.
    texts = [hovers[i] for i in ranking]
    markers = marker_trace(
        place, np.full(len(gates), 0.5 if deviation is None else 0), numbers, texts, axis, colour
    )
    level = mean if deviation is None else 0.0
    line = {
        "type": "line", "xref": f"x{axis} domain", "yref": f"y{axis}", "x0": 0, "x1": 1,
        "y0": level, "y1": level, "line": {"color": LINE, "width": 2, "dash": "dash"},
    }  # fmt: skip
    band = {
        "type": "rect", "xref": f"x{axis}", "yref": f"y{axis} domain", "y0": 0, "y1": 1,
        "fillcolor": FAINT, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    marked = [band | {"x0": i - 0.5, "x1": i + 0.5} for i in place if numbers[i] == selected]
    captions = [label("╌╌ " + mean_label.format(mean=mean), span[1], rows[0][1], xanchor="right")]
    if letters(title) + letters(mean_label) < width / LETTER:
        captions.append(label(title, span[0], rows[0][1]))
    # Sorted by weight, neighbours are strangers: numbers only where each bar has room for its own.
    few = len(gates) <= 16
    step = 1 if few else 8 if len(gates) <= 64 else 16
    while step * width / len(gates) < (len(str(max(numbers))) + 1) * LETTER:
        step *= 2
    ticks = place[::step] if few or order == "channel" else place[:0]
    return Part(
        [bars, markers],
        _axes(
            index,
            span,
            rows[1],
            ticks,
            [str(numbers[i]) for i in ticks],
            deviation,
            len(gates),
            labelled,
        ),
        [*marked, line],
        captions,
    )


def gate_note(
    index: int,
    span: Span,
    rows: Sequence[Span],
    note: str,
    width: float,
    ticked: bool = True,
    taken: float = 0.0,
) -> Part:
    """The same axes with ``note`` in the middle, for a model that has no gates.

    The column is ``width`` pixels wide, of which the next one's labels take those ``taken``; 0 and
    1 are written at its axis if ``ticked`` and first.
    """
    text = label(
        wrap(note, min(44, max(8, int(width - taken) // LETTER))),
        sum(span) / 2,
        sum(rows[1]) / 2,
        xshift=-taken / 2,
        xanchor="center",
        yanchor="middle",
        align="center",
    )
    axis = axis_name("", index)
    # Plotly leaves out axes that no trace uses.
    nothing = {"type": "scatter", "x": [0], "y": [None], "xaxis": f"x{axis}", "yaxis": f"y{axis}"}
    axes = _axes(index, span, rows[1], labelled=ticked and span[0] == 0)
    if not ticked:
        axes[axis_key("y", index)] |= {"tickvals": [], "ticktext": []}
    return Part([nothing], axes, [], [text])


def _axes(
    index: int,
    span: Span,
    row: Span,
    ticks: Sequence[int] = (),
    names: Sequence[str] = (),
    deviation: float | None = None,
    count: int = 0,
    labelled: bool = True,
) -> Plain:
    x, y = axis_name("x", index), axis_name("y", index)
    if deviation is None:
        low, high, levels = 0.0, 1.0, [0.0, 0.5, 1.0] if count else [0.0, 1.0]
        texts = [f"{level:g}" for level in levels]
    else:
        low, high, levels = -deviation, deviation, [-deviation, 0.0, deviation]
        texts = [f"{level:+.2g}" if level else "0" for level in levels]
    edge = 0.02 * (high - low)
    horizontal = value_axis(
        span, y, range=[-0.5, count - 0.5], tickvals=ticks, ticktext=names, showgrid=False
    )
    vertical = value_axis(
        row,
        x,
        range=[low - edge, high + edge],
        tickvals=levels,
        ticktext=texts,
        showticklabels=labelled,
    )
    return {axis_key("x", index): horizontal, axis_key("y", index): vertical}
