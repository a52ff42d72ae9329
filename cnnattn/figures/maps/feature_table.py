"""The tutorials' figure of feature maps: pictures as rows, the stages of a network as columns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    TITLE,
    WIDTH,
    Part,
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
from cnnattn.figures.kit.palette import NEUTRAL
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import (
    Mosaic,
    Scale,
    colour_axes,
    colour_axis,
    gap_of,
    heat_trace,
    lay,
    marker_trace,
    repeats,
    ruler,
    scale_of,
)

COLOUR_BAR = 48  # height in pixels
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
    width: float = WIDTH,
    uirevision: str = "feature maps",
) -> go.Figure:
    """Each picture (uint8, (H, W, 3), square) with its name, then its maps, a small mosaic a stage.

    A stage has one colour scale and a colour bar; with ``shared_scale`` off every tile runs
    through all colours by itself, and there is none. Tiles carry [picture, channel] as
    ``customdata``. A cell is at most ``largest`` pixels wide.
    """
    spans = columns(1 + len(stages), 0.02)
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
    for i, (stage, tiles, span) in enumerate(zip(stages, mosaics, spans[1:], strict=True)):
        axis = axis_name("", i + 1)
        x, y = _centres(stage, tiles)
        numbers = [
            [p, int(channel)] for p, channels in enumerate(stage.channels) for channel in channels
        ]
        hovers = [text for texts in stage.hovers for text in texts]
        traces = [
            heat_trace(tiles, axis, axis_name("coloraxis", i)),
            marker_trace(x, y, numbers, hovers, axis, NEUTRAL),
        ]
        axes = square_axes(i + 1, span, rows[1], tiles.width, tiles.height)
        title = heading(stage.title, span[0], rows[0][1])
        parts.append(Part(traces, axes, texts=[title]))
    if shared_scale:
        used = min(1.0, side / column_width(width, spans[0]))
        bars = [(span[0], span[0] + used * (span[1] - span[0])) for span in spans[1:]]
        parts.append(colour_axes(scales, bars, rows[2][1], "", width, shared=False))
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


def _pictures(
    pictures: Sequence[np.ndarray],
    names: Sequence[str],
    title: str,
    first: Mosaic,
    span: Span,
    rows: Sequence[Span],
) -> Part:
    """The first column, on the units of the first stage, so that its rows meet those."""
    down = first.vertical.centres.reshape(len(pictures), -1)
    half = first.vertical.centres[0]
    tops, size = down[:, 0] - half, down[0, -1] + half
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
