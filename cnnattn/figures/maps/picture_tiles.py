"""Small pictures as tiles: one for each channel, or several for one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    PAD,
    TITLE,
    WIDTH,
    Part,
    Plain,
    axis_name,
    bands,
    column_width,
    columns,
    figure,
    fitted,
    heading,
    square_axes,
)
from cnnattn.figures.kit.palette import NEUTRAL
from cnnattn.figures.kit.panels import across
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import Mosaic, grid_shape, marker_trace, mosaic
from cnnattn.figures.maps.channel_grid import frame_around

BOTTOM = 8  # pixels
LEAST = 330  # pixels that a panel needs to stand beside another


@dataclass(frozen=True)
class Tiles:
    """A panel: pictures uint8 (N, H, W, 3), or (N, H, W, 4) with alpha, what a click on each tells,
    its hover; ``boxes`` int (N, 4) are drawn on it: top, bottom, left and right, in its pixels."""

    title: str
    pictures: np.ndarray
    numbers: Sequence[int]
    hovers: Sequence[str]
    boxes: np.ndarray | None = None
    in_a_row: int | None = None
    largest: float = 90  # pixels that a tile may be wide


def picture_tiles(
    panels: Sequence[Tiles],
    *,
    selected: int | None = None,
    least: float = LEAST,
    width: float = WIDTH,
    uirevision: str = "pictures",
) -> go.Figure:
    """Panels of tiles, side by side where each has at least so many pixels, else below each other.

    Tiles carry their number as ``customdata``; that of ``selected`` is framed.
    """
    per_row = across(len(panels), least, width)
    spans, rows = columns(per_row), -(-len(panels) // per_row)
    drawn = [_drawn(panel) for panel in panels]
    column = column_width(width, spans[0])
    sizes = [
        min(column, panel.largest * tiles.horizontal.centres.size)
        for panel, (tiles, _uri) in zip(panels, drawn, strict=True)
    ]
    tall = [
        fitted(tiles.width, tiles.height, size, PAD)
        for (tiles, _uri), size in zip(drawn, sizes, strict=True)
    ]
    heights: list[float] = []
    for row in range(rows):
        heights += [TITLE, max(tall[row * per_row : (row + 1) * per_row]), BOTTOM]
    band = bands(heights)
    parts = []
    for i, (panel, (tiles, uri), size) in enumerate(zip(panels, drawn, sizes, strict=True)):
        span, place = spans[i % per_row], band[3 * (i // per_row) :]
        end = span[0] + (span[1] - span[0]) * size / column
        axis = axis_name("", i)
        x, y = tiles.centres(len(panel.pictures))
        shapes = _boxes(panel, x, y, axis)
        if selected is not None and selected in panel.numbers:
            at = list(panel.numbers).index(selected)
            shapes += frame_around(x[at], y[at], panel.pictures.shape[1:3], axis)
        parts.append(
            Part(
                [marker_trace(x, y, panel.numbers, panel.hovers, axis, NEUTRAL)],
                square_axes(i, (span[0], end), place[1], tiles.width, tiles.height, pad=PAD),
                shapes,
                [heading(panel.title, span[0], place[0][1], width=column)],
                [picture_on(uri, tiles.width, tiles.height, axis)],
            )
        )
    return figure(parts, sum(heights), uirevision)


def _drawn(panel: Tiles) -> tuple[Mosaic, str]:
    pictures = panel.pictures
    if pictures.shape[3] == 3:
        pictures = np.concatenate([pictures, np.full_like(pictures[..., :1], 255)], 3)
    count = len(pictures)
    shape = grid_shape(count)
    if panel.in_a_row:
        shape = (-(-count // panel.in_a_row), min(count, panel.in_a_row))
    tiles = mosaic(pictures, shape)
    return tiles, png_uri(tiles.picture, sharp=400)


def _boxes(panel: Tiles, x: np.ndarray, y: np.ndarray, axis: str) -> list[Plain]:
    """A thin white line in a black one around each box, cut off at the picture's edge."""
    height, width = panel.pictures.shape[1:3]
    shapes: list[Plain] = []
    if panel.boxes is None:
        return shapes
    ends = panel.boxes.clip(0, [height, height, width, width])
    for at_x, at_y, (top, bottom, left, right) in zip(x, y, ends, strict=True):
        size = (bottom - top, right - left)
        middle = (left + size[1] / 2 - width / 2, top + size[0] / 2 - height / 2)
        frame = frame_around(at_x + middle[0], at_y + middle[1], size, axis)
        shapes += [
            edge | {"line": edge["line"] | {"width": thin}}
            for edge, thin in zip(frame, (4, 2), strict=True)
        ]
    return shapes
