"""Steps inside an attention module: maps as a mosaic, numbers as bars, weights over a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnattn.figures.kit.frame import (
    PAD,
    Part,
    Plain,
    Span,
    axis_key,
    axis_name,
    square_axes,
    value_axis,
)
from cnnattn.figures.kit.palette import FAINT, LINE
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import Scale, heat_trace, marker_trace, mosaic
from cnnattn.figures.maps.channel_grid import frame_around

OPACITY = 0.6  # of weights over a picture


@dataclass(frozen=True)
class Maps:
    """A step: many maps as a mosaic. Steps with the same ``scale`` share their colours."""

    title: str
    note: str
    maps: np.ndarray  # float (C, H, W)
    channels: Sequence[int]
    hovers: Sequence[str]
    value_title: str = ""
    scale: str = "maps"
    ends: Span | None = None  # of the colour scale, else those of the values


@dataclass(frozen=True)
class Bars:
    """A step: a bar a channel or a unit, from the top down; several ways stand side by side."""

    title: str
    note: str
    values: np.ndarray  # float (ways, n)
    hovers: Sequence[str]
    colour: str
    ends: Span | None = None  # of the axis, else those of the values, with 0
    channels: bool = True  # else they are units that cannot be chosen
    mark: float | None = None  # where a dashed line stands


@dataclass(frozen=True)
class Places:
    """A step: a weight a place, drawn over the picture."""

    title: str
    note: str
    picture: np.ndarray  # uint8 (H, W, 3)
    weights: np.ndarray  # float (h, w)
    hover: str = "%{z:.4g}"  # Plotly template with %{x}, %{y} (column and row from 0) and %{z}
    value_title: str = ""
    ends: Span | None = None
    choices: tuple[int, int] | None = None  # rows and columns of a grid of places to choose from
    chosen: tuple[int, int] | None = None  # row and column of the chosen one
    choice_hovers: Sequence[str] = ()


Step = Maps | Bars | Places


def square_shape(count: int) -> tuple[int, int]:
    """(rows, columns) of a mosaic about as wide as high."""
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns


def draw_maps(
    step: Maps, index: int, span: Span, row: Span, colours: str, scale: Scale, selected: int | None
) -> Part:
    """The mosaic on axis pair ``index``, its colours on the axis ``colours`` for ``scale``."""
    axis = axis_name("", index)
    tiles = mosaic(scale.levels(step.maps), square_shape(len(step.maps)))
    x, y = tiles.centres(len(step.maps))
    shapes = []
    if selected is not None and selected in step.channels:
        place = list(step.channels).index(selected)
        shapes = frame_around(x[place], y[place], step.maps.shape[1:], axis)
    data = [
        heat_trace(tiles, axis, colours),
        marker_trace(x, y, step.channels, step.hovers, axis, LINE),
    ]
    return Part(data, square_axes(index, span, row, tiles.width, tiles.height, pad=PAD), shapes)


def draw_bars(
    step: Bars, index: int, span: Span, row: Span, ticks: int, selected: int | None
) -> Part:
    """The bars on axis pair ``index`` with at most so many ``ticks``; ``selected`` is framed."""
    axis, (ways, count) = axis_name("", index), step.values.shape
    place = np.arange(count)
    finite = step.values[np.isfinite(step.values)]
    low, high = step.ends or (min(0.0, *finite, 0.0), max(0.0, *finite, 0.0))
    margin = 0.02 * (high - low) or 1.0
    shown = {"marker": {"opacity": 0.8}}
    data: list[Plain] = []
    for way, values in enumerate(step.values):
        opacity = 0.85 - 0.45 * way
        shown = {"marker": {"opacity": opacity}}
        data.append(
            {
                "type": "bar", "orientation": "h", "x": values, "width": 0.84 / ways,
                "y": place + (way - (ways - 1) / 2) * 0.84 / ways, "hoverinfo": "skip",
                "xaxis": f"x{axis}", "yaxis": f"y{axis}",
                "marker": {"color": step.colour, "opacity": opacity, "line": {"width": 0}},
                "selected": shown, "unselected": shown,
            }
        )  # fmt: skip
    # Unseen markers in the middle answer for the whole line, however short its bar is.
    numbers = place.tolist() if step.channels else [-1] * count
    middle = np.full(count, (low + high) / 2)
    data.append(marker_trace(middle, place, numbers, step.hovers, axis, step.colour))
    shapes: list[Plain] = []
    if step.mark is not None and math.isfinite(step.mark):
        shapes.append(
            {
                "type": "line", "xref": f"x{axis}", "yref": f"y{axis} domain", "y0": 0, "y1": 1,
                "x0": step.mark, "x1": step.mark,
                "line": {"color": LINE, "width": 2, "dash": "dash"},
            }
        )  # fmt: skip
    if step.channels and selected is not None and selected < count:
        shapes.append(
            {
                "type": "rect", "xref": f"x{axis} domain", "yref": f"y{axis}", "x0": 0, "x1": 1,
                "y0": selected - 0.5, "y1": selected + 0.5, "layer": "below",
                "fillcolor": FAINT, "line": {"color": LINE, "width": 1},
            }
        )  # fmt: skip
    gap = next(g for g in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512) if count / g <= 10)
    numbered = place[::gap].tolist()
    x, y = axis_name("x", index), axis_name("y", index)
    return Part(
        data,
        {
            axis_key("x", index): value_axis(
                span, y, range=[low - margin, high + margin], nticks=ticks, tickformat=".3~g"
            ),
            axis_key("y", index): value_axis(
                row,
                x,
                range=[count - 0.5, -0.5],
                tickvals=numbered,
                showgrid=False,
                ticktext=[str(i) for i in numbered],
            ),
        },
        shapes,
    )


def draw_places(step: Places, index: int, span: Span, row: Span, colours: str) -> Part:
    """The weights over the picture on axis pair ``index``, the chosen place framed."""
    axis, (height, width) = axis_name("", index), step.weights.shape
    sides = step.picture.shape[:2]
    y, x = (np.arange(n) for n in (height, width))
    # In units of the weights' own pixels, so that the pointer reads their row and column.
    trace = {
        "type": "heatmap", "z": step.weights.astype(np.float32), "x": x, "y": y,
        "coloraxis": colours, "opacity": OPACITY, "xaxis": f"x{axis}", "yaxis": f"y{axis}",
        "hovertemplate": step.hover + "<extra></extra>",
    }  # fmt: skip
    data, shapes = [trace], []
    if step.choices:
        rows, columns = step.choices
        across, down = width / columns, height / rows  # of a choice, in pixels of the weights
        r, c = (grid.ravel() for grid in np.mgrid[:rows, :columns])
        names = [f"{i},{j}" for i, j in zip(r, c, strict=True)]
        data.append(
            marker_trace(
                (c + 0.5) * across - 0.5,
                (r + 0.5) * down - 0.5,
                names,
                step.choice_hovers,
                axis,
                LINE,
            )
        )
        if step.chosen:
            centre = (step.chosen[1] + 0.5) * across - 0.5, (step.chosen[0] + 0.5) * down - 0.5
            shapes = frame_around(*centre, (down, across), axis)  # type: ignore[arg-type]
    image = picture_on(png_uri(step.picture, sharp=128), width, height, axis, -0.5, -0.5)
    axes = square_axes(index, span, row, width, width * sides[0] / sides[1], first=-0.5)
    return Part(data, axes, shapes, images=[image])
