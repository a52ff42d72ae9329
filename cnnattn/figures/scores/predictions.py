"""The most probable classes as bars: one figure for the row, a column a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    Span,
    axis_key,
    axis_name,
    figure,
    heading,
    ink,
    value_axis,
)
from cnnattn.figures.kit.palette import FAINT, NEUTRAL, RIGHT, WRONG
from cnnattn.figures.kit.panels import cells

ROW, BOTTOM = 29, 4  # heights in pixels


@dataclass(frozen=True)
class Prediction:
    """One class as one model sees it; probability 0…1, and the same in words.

    ``mark`` is drawn before the label.
    """

    label: str
    probability: float
    share: str = ""
    is_true: bool = False
    is_predicted: bool = False
    mark: str = ""
    is_judged: bool = True  # whether the true class is known, so that there is right and wrong


@dataclass(frozen=True)
class PredictionColumn:
    """One model's predictions, most probable first."""

    title: str
    colour: str
    predictions: Sequence[Prediction]


def predictions(
    models: Sequence[PredictionColumn],
    *,
    per_row: int | None = None,
    width: float = WIDTH,
    uirevision: str = "predictions",
) -> go.Figure:
    """Bars from 0 to 100 %, all columns on the same axis; the true class is in the colour for
    right, a predicted one that is not true in that for wrong, the others, and all where nobody
    knows what is true, are grey. Columns stand side by side, or ``per_row`` of them.

    Labels stand on the bars, so that a long name takes no room from them on a narrow page."""
    count = max(len(model.predictions) for model in models)
    places = cells(len(models), per_row or len(models), [TITLE, ROW * count, BOTTOM], width)
    parts = [
        _column(model, i, cell.span, cell.bands, count, places.column)
        for i, (model, cell) in enumerate(zip(models, places.cells, strict=True))
    ]
    return figure(parts, places.height, uirevision, hoverdistance=20)


def _column(
    model: PredictionColumn,
    index: int,
    span: Span,
    rows: Sequence[Span],
    count: int,
    width: float,
) -> Part:
    shown = model.predictions
    axis, place = axis_name("", index), list(range(len(shown)))
    axes = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
    names = [f"{p.mark} {p.label}".strip() for p in shown]
    names = [f"<b>{n}</b>" if p.is_predicted else n for n, p in zip(names, shown, strict=True)]
    bars = {
        "type": "bar", "orientation": "h", "x": [p.probability for p in shown], "y": place,
        "width": 0.84, "marker": {"color": [_colour(p) for p in shown], "opacity": 0.55}, **axes,
        "customdata": [p.label for p in shown], "hoverinfo": "text",
        "hovertext": [f"{p.label}: {100 * p.probability:.2f}%" for p in shown],
    }  # fmt: skip
    words: Plain = {"type": "scatter", "mode": "text", "y": place, "hoverinfo": "skip", **axes}
    words["textfont"] = {"size": FONT}
    left = words | {"x": [0.01] * len(shown), "textposition": "middle right"}
    right = words | {"x": [1.0] * len(shown), "textposition": "middle left"}
    left["text"], right["text"] = [ink(name) for name in names], [ink(p.share) for p in shown]
    x, y = axis_name("x", index), axis_name("y", index)
    layout = {
        axis_key("x", index): value_axis(
            span, y, range=[0, 1.0], tickvals=[0, 0.25, 0.5, 0.75, 1], showticklabels=False
        ),
        axis_key("y", index): value_axis(
            rows[1], x, range=[count - 0.5, -0.5], showticklabels=False, showgrid=False
        ),
    }
    # The empty rail shows what 100 % would be.
    rail = {
        "type": "rect", "xref": x, "yref": y, "x0": 0, "x1": 1, "layer": "below",
        "line": {"width": 0}, "fillcolor": FAINT, "opacity": 0.4,
    }  # fmt: skip
    rails = [rail | {"y0": i - 0.42, "y1": i + 0.42} for i in place]
    title = heading(model.title, span[0], rows[0][1], model.colour, width)
    return Part([bars, left, right], layout, rails, [title])


def _colour(prediction: Prediction) -> str:
    if prediction.is_true:
        return RIGHT
    return WRONG if prediction.is_predicted and prediction.is_judged else NEUTRAL
