"""The way through a network, drawn small: a box a layer, to be clicked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    LEFT,
    RIGHT,
    WIDTH,
    Part,
    Plain,
    bands,
    figure,
    label,
)
from cnnattn.figures.kit.palette import FAINT, LINE
from cnnattn.figures.kit.tiles import marker_trace

KIND_COLOURS: dict[str, str] = {
    "conv": "#0072B2",
    "bn": "#56B4E9",
    "relu": "#009E73",
    "attention": "#D55E00",
    "pool": "#999933",
    "linear": "#8A3FFC",
}
OTHER = "#8A94A3"
LINE_HEIGHT, BOXES, SIZES = 20, 110, 44  # heights in pixels
LETTER = 8  # mean width of a letter in pixels
SLANTED = 18  # pixels from one slanted label to the next, so that they do not touch


@dataclass(frozen=True)
class PathLayer:
    """One layer: its name, what is written above its box, its output's size, its kind."""

    name: str
    label: str
    channels: int
    height: int
    width: int
    kind: str
    hover: str = ""


def network_path(
    layers: Sequence[PathLayer],
    *,
    selected: str | None = None,
    width: float = WIDTH,
    uirevision: str = "path",
) -> go.Figure:
    """Boxes from left to right, in the colour of their kind; a box's height stands for the square
    root of the map's height, its thickness for that of the number of channels.

    Labels may be empty. Channels and size are written below a box where they change and there is
    room. A click gives the layer's name as
    ``customdata``; layer ``selected`` is framed.
    """
    count = len(layers)
    room = (width - LEFT - RIGHT) / count
    longest = max(len(layer.label) for layer in layers) * LETTER
    upright = longest <= room
    row_heights = [LINE_HEIGHT + 4 if upright else 0.72 * longest + LINE_HEIGHT, BOXES, SIZES]
    rows = bands(row_heights)
    tallest = max(math.sqrt(layer.height) for layer in layers)
    thickest = max(math.sqrt(layer.channels) for layer in layers)
    heights = [0.06 + 0.9 * math.sqrt(layer.height) / tallest for layer in layers]
    widths = [0.1 + 0.75 * math.sqrt(layer.channels) / thickest for layer in layers]
    place, names = list(range(count)), [layer.name for layer in layers]
    boxes = {
        "type": "bar", "x": place, "y": heights, "base": [-height / 2 for height in heights],
        "width": widths, "hoverinfo": "skip",
        "marker": {"color": [KIND_COLOURS.get(layer.kind, OTHER) for layer in layers]},
        "selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}},
    }  # fmt: skip
    markers = marker_trace(
        place, np.zeros(count), names, [layer.hover for layer in layers], "", OTHER
    )
    way = {
        "type": "line", "x0": 0, "x1": count - 1, "y0": 0, "y1": 0, "layer": "below",
        "line": {"color": LINE, "width": 2},
    }  # fmt: skip
    chosen = [
        {
            "type": "rect", "x0": i - 0.48, "x1": i + 0.48, "y0": -0.52, "y1": 0.52,
            "line": {"color": LINE, "width": 2}, "fillcolor": FAINT, "layer": "below",
        }
        for i, layer in enumerate(layers) if layer.name == selected
    ]  # fmt: skip
    turn = {"xanchor": "center"} if upright else {"textangle": -45, "xshift": -8}
    shown = _apart([layer.label for layer in layers], 1 if upright else math.ceil(SLANTED / room))
    texts = [
        label(name, i, rows[0][0], xref="x", yanchor="bottom", **turn) for i, name in shown.items()
    ]
    texts += _sizes(layers, room, rows[2][1])
    hidden = {"visible": False, "fixedrange": True}
    beyond = 0 if upright else 0.7 * len(layers[-1].label) * LETTER / room  # of the last label
    axes = {
        "xaxis": hidden | {"range": [-0.55, count - 0.45 + beyond]},
        "yaxis": hidden | {"range": [-0.53, 0.53], "domain": list(rows[1])},
    }
    part = Part([boxes, markers], axes, [*chosen, way], texts)
    return figure([part], sum(row_heights), uirevision)


def _apart(names: Sequence[str], least: int) -> dict[int, str]:
    """Place -> name of those not empty that stand at least ``least`` places behind the last one."""
    shown: dict[int, str] = {}
    for i, name in enumerate(names):
        if name and (not shown or i - max(shown) >= least):
            shown[i] = name
    return shown


def _sizes(layers: Sequence[PathLayer], room: float, y: float) -> list[Plain]:
    """Below the boxes, ``room`` pixels each: the sizes where they change, none over another."""
    sizes = [_size(layer) for layer in layers]
    if max(map(len, sizes)) * LETTER > room:
        sizes = [size.replace("×", "×<br>", 1) for size in sizes]
    breadth = max(len(line) for size in sizes for line in size.split("<br>")) * LETTER
    texts, free_from = [], 0.0
    for i, (size, before) in enumerate(zip(sizes, ["", *sizes], strict=False)):
        if size != before and i * room >= free_from:
            texts.append(label(size, i, y, xref="x", xanchor="center", align="center"))
            free_from = i * room + breadth
    return texts


def _size(layer: PathLayer) -> str:
    """Channels×height×width, or the channels alone where there is no map."""
    if layer.height == layer.width == 1:
        return str(layer.channels)
    return f"{layer.channels}×{layer.height}×{layer.width}"
