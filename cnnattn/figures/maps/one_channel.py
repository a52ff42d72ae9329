"""One channel large, in every model, with its values under the pointer."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

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
    link_zoom,
    square_axes,
)
from cnnattn.figures.kit.tiles import colour_axes, scale_of, scales_of

COLOUR_BAR = 48  # height in pixels


def enlarged(
    maps: Sequence[np.ndarray],
    titles: Sequence[str],
    colours: Sequence[str],
    *,
    value_title: str = "",
    hover: str = "(%{y}, %{x}): %{z:.4g}",
    shared_scale: bool = True,
    smooth: bool = False,
    largest: float = 300,
    width: float = WIDTH,
    uirevision: str = "channel",
) -> go.Figure:
    """The map (H, W) of one channel in each model, at its own resolution unless ``smooth``.

    Values are sent as float32. ``hover`` is a Plotly template with %{y} (row), %{x} (column),
    both from 0, and %{z} (the value). A map is at most ``largest`` pixels high.
    """
    scales = scales_of(maps, True) if shared_scale else [scale_of([values]) for values in maps]
    spans = columns(len(maps))
    side = column_width(width, spans[0])
    tallest = min(largest, max(side * values.shape[0] / values.shape[1] for values in maps))
    heights = [TITLE, tallest, COLOUR_BAR]
    rows = bands(heights)
    parts = [
        colour_axes(
            scales,
            spans,
            rows[2][1],
            value_title,
            width,
            shared=shared_scale,
            levels=False,
            shared_span=spans[0],
        )
    ]
    for i, (values, title, colour, span) in enumerate(
        zip(maps, titles, colours, spans, strict=True)
    ):
        axis = axis_name("", i)
        trace = {
            "type": "heatmap", "z": values.astype(np.float32), "xaxis": f"x{axis}",
            "yaxis": f"y{axis}", "zsmooth": "best" if smooth else False,
            "coloraxis": axis_name("coloraxis", 0 if shared_scale else i),
            "hovertemplate": hover + "<extra></extra>",
        }  # fmt: skip
        height, breadth = values.shape
        axes = square_axes(i, span, rows[1], breadth, height, first=-0.5)
        parts.append(Part([trace], axes, [], [heading(title, span[0], rows[0][1], colour, side)]))
    parts.append(link_zoom([(values.shape[0], values.shape[1]) for values in maps]))
    return figure(parts, sum(heights), uirevision)
