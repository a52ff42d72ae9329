"""Many small maps as one picture: arrange tiles, turn values into levels, draw one trace.

A mosaic is sent to the browser as uint8: level 0 is a clear gap, 1…255 are values on a ``Scale``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnattn.figures.kit.frame import (
    FONT,
    Part,
    Plain,
    Span,
    axis_name,
    column_width,
    joined,
    label,
)
from cnnattn.figures.kit.palette import DIVERGING, SEQUENTIAL, colour_scale, gapped

Array = np.ndarray
TICK = 60  # pixels that the number at a tick of a colour bar may take
SEAM = 1e-3  # width, in pixels of a map, of the step from a tile to the gap in smooth mosaics


def grid_shape(count: int) -> tuple[int, int]:
    """(rows, columns) for ``count`` tiles: a full grid, 2 to 4 times as wide as high, if it can be.

    32 -> (4, 8), 64 -> (4, 16), 128 -> (8, 16); what has no good divisor leaves tiles empty.
    """

    def cost(rows: int) -> float:
        width = math.ceil(count / rows)
        empty = rows * width - count
        shape = abs(math.log2(width / rows / 2.25))
        return 0.3 * (empty > 0) + empty / count + 0.25 * shape

    rows = min(range(1, math.isqrt(count) + 1), key=cost)
    return rows, math.ceil(count / rows)


def largest_tiles(count: int, width: float, height: float) -> tuple[int, int]:
    """(rows, columns) by which ``count`` square tiles are largest in ``width`` by ``height``."""

    def side(rows: int) -> float:
        return min(height / rows, width / math.ceil(count / rows))

    rows = max(range(1, count + 1), key=side)
    return rows, math.ceil(count / rows)


@dataclass(frozen=True)
class Scale:
    """Values from ``low`` to ``high`` as levels 1…255; signed ones are symmetric around 0."""

    low: float
    high: float
    signed: bool
    clipped: bool = False  # whether there are values beyond the ends

    def levels(self, values: Array) -> Array:
        """uint8 levels 1…255, rounded and clipped; what is not finite becomes 0, a gap."""
        span = (self.high - self.low) or 1.0
        levels = np.clip((values - self.low) * (254 / span), 0, 254)
        return np.where(np.isfinite(values), np.rint(levels) + 1, 0).astype(np.uint8)

    def level(self, value: float) -> float:
        """Where ``value`` lies on the levels, not rounded."""
        return 1 + 254 * (value - self.low) / ((self.high - self.low) or 1.0)

    def ticks(self, count: int = 5) -> tuple[list[float], list[str]]:
        """Both ends, and between them about ``count`` round values: the values, and as text."""
        span = self.high - self.low
        if span <= 0:
            return [self.low], [f"{self.low:.3g}"]
        rough = span / count
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [i * step for i in range(first, last + 1)]
        inner = [v for v in values if self.low + 0.9 * step <= v <= self.high - 0.9 * step]
        if self.signed and not inner:
            inner = [0.0]
        below, above = "≤ " if self.clipped and self.signed else "", "≥ " if self.clipped else ""
        digits = 2 if self.clipped else 3
        low, high = f"{below}{self.low:.{digits}g}", f"{above}{self.high:.{digits}g}"
        return [self.low, *inner, self.high], [low, *(f"{value:.4g}" for value in inner), high]

    @property
    def colours(self) -> tuple[str, ...]:
        """Viridis for magnitudes, blue to red around 0 for signed values."""
        return DIVERGING if self.signed else SEQUENTIAL


def scale_of(
    arrays: Sequence[Array], signed: bool | None = None, percentile: float = 100.0
) -> Scale:
    """The scale that holds all finite values of all ``arrays``.

    ``signed`` is found from the values unless given: any below 0, and it is -max|x| … max|x|.
    With ``percentile`` below 100 it holds that many percent of them, and its end marks tell so.
    """
    values = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if not values.size:
        return Scale(0.0, 0.0, False)
    low = float(values.min())
    signed = low < 0 if signed is None else signed
    sizes = np.abs(values) if signed else values
    most = float(sizes.max())
    top = most if percentile >= 100 else float(np.percentile(sizes, percentile))
    if top <= low:  # nearly all values are the same: there is nothing to gain
        top = most
    return Scale(-top if signed else low, top, signed, top < most)


def scales_of(arrays: Sequence[Array], shared: bool, percentile: float = 100.0) -> list[Scale]:
    """A scale an array, the same one if ``shared``; all are signed if any value is below 0."""
    common = scale_of(arrays, None, percentile)
    return [common if shared else scale_of([array], common.signed, percentile) for array in arrays]


@dataclass(frozen=True)
class Ruler:
    """One axis of a mosaic: where each sample lies, and which pixel of which tile it shows."""

    at: Array  # float, in pixels of a map; the first tile begins at 0
    tile: Array  # int, index of the tile along this axis
    pixel: Array  # int, pixel within the tile, -1 in a gap
    centres: Array  # float, the middle of every tile
    length: float
    uniform: bool


def repeats(size: int) -> int:
    """How often a pixel of a map of this size is repeated, so that a thin gap can be drawn."""
    return max(1, 16 // size)


def gap_of(size: int) -> float:
    """The gap between tiles: about a sixteenth of a tile, in pixels of the map."""
    return max(1, round(size * repeats(size) / 16)) / repeats(size)


def ruler(starts: ArrayLike, size: int, repeat: int = 1, smooth: bool = False) -> Ruler:
    """Lay tiles of ``size`` pixels at ``starts`` (in pixels; multiples of 1 / ``repeat``).

    Sharp: samples are evenly spaced, so the browser enlarges the picture itself. Smooth: a sample
    in the middle of every pixel, on both edges of the tile and just outside them; interpolating
    between the samples is then bilinear within a tile and does not leak into the gap.
    """
    begin = np.asarray(starts, dtype=float)
    length = float(begin[-1] + size)
    if smooth:
        inside = np.arange(size)
        offsets = np.concatenate([[-SEAM, 0], inside + 0.5, [size, size + SEAM]])
        at = (begin[:, None] + offsets).ravel()
        tile = np.repeat(np.arange(len(begin)), len(offsets))
        pixel = np.tile(np.concatenate([[-1, 0], inside, [size - 1, -1]]), len(begin))
    else:
        at = (np.arange(round(length * repeat)) + 0.5) / repeat
        tile = np.searchsorted(begin, at, side="right") - 1
        pixel = np.floor(at - begin[tile]).astype(int)
        pixel[pixel >= size] = -1
    return Ruler(at, tile, pixel, begin + size / 2, length, not smooth)


@dataclass(frozen=True)
class Mosaic:
    """Tiles in rows and columns, with where they lie; lengths are in pixels of a map."""

    picture: Array  # (rows of samples, columns of samples), or the same with a colour axis
    vertical: Ruler
    horizontal: Ruler

    @property
    def width(self) -> float:
        return self.horizontal.length

    @property
    def height(self) -> float:
        return self.vertical.length

    def centres(self, count: int) -> tuple[Array, Array]:
        """x and y of the middles of the first ``count`` tiles, row by row."""
        x, y = np.meshgrid(self.horizontal.centres, self.vertical.centres)
        return x.ravel()[:count], y.ravel()[:count]


def lay(tiles: Array, vertical: Ruler, horizontal: Ruler) -> Mosaic:
    """Put ``tiles`` (count, H, W) or (count, H, W, 4), uint8, row by row along two rulers.

    Gaps, and places for which there is no tile, are 0.
    """
    rows, columns = len(vertical.centres), len(horizontal.centres)
    empty = np.zeros((rows * columns - len(tiles), *tiles.shape[1:]), tiles.dtype)
    grid = np.concatenate([tiles, empty]).reshape(rows, columns, *tiles.shape[1:])
    picture = grid[
        vertical.tile[:, None], horizontal.tile, vertical.pixel[:, None], horizontal.pixel
    ]
    picture[(vertical.pixel < 0)[:, None] | (horizontal.pixel < 0)] = 0
    return Mosaic(picture, vertical, horizontal)


def mosaic(tiles: Array, shape: tuple[int, int], smooth: bool = False) -> Mosaic:
    """Put ``tiles`` (count, H, W) or (count, H, W, 4), uint8, into a grid of (rows, columns)."""
    height, width = tiles.shape[1:3]
    repeat, gap = repeats(max(height, width)), gap_of(max(height, width))
    vertical = ruler(np.arange(shape[0]) * (height + gap), height, repeat, smooth)
    horizontal = ruler(np.arange(shape[1]) * (width + gap), width, repeat, smooth)
    return lay(tiles, vertical, horizontal)


def heat_trace(mosaic: Mosaic, axis: str, colour_axis: str) -> Plain:
    """The mosaic's one heat map trace, silent under the pointer, on axes ``axis`` ("", "2", …)."""
    x, y = mosaic.horizontal.at, mosaic.vertical.at
    place: Plain = {"x": np.float32(x), "y": np.float32(y), "zsmooth": "best"}
    if mosaic.horizontal.uniform:
        step = {"dx": float(x[1] - x[0]), "dy": float(y[1] - y[0])}
        place = {"x0": float(x[0]), "y0": float(y[0]), **step, "zsmooth": False}
    return {
        "type": "heatmap", "z": mosaic.picture, **place, "coloraxis": colour_axis,
        "xaxis": f"x{axis}", "yaxis": f"y{axis}", "hoverinfo": "skip",
    }  # fmt: skip


def marker_trace(
    x: ArrayLike,
    y: ArrayLike,
    customdata: Sequence[Any],
    hovers: Sequence[str],
    axis: str,
    colour: str,
) -> Plain:
    """Unseen square markers, one a tile, that answer to the pointer and to clicks.

    Streamlit reports no clicks on heat maps, but those on markers, with their ``customdata``.
    """
    unseen = {"marker": {"opacity": 0}}
    return {
        "type": "scatter", "mode": "markers", "x": x, "y": y,
        "xaxis": f"x{axis}", "yaxis": f"y{axis}",
        "customdata": list(customdata), "hovertext": list(hovers), "hoverinfo": "text",
        "marker": {"symbol": "square", "size": 20, "opacity": 0, "color": colour},
        "selected": unseen, "unselected": unseen,
    }  # fmt: skip


def colour_axis(scale: Scale, bar: Plain | None = None, levels: bool = True) -> Plain:
    """The colour axis for ``scale``, of levels 0…255 or of values; with its colour bar, if any.

    Where all values are one, it is the lowest colour: between equal ends Plotly takes the middle.
    """
    high = scale.high if scale.high > scale.low else scale.low + 1
    ends = {"cmin": 0, "cmax": 255} if levels else {"cmin": scale.low, "cmax": high}
    colours = gapped(scale.colours) if levels else colour_scale(scale.colours)
    return {"colorscale": colours, "showscale": bool(bar), "colorbar": bar or {}, **ends}


def colour_axes(
    scales: Sequence[Scale],
    spans: Sequence[Span],
    top: float,
    title: str,
    width: float,
    *,
    shared: bool,
    levels: bool = True,
    shared_span: Span = (0.2, 0.8),
    first: int = 0,
) -> Part:
    """Colour axes, from number ``first`` on, with their bars hanging from ``top``: one a column, or
    one for all of them.

    For mosaics of ``levels``, or for traces that have the values themselves. The narrower the
    page, the fewer ticks.
    """
    if shared:
        scales, spans = scales[:1], [shared_span]
    parts = []
    for i, (scale, span) in enumerate(zip(scales, spans, strict=True)):
        room = int(0.62 * column_width(width, span) / TICK)
        values, texts = scale.ticks(max(2, min(5, room)))
        at = [scale.level(value) for value in values] if levels else values
        bar, name = colour_bar(title, span, top, at, texts)
        axis = {axis_name("coloraxis", first + i): colour_axis(scale, bar, levels)}
        parts.append(Part(layout=axis, texts=[name]))
    return joined(parts)


def colour_bar(
    title: str, span: Span, top: float, at: Sequence[float], texts: Sequence[str]
) -> tuple[Plain, Plain]:
    """A flat colour bar below ``top`` within ``span``, and its title, if any, to the left of it."""
    start = span[0] + (0.38 if title else 0) * (span[1] - span[0])
    bar = {
        "orientation": "h", "x": start, "xanchor": "left", "y": top, "yanchor": "top",
        "len": span[1] - start, "lenmode": "fraction", "thickness": 10, "xpad": 0, "ypad": 10,
        "outlinewidth": 0, "tickvals": at, "ticktext": texts, "tickfont": {"size": FONT},
        "tickangle": 0,
    }  # fmt: skip
    return bar, label(title, start - 0.01, top, xanchor="right", yshift=-4)
