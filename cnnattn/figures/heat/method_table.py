"""Heat map methods measured on many pictures: a panel a measure, a row a method, a dot a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    TITLE,
    WIDTH,
    Part,
    Plain,
    axis_key,
    axis_name,
    figure,
    heading,
    ink,
    value_axis,
)
from cnnattn.figures.kit.palette import FAINT
from cnnattn.figures.kit.panels import SYMBOLS, Cell, across, cells, legend, repeated

ROW, LANE, AXIS, LEAST = 24, 11, 40, 300  # pixels


@dataclass(frozen=True)
class Dot:
    """One model's mean and its interval, for one method."""

    value: float
    low: float
    high: float
    hover: str


@dataclass(frozen=True)
class Measure:
    """One measure: ``dots`` (methods, models), None where there is nothing to show."""

    title: str
    dots: Sequence[Sequence[Dot | None]]


def method_table(
    measures: Sequence[Measure],
    methods: Sequence[str],
    models: Sequence[str],
    colours: Sequence[str],
    *,
    controls: int = 0,
    width: float = WIDTH,
    uirevision: str = "method table",
) -> go.Figure:
    """Dots with bars for their intervals, on axes from 0 to 1; a line parts the ``controls``, the
    last of the ``methods``, from the others. A method's name stands above its dots."""
    words, head = legend(models, colours, width)
    row = ROW + LANE * len(models)
    per_row = across(len(measures), LEAST, width)
    laid = cells(len(measures), per_row, [TITLE, row * len(methods), AXIS], width, head)
    parts = [Part(texts=[words])]
    for i, (measure, cell) in enumerate(zip(measures, laid.cells, strict=True)):
        parts.append(_panel(i, measure, cell, methods, colours, row, controls))
    return figure(parts, laid.height, uirevision)


def _panel(
    index: int,
    measure: Measure,
    cell: Cell,
    methods: Sequence[str],
    colours: Sequence[str],
    row: float,
    controls: int,
) -> Part:
    x, y = axis_name("x", index), axis_name("y", index)
    place: Plain = {"type": "scatter", "xaxis": x, "yaxis": y, "hoverinfo": "text"}
    names: Plain = place | {
        "mode": "text", "x": [0] * len(methods), "textposition": "middle right",
        "y": [i + ROW / 2 / row for i in range(len(methods))], "hoverinfo": "skip",
        "text": [ink(name) for name in methods], "textfont": {"size": 14},
    }  # fmt: skip
    data = [names]
    for m, (colour, n) in enumerate(zip(colours, repeated(colours), strict=True)):
        for i, dots in enumerate(measure.dots):
            dot = dots[m]
            if dot:
                height = i + (ROW + LANE * (m + 0.5)) / row
                bar = {"x": [dot.low, dot.high], "y": [height] * 2, "mode": "lines",
                       "line": {"color": colour, "width": 6}, "opacity": 0.45}  # fmt: skip
                symbol = {"color": colour, "size": 10, "symbol": SYMBOLS[n % len(SYMBOLS)]}
                mark = {"x": [dot.value], "y": [height], "mode": "markers", "marker": symbol}
                data += [place | {"hovertext": dot.hover} | more for more in (bar, mark)]
    layout = {
        axis_key("x", index): value_axis(
            cell.span, y, range=[-0.01, 1.01], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%"
        ),
        axis_key("y", index): value_axis(
            cell.bands[1], x, range=[len(methods), 0], visible=False
        ),
    }  # fmt: skip
    line = {
        "type": "line", "xref": x, "yref": y, "x0": 0, "x1": 1, "layer": "below",
        "y0": len(methods) - controls, "y1": len(methods) - controls,
        "line": {"color": FAINT, "width": 2},
    }  # fmt: skip
    title = heading(measure.title, cell.span[0], cell.bands[0][1], width=cell.width)
    return Part(data, layout, [line] if controls else [], [title])
