"""Channel grids and their gates: one figure a row of the page, a column a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.attention.gate_bars import LEVELS, Order, gate_bars, gate_note
from cnnattn.figures.kit.frame import (
    LEFT,
    NARROW,
    PAD,
    RIGHT,
    TITLE,
    WIDTH,
    Part,
    Plain,
    axis_name,
    column_width,
    columns,
    figure,
    fitted,
    heading,
    link_zoom,
    square_axes,
)
from cnnattn.figures.kit.panels import Cell, cells
from cnnattn.figures.kit.tiles import (
    Mosaic,
    colour_axes,
    grid_shape,
    heat_trace,
    largest_tiles,
    marker_trace,
    mosaic,
    scale_of,
    scales_of,
)

COLOUR_BAR, GATE_TITLE, GATES, TICKS = 48, 26, 92, 26  # heights in pixels
LEVEL = 10  # and of half of the lowest level's number, where no ticks stand below
BAR_END = 30  # pixels for the half of a colour bar's last number that stands beside it
LOW_COLOUR_BAR, LOW_TITLE, LOW_GATES = 40, 22, 52  # the same where height is scarce
LOW_TALLEST = 140  # and of the mosaic there, on a page WIDTH wide


@dataclass(frozen=True)
class Panel:
    """One model's column: its maps, and its gates or a note in words on why it has none."""

    title: str
    colour: str
    maps: np.ndarray  # float (C, H, W)
    channels: Sequence[int]  # the number of each map's channel
    hovers: Sequence[str]  # HTML, one a tile
    gates: np.ndarray | None = None  # (C,), 0…1, of the same channels
    gate_hovers: Sequence[str] = ()
    note: str = ""


def channel_grid(
    panels: Sequence[Panel],
    *,
    shared_scale: bool = True,
    smooth: bool = False,
    value_title: str = "",
    gate_title: str = "",
    mean_label: str = "{mean:.2f}",
    selected: int | None = None,
    percentile: float = 100.0,
    gate_order: Order = "channel",
    deviation: bool = False,
    low: bool = False,
    width: float = WIDTH,
    uirevision: str = "grid",
) -> go.Figure:
    """The channels of each panel as a mosaic, and its gates as bars below.

    One colour scale for all panels if ``shared_scale``, else each its own; Viridis if no value is
    below 0, else blue to red around 0. With ``percentile`` below 100 the scale ends there, and its
    end marks say ≥, so that a few large values do not leave all others dark. ``mean_label`` is a
    template with {mean}, the text of the dashed line. Channel number ``selected`` is framed in
    every panel that shows it. Gates are drawn from 0 to 1 or, with ``deviation``, from their mean,
    all models on one axis. A ``low`` figure saves height. ``width`` is the page width in pixels
    that the height is meant for; on a narrow page the panels stand one below the other. Tiles and
    bars carry their channel's number as ``customdata``.
    """
    scales = (
        scales_of([panel.maps for panel in panels], True, percentile)
        if shared_scale
        else [scale_of([panel.maps], None, percentile) for panel in panels]
    )
    per_row = len(panels) if width >= NARROW else 1
    side = column_width(width, columns(per_row)[0])
    low_tallest = LOW_TALLEST * width / WIDTH
    mosaics = [
        mosaic(
            scale.levels(panel.maps),
            largest_tiles(len(panel.maps), side, low_tallest)
            if low and per_row > 1
            else grid_shape(len(panel.maps)),
            smooth,
        )
        for panel, scale in zip(panels, scales, strict=True)
    ]
    tallest = max(fitted(tiles.width, tiles.height, side, PAD) for tiles in mosaics)
    if low:
        tallest = min(tallest, low_tallest)
    gated = any(panel.gates is not None or panel.note for panel in panels)
    ticked = gate_order == "channel" or any(len(panel.maps) <= 16 for panel in panels)
    title, bars = (LOW_TITLE, LOW_GATES) if low else (GATE_TITLE, GATES)
    under = [title, bars, TICKS if ticked else LEVEL] if gated else []
    heights = [TITLE, tallest, LOW_COLOUR_BAR if low else COLOUR_BAR, *under]
    places = cells(len(panels), per_row, heights, width)
    one_bar = shared_scale and width >= NARROW
    gates = [panel.gates for panel in panels if panel.gates is not None]
    spread = max((float(np.abs(g - g.mean()).max()) for g in gates), default=0.0) or 1.0

    gated_first = next((i for i, panel in enumerate(panels) if panel.gates is not None), 0)
    labelled = gated_first if deviation else 0  # at which of the axes in a row the levels stand
    parts: list[Part] = []
    for i, (panel, tiles, cell) in enumerate(zip(panels, mosaics, places.cells, strict=True)):
        span, rows = cell.span, cell.bands
        if not one_bar or i == 0:
            length = span[0], min(span[1], 1 - BAR_END / width)
            bar = colour_axes(
                [scales[i]], [length], rows[2][1], value_title, width, shared=one_bar, first=i
            )
            parts.append(bar)
        colour_axis = axis_name("coloraxis", 0 if one_bar else i)
        parts.append(_grid(panel, tiles, i, cell, colour_axis, selected))
        if gated:
            taken = LEVELS if deviation and per_row > 1 and i + 1 == labelled else 0
            parts.append(
                gate_note(len(panels) + i, span, rows[3:5], panel.note, side, not deviation, taken)
                if panel.gates is None
                else gate_bars(
                    len(panels) + i,
                    span,
                    rows[3:5],
                    gates=panel.gates,
                    channels=panel.channels,
                    hovers=panel.gate_hovers,
                    colour=panel.colour,
                    title=gate_title,
                    mean_label=mean_label,
                    order=gate_order,
                    selected=selected,
                    width=side,
                    deviation=spread if deviation else None,
                    labelled=per_row == 1 or i == labelled,
                )
            )
    parts.append(link_zoom([(tiles.width, tiles.height) for tiles in mosaics]))
    outside = gates and deviation and (per_row == 1 or labelled == 0)
    margin = {"l": LEVELS if outside else LEFT, "r": RIGHT, "t": 0, "b": 0}
    return figure(parts, places.height, uirevision, margin=margin)


def _grid(
    panel: Panel,
    tiles: Mosaic,
    index: int,
    cell: Cell,
    colour_axis: str,
    selected: int | None,
) -> Part:
    axis, span, rows = axis_name("", index), cell.span, cell.bands
    x, y = tiles.centres(len(panel.maps))
    data = [
        heat_trace(tiles, axis, colour_axis),
        marker_trace(x, y, panel.channels, panel.hovers, axis, panel.colour),
    ]
    shapes = []
    if selected is not None and selected in panel.channels:
        place = list(panel.channels).index(selected)
        shapes = frame_around(x[place], y[place], panel.maps.shape[1:], axis)
    title = heading(panel.title, span[0], rows[0][1], panel.colour, cell.width)
    axes = square_axes(index, span, rows[1], tiles.width, tiles.height, pad=PAD)
    return Part(data, axes, shapes, [title])


def frame_around(x: float, y: float, size: tuple[int, ...], axis: str) -> list[Plain]:
    """A white frame in a black one around the tile (H, W) centred at x, y: seen on any colours."""
    half_height, half_width = size[0] / 2, size[1] / 2
    edge = {
        "type": "rect", "xref": f"x{axis}", "yref": f"y{axis}",
        "x0": x - half_width, "x1": x + half_width, "y0": y - half_height, "y1": y + half_height,
    }  # fmt: skip
    return [
        edge | {"line": {"color": "black", "width": 6}},
        edge | {"line": {"color": "white", "width": 3}},
    ]
