"""The tutorials' figure of feature maps: pictures as rows, the stages of a network as columns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.heat.style import heat_ticks
from cnnattn.figures.kit.frame import (
    FONT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    Span,
    axis_name,
    bands,
    column_width,
    columns,
    figure,
    heading,
    label,
    square_axes,
)
from cnnattn.figures.kit.palette import JET, NEUTRAL, colour_scale
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import (
    Mosaic,
    Scale,
    colour_axes,
    colour_axis,
    colour_bar,
    gap_of,
    heat_trace,
    lay,
    marker_trace,
    repeats,
    ruler,
    scale_of,
)

COLOUR_BAR = 48  # height in pixels
BAR_INSET = 12  # pixels by which it is shorter at each end: the numbers there reach beyond it
SHADOW = "0 0 3px black, 0 0 2px black"
ROW_GAP = 3  # how many gaps more there are between two pictures' cells than between tiles


@dataclass(frozen=True)
class StageMaps:
    """One column: k maps of every picture, the numbers of their channels, and hover texts."""

    title: str
    maps: np.ndarray  # float (pictures, k, H, W)
    channels: np.ndarray  # int (pictures, k)
    hovers: Sequence[Sequence[str]]  # HTML, (pictures, k)


def feature_maps(
    pictures: Sequence[np.ndarray],
    stages: Sequence[StageMaps],
    *,
    picture_title: str = "",
    names: Sequence[str] = (),
    value_title: str = "",
    shared_scale: bool = True,
    smooth: bool = False,
    percentile: float = 100.0,
    largest: float = 200,
    numbers: bool = False,
    heats: Sequence[np.ndarray] = (),
    heat_title: str = "",
    width: float = WIDTH,
    uirevision: str = "feature maps",
) -> go.Figure:
    """Each picture (uint8, (H, W, 3), square) with its name, then its maps, a small mosaic a stage.

    A stage has one colour scale and a colour bar; with ``shared_scale`` off every tile runs
    through all colours by itself, and there is none. With ``numbers`` each tile has its channel's
    number on it. ``heats``, a map (h, w) a picture, stand over the pictures in a last column, the
    positive part of each from 0 to its maximum, in the rainbow of the tutorials; every other heat
    map has the look of ``figures/heat/style.py``. Tiles carry [picture, channel] as
    ``customdata``. A cell is at most ``largest`` pixels wide.
    """
    spans = columns(1 + len(stages) + bool(len(heats)), 0.02)
    scales = [scale_of([stage.maps], None, percentile) for stage in stages]
    mosaics = [
        _mosaic(stage, scale, shared_scale, smooth)
        for stage, scale in zip(stages, scales, strict=True)
    ]
    first = mosaics[0]
    side = min(largest, column_width(width, spans[0]))
    heights = [TITLE, side * first.height / first.width, COLOUR_BAR if shared_scale else 4]
    rows = bands(heights)

    parts = [_pictures(pictures, names, picture_title, first, spans[0], rows)]
    for i, (stage, tiles, span) in enumerate(zip(stages, mosaics, spans[1:], strict=False)):
        axis = axis_name("", i + 1)
        x, y = _centres(stage, tiles)
        places = [
            [p, int(channel)] for p, channels in enumerate(stage.channels) for channel in channels
        ]
        hovers = [text for texts in stage.hovers for text in texts]
        traces = [
            heat_trace(tiles, axis, axis_name("coloraxis", i)),
            marker_trace(x, y, places, hovers, axis, NEUTRAL),
        ]
        if numbers:
            traces.append(_numbers(stage, tiles, x, y, side, axis))
        axes = square_axes(i + 1, span, rows[1], tiles.width, tiles.height)
        title = heading(stage.title, span[0], rows[0][1], width=column_width(width, span))
        parts.append(Part(traces, axes, texts=[title]))
    used = min(1.0, side / column_width(width, spans[0]))
    inset = BAR_INSET / column_width(width, (0, 1))
    bars = [(span[0] + inset, span[0] + used * (span[1] - span[0]) - inset) for span in spans[1:]]
    if len(heats):
        bar = bars[-1] if shared_scale else None
        at = len(stages) + 1
        parts.append(_heats(pictures, heats, heat_title, first, at, spans[-1], rows, bar))
    if shared_scale:
        parts.append(colour_axes(scales, bars[: len(stages)], rows[2][1], "", width, shared=False))
        title = label(value_title, spans[0][1], rows[2][1], xanchor="right", yshift=-4)
        parts.append(Part(texts=[title]))
    else:
        parts += [
            Part(layout={axis_name("coloraxis", i): colour_axis(scale)})
            for i, scale in enumerate(scales)
        ]
    return figure(parts, sum(heights), uirevision)


def _grid(count: int) -> tuple[int, int]:
    """(rows, columns) of the mosaic in a cell, as square as can be."""
    across = math.ceil(math.sqrt(count))
    return math.ceil(count / across), across


def _mosaic(stage: StageMaps, scale: Scale, shared_scale: bool, smooth: bool) -> Mosaic:
    """All of a stage's cells below each other, with a wider gap between two pictures."""
    pictures, count, height, width = stage.maps.shape
    rows, across = _grid(count)
    flat = stage.maps.reshape(-1, height, width)
    own = [scale if shared_scale else scale_of([tile], scale.signed) for tile in flat]
    levels = np.stack([each.levels(tile) for each, tile in zip(own, flat, strict=True)])
    empty = np.zeros((pictures, rows * across - count, height, width), np.uint8)
    tiles = np.concatenate([levels.reshape(stage.maps.shape), empty], axis=1)
    repeat, gap = repeats(max(height, width)), gap_of(max(height, width))
    pitch = rows * (height + gap) + ROW_GAP * gap
    down = pitch * np.arange(pictures)[:, None] + (height + gap) * np.arange(rows)
    return lay(
        tiles.reshape(-1, height, width),
        ruler(down.ravel(), height, repeat, smooth),
        ruler((width + gap) * np.arange(across), width, repeat, smooth),
    )


def _centres(stage: StageMaps, tiles: Mosaic) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the middle of every tile that holds a map."""
    pictures, count = stage.maps.shape[:2]
    rows, across = _grid(count)
    x, y = tiles.centres(pictures * rows * across)
    x, y = x.reshape(pictures, -1)[:, :count], y.reshape(pictures, -1)[:, :count]
    return x.ravel(), y.ravel()


def _numbers(
    stage: StageMaps, tiles: Mosaic, x: np.ndarray, y: np.ndarray, side: float, axis: str
) -> Plain:
    """The channel's number in the top left corner of every tile, readable on any colour."""
    half = stage.maps.shape[3] / 2
    tile = side * 2 * half / tiles.width  # pixels
    return {
        "type": "scatter", "mode": "text", "x": x - 0.92 * half, "y": y - 0.62 * half,
        "text": [str(c) for c in stage.channels.ravel()], "textposition": "middle right",
        "textfont": {"size": min(FONT, max(9, tile / 4)), "color": "white", "shadow": SHADOW},
        "xaxis": f"x{axis}", "yaxis": f"y{axis}", "hoverinfo": "skip",
    }  # fmt: skip


def _heats(
    pictures: Sequence[np.ndarray],
    heats: Sequence[np.ndarray],
    title: str,
    first: Mosaic,
    index: int,
    span: Span,
    rows: Sequence[Span],
    bar: Span | None,
) -> Part:
    """A heat map over every picture, in rows that meet those of the first column, and below them
    its colours along ``bar``, if there is room for any."""
    axis, colours = axis_name("", index), axis_name("coloraxis", index)
    tops, size = _cells(len(pictures), first)
    images = [
        picture_on(png_uri(picture, sharp=160), size, size, axis, y=top)
        for picture, top in zip(pictures, tops, strict=True)
    ]
    traces = []
    for cam, top in zip(heats, tops, strict=True):
        positive = np.maximum(np.nan_to_num(cam), 0)
        dy, dx = size / cam.shape[0], size / cam.shape[1]
        traces.append(
            {
                "type": "heatmap", "z": (positive / (positive.max() or 1)).astype(np.float32),
                "x0": dx / 2, "dx": dx, "y0": top + dy / 2, "dy": dy, "zsmooth": "best",
                "xaxis": f"x{axis}", "yaxis": f"y{axis}", "coloraxis": colours, "opacity": 0.6,
                "hovertemplate": "%{z:.2f}<extra></extra>",
            }
        )  # fmt: skip
    axes = square_axes(index, span, rows[1], first.width, first.height)
    axes[colours] = {"colorscale": colour_scale(JET), "cmin": 0, "cmax": 1, "showscale": False}
    if bar is not None:
        scale, _title = colour_bar("", bar, rows[2][1], *heat_ticks(signed=False))
        axes[colours] |= {"showscale": True, "colorbar": scale}
    return Part(traces, axes, texts=[heading(title, span[0], rows[0][1])], images=images)


def _cells(count: int, first: Mosaic) -> tuple[np.ndarray, float]:
    """The top of every picture's cell, in units of the first mosaic, and a cell's height."""
    down = first.vertical.centres.reshape(count, -1)
    half = first.vertical.centres[0]
    return down[:, 0] - half, float(down[0, -1] + half)


def _pictures(
    pictures: Sequence[np.ndarray],
    names: Sequence[str],
    title: str,
    first: Mosaic,
    span: Span,
    rows: Sequence[Span],
) -> Part:
    """The first column, on the units of the first stage, so that its rows meet those."""
    tops, size = _cells(len(pictures), first)
    images = [
        picture_on(png_uri(picture, sharp=160), size, size, y=top)
        for picture, top in zip(pictures, tops, strict=True)
    ]
    at = {"xref": "paper", "yref": "y", "textangle": -90, "xanchor": "right", "yanchor": "middle"}
    texts = [
        label(name, 0, top + size / 2, **at, xshift=-4)
        for name, top in zip(names, tops, strict=False)
    ]
    texts.append(heading(title, span[0], rows[0][1]))
    # Plotly leaves out axes, and pictures on them, that no trace uses.
    nothing = {"type": "scatter", "x": [0], "y": [None], "hoverinfo": "skip"}
    axes = square_axes(0, span, rows[1], first.width, first.height)
    return Part([nothing], axes, texts=texts, images=images)
