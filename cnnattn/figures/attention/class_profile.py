"""What the gates of a stage are for each class: a heat map, lines, and one number a stage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    bands,
    figure,
    ink,
    label,
    letters,
    value_axis,
)
from cnnattn.figures.kit.palette import ATTENTION_COLOURS, FAINT, LINE
from cnnattn.figures.kit.panels import within
from cnnattn.figures.kit.tiles import colour_axis, colour_bar, scale_of

ROW, LINES, COLOUR_BAR, AXIS = 24, 210, 48, 50  # heights in pixels
LEFT, RIGHT, LETTER = 14, 12, 8  # pixels beside the class names and at the right, of a letter
CLASS_COLOURS = [colour for kind, colour in ATTENTION_COLOURS.items() if kind != "none"]
SQUARE = 34  # pixels for the colour beside the name of a chosen class, and the gap behind it
SHARES = 190
NAMES = 0.35  # of the width, at most, for the names of the classes


@dataclass(frozen=True)
class ClassGates:
    """Gates by class and channel, both in the order of drawing."""

    names: Sequence[str]  # of the classes
    channels: Sequence[int]
    values: np.ndarray  # float (classes, C), what is drawn: gates or differences
    mean: np.ndarray  # float (classes, C), 0 … 1
    spread: np.ndarray  # float (classes, C), standard deviation over the pictures of a class
    signed: bool = False  # whether ``values`` are differences around 0


def class_profile(
    gates: ClassGates,
    chosen: Sequence[int] = (),
    *,
    selected: int | None = None,
    value_title: str = "",
    x_title: str = "",
    hover: str = "{name}<br>%{customdata[0]}: %{customdata[1]:.3f} ± %{customdata[2]:.3f}",
    width: float = WIDTH,
    uirevision: str = "class profile",
) -> go.Figure:
    """Classes × channels as colours and, below on the same channels, a line a class.

    The ``chosen`` classes (rows of the values) have colours and a band of one standard deviation,
    all others are grey. ``hover`` is a template with {name}, the class, and Plotly's
    %{customdata}: channel, gate, spread. The column of channel number ``selected`` is framed.
    """
    classes, count = gates.values.shape
    hovers = [hover.replace("{name}", name) + "<extra></extra>" for name in gates.names]
    gates = replace(gates, names=[within(name, NAMES * width) for name in gates.names])
    left = LEFT + LETTER * max(map(letters, gates.names))
    room = SQUARE + LETTER * max(map(letters, gates.names))
    across = max(1, int((width - left) / room))
    name_rows = -(-len(chosen) // across) if chosen else 0
    heights = [ROW * classes + 6, COLOUR_BAR, TITLE * name_rows + 8, LINES, AXIS]
    band = bands(heights)
    place = np.arange(count)
    scale = scale_of([gates.values], gates.signed)
    details = _details(gates)
    colours: Plain = {
        "type": "heatmap", "z": gates.values.astype(np.float32), "x": place,
        "y": list(range(classes)), "coloraxis": "coloraxis", "yaxis": "y2", "xaxis": "x2",
        "customdata": np.dstack([details, np.zeros((classes, count))]),
        "text": [[name] * count for name in gates.names],
        "hovertemplate": hover.replace("{name}", "%{text}") + "<extra></extra>",
    }  # fmt: skip
    traces = [colours]
    order = [k for k in range(classes) if k not in chosen]
    for k in order:
        traces.append(
            _line(gates, k, {"color": LINE, "width": 1}, details, hovers) | {"opacity": 0.6}
        )
    names = []
    for i, k in enumerate(chosen):
        colour = CLASS_COLOURS[i % len(CLASS_COLOURS)]
        traces += [
            _band(gates, k, colour),
            _line(gates, k, {"color": colour, "width": 2.5}, details, hovers),
        ]
        square = f"<span style='color:{colour}'>■</span> {ink(gates.names[k])}"
        names.append(
            label(
                "",
                (i % across) * room / (width - left - RIGHT),
                band[2][1],
                yshift=-TITLE * (i // across),
            )
            | {"text": square}
        )
    bar, title = colour_bar(value_title, (0.0, min(1.0, 460 / width)), band[1][1], *scale.ticks(4))
    step = next(s for s in (1, 2, 4, 8, 16, 32, 64, 128, 256) if count / s <= width / 50)
    ticks = place[::step].tolist()
    x: Plain = {"range": [-0.5, count - 0.5], "tickvals": ticks}
    x |= {"fixedrange": False, "showgrid": False}
    numbers = [str(gates.channels[i]) for i in ticks]
    layout = {
        "coloraxis": colour_axis(scale, bar, levels=False),
        "xaxis": value_axis((0, 1), "y", title=_title(x_title), ticktext=numbers, **x),
        "xaxis2": value_axis((0, 1), "y2", showticklabels=False, matches="x", **x),
        "yaxis": value_axis(band[3], "x", nticks=5, tickformat=".3~g"),
        "yaxis2": value_axis(
            band[0], "x2", range=[classes - 0.5, -0.5], showgrid=False,
            tickvals=list(range(classes)), ticktext=list(gates.names),
        ),
    }  # fmt: skip
    shapes = []
    if selected is not None and selected in gates.channels:
        at = list(gates.channels).index(selected)
        frame = {"type": "rect", "x0": at - 0.5, "x1": at + 0.5, "y0": 0, "y1": 1}
        shapes = [
            frame | {"xref": "x", "yref": "y domain", "fillcolor": FAINT, "layer": "below",
                     "line": {"width": 0}},
            frame | {"xref": "x2", "yref": "y2 domain", "line": {"color": "white", "width": 2}},
        ]  # fmt: skip
    margin = {"l": left, "r": RIGHT, "t": 0, "b": 0}
    part = Part(traces, layout, shapes, [title, *names])
    return figure([part], sum(heights), uirevision, margin=margin)


def class_shares(
    names: Sequence[str],
    shares: Sequence[float],
    hovers: Sequence[str],
    colour: str,
    *,
    selected: int | None = None,
    x_title: str = "",
    percent: str = "{:.0f} %",
    uirevision: str = "class shares",
) -> go.Figure:
    """A bar a stage from 0 to 1, its number above it; that of number ``selected`` is full."""
    place = list(range(len(names)))
    known = [share if np.isfinite(share) else 0.0 for share in shares]
    texts = [ink(percent.format(100 * s)) if np.isfinite(s) else "–" for s in shares]
    bars = {
        "type": "bar", "x": place, "y": known, "width": 0.7, "text": texts,
        "textposition": "outside", "cliponaxis": False, "textfont": {"size": FONT},
        "hovertext": list(hovers), "hoverinfo": "text",
        "marker": {"color": colour, "opacity": [0.9 if i == selected else 0.55 for i in place]},
    }  # fmt: skip
    heights = [12, SHARES, AXIS if x_title else 34]
    band = bands(heights)
    axes = {
        "xaxis": value_axis((0, 1), "y", tickvals=place, ticktext=list(names), showgrid=False,
                            range=[-0.6, len(names) - 0.4], title=_title(x_title)),
        "yaxis": value_axis(band[1], "x", range=[0, 1.08], tickvals=[0, 0.25, 0.5, 0.75, 1],
                            tickformat=".0%"),
    }  # fmt: skip
    margin = {"l": 56, "r": RIGHT, "t": 0, "b": 0}
    return figure([Part([bars], axes)], sum(heights), uirevision, margin=margin)


def _details(gates: ClassGates) -> np.ndarray:
    """(classes, C, 3): channel, gate, spread."""
    channels = np.broadcast_to(np.asarray(gates.channels), gates.mean.shape)
    return np.dstack([channels, gates.mean, gates.spread]).round(5)


def _line(gates: ClassGates, k: int, line: Plain, details: np.ndarray, hovers: list[str]) -> Plain:
    # Few channels are joined by straight lines; a marker keeps a single one in sight.
    return {
        "type": "scatter", "mode": "lines" if gates.values.shape[1] > 1 else "markers",
        "x": list(range(gates.values.shape[1])), "y": gates.values[k].astype(np.float32),
        "line": line, "marker": {"color": line["color"]}, "customdata": details[k],
        "hovertemplate": hovers[k], "xaxis": "x", "yaxis": "y",
    }  # fmt: skip


def _band(gates: ClassGates, k: int, colour: str) -> Plain:
    """One standard deviation to either side of a class's line."""
    place = np.arange(gates.values.shape[1])
    low, high = gates.values[k] - gates.spread[k], gates.values[k] + gates.spread[k]
    return {
        "type": "scatter", "mode": "none", "fill": "toself", "opacity": 0.25, "fillcolor": colour,
        "x": np.concatenate([place, place[::-1]]), "xaxis": "x", "yaxis": "y",
        "y": np.concatenate([high, low[::-1]]).astype(np.float32), "hoverinfo": "skip",
    }  # fmt: skip


def _title(text: str) -> Plain:
    return {"text": ink(text), "font": {"size": FONT}, "standoff": 6}
