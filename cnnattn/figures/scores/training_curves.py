"""How training went: the loss of every iteration, and what each epoch measured, run over run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    RIGHT,
    TITLE,
    Part,
    Plain,
    Span,
    axis_key,
    axis_name,
    bands,
    columns,
    figure,
    ink,
    label,
    letters,
    value_axis,
    wrap,
)
from cnnattn.figures.kit.palette import ATTENTION_COLOURS

Array = np.ndarray
COLUMNS = 1000  # of pixels that a line of iterations is thinned for
MARGIN = {"l": 62, "r": RIGHT, "t": 0, "b": 0}
AXIS, LOSS, RATE, EPOCHS = 48, 250, 80, 230  # sizes in pixels
GAP = 6  # letters between two names of the legend


@dataclass(frozen=True)
class RunCurves:
    """What one run has told so far."""

    title: str
    colour: str
    iterations: Array  # (I,) rising, from 1
    losses: Array  # (I,) in nats; not finite where training broke
    rates: Array  # (I,) learning rates
    total: int  # iterations of the whole run
    epochs: Sequence[int] = ()  # (E,)
    measured: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """(E,) each: "train_loss", "test_loss" in nats, "train_accuracy", "test_accuracy" in 0 … 1."""


def thin(x: Array, y: Array, end: float, columns: int = COLUMNS) -> Array:
    """Indices, rising, of the points that a line of finite (x, y) needs on so many pixel columns.

    Of the columns that 0 … ``end`` is cut into, each keeps its lowest and its highest point, so no
    peak is lost; the line's first and last point stay too. At most 2 · columns + 2 indices.
    """
    if not len(x):
        return np.empty(0, np.intp)
    column = np.minimum(x * (columns / max(end, 1)), columns - 1).astype(np.int64)
    order = np.lexsort((y, column))  # by column, in it by height
    edge = np.flatnonzero(np.diff(column[order])) + 1
    lowest, highest = order[np.r_[0, edge]], order[np.r_[edge - 1, len(order) - 1]]
    return np.unique(np.concatenate([lowest, highest, [0, len(x) - 1]]))


def trailing_mean(y: Array, window: int) -> Array:
    """The mean of each value and those before it, ``window`` in all (fewer at the start)."""
    sums = np.concatenate([[0.0], np.cumsum(y, dtype=np.float64)])
    last = np.arange(1, len(y) + 1)
    first = np.maximum(last - window, 0)
    return (sums[last] - sums[first]) / (last - first)


def smoothing_window(total: int) -> int:
    """How many iterations the smoothed line of a run of ``total`` averages: a hundredth, 5 or more.

    It goes by the whole run, so that what is drawn does not change while the run goes on.
    """
    return max(5, round(total / 100))


def run_colours(kinds: Sequence[str]) -> list[str]:
    """A colour a run: the first of its attention gets that one's own, the others what is free."""
    taken = {ATTENTION_COLOURS[kind] for kind in kinds}
    others = [colour for colour in ATTENTION_COLOURS.values() if colour not in taken]
    free = cycle(others or ATTENTION_COLOURS.values())
    return [
        ATTENTION_COLOURS[kind] if kind not in kinds[:i] else next(free)
        for i, kind in enumerate(kinds)
    ]


def iteration_curves(
    runs: Sequence[RunCurves],
    *,
    loss_title: str = "",
    rate_title: str = "",
    x_title: str = "",
    hover: str = "{title}<br>%{x}: %{y:.4f}",
    mean_hover: str = "{title}<br>%{x}: %{y:.4f}",
    rate_hover: str = "{title}<br>%{x}: %{y:.4g}",
    width: float = 1040,
    uirevision: str = "iterations",
) -> go.Figure:
    """The loss of every iteration, faint, under its trailing mean; below it the learning rate.

    The hovers are templates with {title}; Plotly fills in %{x}, the iteration, and %{y}. The x axis
    spans the longest run from its start, so that a line grows without moving.
    """
    names = _legend(runs, width)
    heights = [len(names) * TITLE, TITLE, LOSS, TITLE, RATE, AXIS]
    band = bands(heights)
    end = max(1, *(run.total for run in runs))
    traces: list[Plain] = []
    for run in runs:
        known = np.isfinite(run.losses)
        x, y = run.iterations[known], run.losses[known]
        mean = trailing_mean(y, smoothing_window(run.total))
        kept, smooth = thin(x, y, end), thin(x, mean, end, COLUMNS // 2)
        steps = _corners(run.rates)
        raw = {"width": 1, "color": run.colour}
        thick = {"width": 2.5, "color": run.colour}
        traces += [
            _line(x[kept], y[kept], raw, 0, run, hover) | {"opacity": 0.45},
            _line(x[smooth], mean[smooth], thick, 0, run, mean_hover),
            _line(run.iterations[steps], run.rates[steps], raw | {"width": 2}, 1, run, rate_hover),
        ]
    time = {"range": [0, end], "fixedrange": False, "nticks": max(3, round(width / 110))}
    empty = {} if any(len(run.losses) for run in runs) else {"range": [0, 2.5]}
    axes = {
        "xaxis": value_axis((0, 1), "y", showticklabels=False, **time),
        "xaxis2": value_axis((0, 1), "y2", title=_title(x_title), matches="x", **time),
        "yaxis": value_axis(band[2], "x", fixedrange=False, rangemode="tozero", nticks=6, **empty),
        "yaxis2": value_axis(band[4], "x2", rangemode="tozero", nticks=4, tickformat="~g"),
    }
    texts = [_over(loss_title, 0, band[1]), _over(rate_title, 0, band[3])]
    part = Part(traces, axes, [], [*names, *texts])
    return figure([part], sum(heights), uirevision, margin=MARGIN)


def epoch_curves(
    runs: Sequence[RunCurves],
    *,
    accuracy_title: str = "",
    loss_title: str = "",
    x_title: str = "",
    accuracy_hover: Mapping[str, str] | None = None,
    loss_hover: Mapping[str, str] | None = None,
    note: str = "",
    total: int = 1,
    width: float = 1040,
    uirevision: str = "epochs",
) -> go.Figure:
    """Accuracy and loss by epoch, 1 … ``total``: of the test set solid, of training dotted.

    The hovers are templates with {title} for "train" and for "test". ``note`` stands in the panel
    of the accuracy, where nobody who reads the accuracy can miss it. On a narrow page the two
    stand one below the other.
    """
    names = _legend(runs, width)
    narrow = width < 560
    panel = [TITLE, EPOCHS, AXIS]
    heights = [len(names) * TITLE, *(panel * 2 if narrow else panel)]
    band = bands(heights)
    spans = [(0.0, 1.0)] * 2 if narrow else columns(2, 0.08)
    traces: list[Plain] = []
    axes: Plain = {}
    texts = []
    step = _step(total, 4 if narrow else 8)
    for i, (kind, title) in enumerate((("accuracy", accuracy_title), ("loss", loss_title))):
        hovers = (accuracy_hover if kind == "accuracy" else loss_hover) or {}
        at = 1 + 3 * i if narrow else 1
        for run in runs:
            for split, dash in (("train", "dot"), ("test", "solid")):
                y = np.asarray(run.measured.get(f"{split}_{kind}", ()), float)
                hover = hovers.get(split, "{title}<br>%{x}: %{y}")
                line = {"color": run.colour, "width": 2, "dash": dash}
                trace = _line(np.asarray(run.epochs), y, line, i, run, hover)
                marker = {"size": 6 if split == "test" else 4, "color": run.colour}
                traces.append(trace | {"mode": "lines+markers", "marker": marker})
        axes[axis_key("x", i)] = value_axis(
            spans[i],
            axis_name("y", i),
            title=_title(x_title),
            fixedrange=False,
            range=[0.5, total + 0.5],
            tick0=step,
            dtick=step,
        )
        # Around nothing, Plotly would draw an axis from -1 to 4.
        begun = any(run.measured.get(f"test_{kind}") for run in runs)
        axes[axis_key("y", i)] = value_axis(
            band[at + 1],
            axis_name("x", i),
            fixedrange=False,
            nticks=6,
            tickformat=".0~%" if kind == "accuracy" else "~g",
            **({} if begun else {"range": [0, 1 if kind == "accuracy" else 2.5]}),
        )
        texts.append(_over(title, spans[i][0], band[at]))
        if note and kind == "accuracy":
            texts.append(
                label(
                    f"<b>{wrap(note, 34)}</b>",
                    spans[i][1],
                    band[at + 1][0],
                    xanchor="right",
                    yanchor="bottom",
                    align="right",
                    xshift=-8,
                    yshift=8,
                )
            )
    return figure(
        [Part(traces, axes, [], [*names, *texts])], sum(heights), uirevision, margin=MARGIN
    )


def _line(x: Array, y: Array, line: Plain, axis: int, run: RunCurves, hover: str) -> Plain:
    return {
        "type": "scatter", "mode": "lines", "x": x.astype(np.int32), "y": y.astype(np.float32),
        "xaxis": axis_name("x", axis), "yaxis": axis_name("y", axis), "line": line,
        "hovertemplate": hover.replace("{title}", run.title) + "<extra></extra>",
    }  # fmt: skip


def _corners(values: Array) -> Array:
    """Indices between which the values run straight: a schedule needs few points."""
    if len(values) < 3:
        return np.arange(len(values))
    bend = np.abs(np.diff(values, 2))
    kept = np.flatnonzero(bend > 1e-6 * np.abs(values).max()) + 1
    if len(kept) > COLUMNS:  # a smooth curve bends everywhere
        kept = kept[:: -(-len(kept) // COLUMNS)]
    return np.concatenate([[0], kept, [len(values) - 1]])


def _legend(runs: Sequence[RunCurves], width: float) -> list[Plain]:
    """A line of each colour with its run's name, one after the other, in as many rows as needed."""
    rows: list[list[RunCurves]] = [[]]
    for run in runs:
        if rows[-1] and sum(map(_entry_width, [*rows[-1], run])) > width:
            rows.append([])
        rows[-1].append(run)
    entries = [
        (GAP * "\u00a0").join(
            f"<span style='color:{run.colour}'><b>━━</b></span> {ink(run.title)}" for run in row
        )
        for row in rows
    ]
    return [
        label("", 0, 1, yshift=-TITLE * i) | {"text": text}
        for i, text in enumerate(entries)
        if text
    ]


def _entry_width(run: RunCurves) -> float:
    """About how many pixels a name with its line and the gap after it take."""
    return 0.58 * FONT * (letters(run.title) + GAP) + 2.5 * FONT


def _over(text: str, x: float, band: Span) -> Plain:
    return label(text, x, band[1], yshift=-4)


def _step(total: int, most: int) -> int:
    """A round step that divides 1 … ``total`` into at most about ``most`` parts."""
    steps = (factor * 10**power for power in range(9) for factor in (1, 2, 5))
    return next(step for step in steps if total / step <= most)


def _title(text: str) -> Plain:
    return {"text": ink(text), "font": {"size": FONT}, "standoff": 6}
