"""Heat maps over the picture: one figure for the row, a column a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.heat.style import Colours, heat_axis, heat_layer, heat_ticks
from cnnattn.figures.kit.frame import (
    TITLE,
    WIDTH,
    Part,
    axis_name,
    bands,
    column_width,
    columns,
    figure,
    heading,
    label,
    square_axes,
)
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import Mosaic, colour_bar, mosaic

COLOUR_BAR, ROW_GAP, LINE_HEIGHT = 48, 10, 19  # heights in pixels
NARROWEST = 100  # pixels a picture needs for its title
COLOUR_AXES = {False: "coloraxis", True: "coloraxis2"}


@dataclass(frozen=True)
class Overlay:
    """One heat map: float (h, w) at its own size; the title may have lines, parted by <br>.

    ``hover`` is a Plotly template with %{customdata}, the value, and %{z}, its share of the most.
    """

    title: str
    cam: np.ndarray
    signed: bool = False
    hover: str = "%{customdata:.4g}"


@dataclass(frozen=True)
class OverlayColumn:
    """One model's heat maps, from left to right."""

    title: str
    colour: str
    overlays: Sequence[Overlay]


def overlays(
    picture: np.ndarray,
    models: Sequence[OverlayColumn],
    *,
    smooth: bool = True,
    colours: Colours = "warm",
    value_title: str = "",
    signed_title: str = "",
    per_row: int | None = None,
    largest: float = 220,
    width: float = WIDTH,
    uirevision: str = "heat maps",
) -> go.Figure:
    """Every heat map over ``picture`` (uint8, (H, W, 3)), in its own model's column.

    The positive part of an unsigned map is divided by its maximum and drawn from 0 to 1; a signed
    one, such as a difference, is divided by max|x| and drawn from -1, blue, to 1, red; both in the
    look of ``style``. Under the pointer stands the true value. A model's maps stand ``per_row`` in
    a row, none wider than ``largest`` pixels; as many as have room for their titles unless given.
    """
    most = max(len(model.overlays) for model in models)
    spans = columns(len(models))
    column = column_width(width, spans[0])
    per_row = per_row or max(1, min(most, int(column // NARROWEST)))
    split = [
        [model.overlays[start : start + per_row] for start in range(0, most, per_row)]
        for model in models
    ]
    strips = {n: _strip(picture, n) for n in {len(row) for rows in split for row in rows} - {0}}
    widest = strips[max(strips)][0].width
    side = min(largest, column * picture.shape[0] / widest)
    lines = max(o.title.count("<br>") + 1 for model in models for o in model.overlays)
    row_heights = [lines * LINE_HEIGHT + 6, side, ROW_GAP] * len(split[0])
    heights = [TITLE, *row_heights, COLOUR_BAR]
    band = bands(heights)

    parts = []
    for i, (model, rows, span) in enumerate(zip(models, split, spans, strict=True)):
        name = heading(model.title, span[0], band[0][1], model.colour, column)
        parts.append(Part(texts=[name]))
        for j, row in enumerate(rows):
            if row:
                axis = axis_name("", i * len(rows) + j)
                titles, place = band[1 + 3 * j : 3 + 3 * j]
                tiles, uri = strips[len(row)]
                axes = square_axes(i * len(rows) + j, span, place, widest, tiles.height)
                parts += [
                    Part([], axes, images=[picture_on(uri, tiles.width, tiles.height, axis)]),
                    _row(row, tiles, axis, titles[0], smooth),
                ]
    kinds = {overlay.signed for model in models for overlay in model.overlays}
    places = columns(2) if len(kinds) > 1 else [(0.2, 0.8)]
    for kind, place in zip(sorted(kinds), places, strict=True):
        title = signed_title if kind else value_title
        bar, text = colour_bar(title, place, band[-1][1], *heat_ticks(kind))
        scale = heat_axis(kind, colours, colorbar=bar)
        parts.append(Part(layout={COLOUR_AXES[kind]: scale}, texts=[text]))
    return figure(parts, sum(heights), uirevision)


def _strip(picture: np.ndarray, count: int) -> tuple[Mosaic, str]:
    """The picture ``count`` times side by side, as one PNG: hardly larger than that of one."""
    opaque = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    tiles = mosaic(opaque[None].repeat(count, axis=0), (1, count))
    return tiles, png_uri(tiles.picture, sharp=128)


def _row(
    row: Sequence[Overlay], tiles: Mosaic, axis: str, title_bottom: float, smooth: bool
) -> Part:
    """One heat map trace over every picture of the strip, and its title above it."""
    breadth = tiles.horizontal.length - tiles.horizontal.centres[-1]
    traces, titles = [], []
    for overlay, centre in zip(row, tiles.horizontal.centres, strict=True):
        left = centre - breadth
        traces.append(
            heat_layer(
                overlay.cam,
                axis,
                left,
                0,
                (2 * breadth, tiles.height),
                signed=overlay.signed,
                smooth=smooth,
                hover=overlay.hover,
                colour_axis=COLOUR_AXES[overlay.signed],
            )
        )
        place = {"xref": f"x{axis}", "yanchor": "bottom", "yshift": 2}
        titles.append(label(overlay.title, left, title_bottom, **place))
    return Part(traces, texts=titles)
