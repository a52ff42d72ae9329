"""A few channels before and after a gate, one above the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    PAD,
    TITLE,
    WIDTH,
    Part,
    Span,
    axis_name,
    bands,
    column_width,
    columns,
    figure,
    fitted,
    heading,
    label,
    square_axes,
)
from cnnattn.figures.kit.palette import LINE
from cnnattn.figures.kit.tiles import (
    Scale,
    colour_axes,
    heat_trace,
    marker_trace,
    mosaic,
    scale_of,
)

NAMES, COLOUR_BAR, TALLEST = 42, 48, 300  # heights in pixels


@dataclass(frozen=True)
class PairGroup:
    """Channels that belong together, from left to right."""

    title: str
    before: np.ndarray  # float (n, H, W)
    after: np.ndarray  # float (n, H, W)
    channels: Sequence[int]
    names: Sequence[str]  # written above each pair, in lines parted by <br>
    hovers: Sequence[str]


def pairs(
    groups: Sequence[PairGroup],
    *,
    before_title: str = "",
    after_title: str = "",
    value_title: str = "",
    width: float = WIDTH,
    uirevision: str = "pairs",
) -> go.Figure:
    """Each channel's map before, and below it after, all on one colour scale; groups as columns.

    Tiles carry their channel's number as ``customdata``.
    """
    scale = scale_of([maps for group in groups for maps in (group.before, group.after)])
    spans = columns(len(groups), 0.04)
    count = max(len(group.channels) for group in groups)
    height, breadth = groups[0].before.shape[1:]
    size = count * breadth, 2 * height
    wanted = min(TALLEST, fitted(*size, column_width(width, spans[0]), PAD))
    heights = [TITLE, NAMES, wanted, COLOUR_BAR]
    rows = bands(heights)
    parts = [colour_axes([scale], [spans[0]], rows[3][1], value_title, width, shared=False)]
    for i, (group, span) in enumerate(zip(groups, spans, strict=True)):
        parts.append(_group(group, i, span, rows, scale))
    middle, quarter = sum(rows[2]) / 2, (rows[2][1] - rows[2][0]) / 4
    side = {"textangle": -90, "xanchor": "center", "yanchor": "middle", "xshift": -14}
    titles = [
        label(before_title, 0, middle + quarter, **side),
        label(after_title, 0, middle - quarter, **side),
    ]
    return figure([*parts, Part(texts=titles)], sum(heights), uirevision)


def _group(group: PairGroup, index: int, span: Span, rows: Sequence[Span], scale: Scale) -> Part:
    axis, count = axis_name("", index), len(group.channels)
    tiles = mosaic(scale.levels(np.concatenate([group.before, group.after])), (2, count))
    x, y = tiles.centres(2 * count)
    numbers, hovers = list(group.channels) * 2, list(group.hovers) * 2
    names = [
        label(name, place, rows[1][0], xref=f"x{axis}", xanchor="center", yanchor="bottom",
              align="center", yshift=2)
        for name, place in zip(group.names, x, strict=False)
    ]  # fmt: skip
    return Part(
        [
            heat_trace(tiles, axis, "coloraxis"),
            marker_trace(x, y, numbers, hovers, axis, LINE),
        ],
        square_axes(index, span, rows[2], tiles.width, tiles.height, pad=PAD),
        [],
        [heading(group.title, span[0], rows[0][1]), *names],
    )
