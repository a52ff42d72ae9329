"""A convolution's own weights as tiles."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    LEFT,
    PAD,
    RIGHT,
    TITLE,
    WIDTH,
    Part,
    bands,
    figure,
    fitted,
    heading,
    square_axes,
)
from cnnattn.figures.kit.palette import NEUTRAL
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import (
    Mosaic,
    colour_axes,
    grid_shape,
    heat_trace,
    marker_trace,
    mosaic,
    scale_of,
)
from cnnattn.figures.maps.channel_grid import frame_around

COLOUR_BAR = 48  # height in pixels
LARGEST = 60  # pixels a tile may be wide


def rgb_kernels(
    weights: np.ndarray,
    hovers: Sequence[str],
    *,
    title: str = "",
    selected: int | None = None,
    width: float = WIDTH,
    uirevision: str = "kernels",
) -> go.Figure:
    """The kernels (C, 3, h, w) of a layer that looks at a colour picture, as colour tiles.

    Each kernel is divided by its own max|w|: mid-grey is 0, its strongest weight is at 0 or 255.
    Tiles carry their channel as ``customdata``; that of ``selected`` is framed.
    """
    tiles = mosaic(rgb_tiles(weights), grid_shape(len(weights)))
    picture = picture_on(png_uri(tiles.picture, sharp=300), tiles.width, tiles.height)
    height, parts = _frame(tiles, weights.shape[2:], hovers, title, selected, width, 4)
    return figure([Part(images=[picture]), *parts], height, uirevision)


def rgb_tiles(weights: np.ndarray) -> np.ndarray:
    """(C, 3, h, w) as uint8 (C, h, w, 4), each kernel symmetric around mid-grey, opaque."""
    most = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    colours = np.rint(127.5 + 127.5 * weights / np.where(most > 0, most, 1))
    opaque = np.full_like(colours[:, :1], 255)
    return np.concatenate([colours, opaque], axis=1).astype(np.uint8).transpose(0, 2, 3, 1)


def kernels(
    weights: np.ndarray,
    hovers: Sequence[str],
    *,
    title: str = "",
    value_title: str = "",
    selected: int | None = None,
    width: float = WIDTH,
    uirevision: str = "kernels",
) -> go.Figure:
    """Slices (C, h, w) of a convolution's weights, blue below 0 and red above, on one scale.

    Tiles carry their index as ``customdata``; that of ``selected`` is framed.
    """
    scale = scale_of([weights], signed=True)
    tiles = mosaic(scale.levels(weights), grid_shape(len(weights)))
    height, parts = _frame(tiles, weights.shape[1:], hovers, title, selected, width, COLOUR_BAR)
    across = min(1.0, LARGEST * len(tiles.horizontal.centres) / (width - LEFT - RIGHT))
    bar = colour_axes(
        [scale], [(0.0, across)], COLOUR_BAR / height, value_title, width, shared=False
    )
    return figure([Part([heat_trace(tiles, "", "coloraxis")]), bar, *parts], height, uirevision)


def _frame(
    tiles: Mosaic,
    size: tuple[int, ...],
    hovers: Sequence[str],
    title: str,
    selected: int | None,
    width: float,
    bottom: float,
) -> tuple[float, list[Part]]:
    """Height of the figure in pixels, and all of it but the tiles themselves."""
    columns, count = len(tiles.horizontal.centres), len(hovers)
    across = min(width - LEFT - RIGHT, LARGEST * columns)
    heights = [TITLE, fitted(tiles.width, tiles.height, across, PAD), bottom]
    rows = bands(heights)
    x, y = tiles.centres(count)
    markers = marker_trace(x, y, range(count), hovers, "", NEUTRAL)
    axes = square_axes(0, (0.0, 1.0), rows[1], tiles.width, tiles.height, pad=PAD)
    shapes = [] if selected is None else frame_around(x[selected], y[selected], size, "")
    text = heading(title, 0, rows[0][1])
    return sum(heights), [Part([markers], axes, shapes, [text])]
