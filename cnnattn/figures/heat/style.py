"""The one look of every heat map: what is drawn of its values, in which colours, how solid.

A map lies over its picture as a veil that is clear where the map says nothing, so that the picture
is seen there, and solid where it says most. Figures draw shares of a map's limit; under the pointer
stand the true values.
"""

import numpy as np

from cnnattn.figures.kit.frame import Plain
from cnnattn.figures.kit.palette import DIVERGING, WARM, ColourScale, colour_scale

SOLID = 0.6  # the share of the limit from which on a veil is as solid as it gets
STRENGTH = 0.9  # how solid that is: a little of the picture is seen under the hottest spot


def heat_colours(signed: bool = False, strength: float = STRENGTH) -> ColourScale:
    """Colours with their alpha: of shares 0 … 1, or of -1 … 1, clear at 0, for ``signed`` maps.

    ``strength``, 0 … 1, is the largest alpha.
    """
    scale, clear = (DIVERGING, 0.5) if signed else (WARM, 0.0)
    return [(at, _rgba(c, _alpha(at, clear, strength))) for at, c in colour_scale(scale)]


def heat_veil() -> list[tuple[int, int, int, float]]:
    """``heat_colours()`` as evenly spaced (red, green, blue, alpha), to draw without Plotly."""
    return [(*_channels(c), _alpha(at, 0.0, STRENGTH)) for at, c in colour_scale(WARM)]


def heat_axis(signed: bool = False, strength: float = STRENGTH, **bar: object) -> Plain:
    """A colour axis for shares, in ``heat_colours``; ``bar`` are more keys of it."""
    scale = heat_colours(signed, strength)
    return {"colorscale": scale, "cmin": -1 if signed else 0, "cmax": 1, **bar}


def heat_ticks(signed: bool) -> tuple[list[float], list[str]]:
    """The marks of a colour bar for shares: where, and as text."""
    ticks = [-1.0, 0.0, 1.0] if signed else [0.0, 0.5, 1.0]
    return ticks, [f"{tick:g}" for tick in ticks]


def heat_layer(
    cam: np.ndarray,
    axis: str,
    x: float,
    y: float,
    side: tuple[float, float],
    *,
    signed: bool = False,
    limit: float = 0.0,
    smooth: bool = True,
    hover: str = "%{customdata:.4g}",
    colour_axis: str = "coloraxis",
) -> Plain:
    """The trace of a map (h, w) whose top left corner lies at (x, y), ``side`` wide and high."""
    height, width = cam.shape
    dx, dy = side[0] / width, side[1] / height
    return {
        "type": "heatmap", "z": share(cam, signed, limit), "customdata": cam.astype(np.float32),
        "x0": x + dx / 2, "dx": dx, "y0": y + dy / 2, "dy": dy,
        "xaxis": f"x{axis}", "yaxis": f"y{axis}", "coloraxis": colour_axis,
        "zsmooth": "best" if smooth else False, "hovertemplate": hover + "<extra></extra>",
    }  # fmt: skip


def share(cam: np.ndarray, signed: bool, limit: float = 0.0) -> np.ndarray:
    """float32 (h, w): the map over its limit, clipped to -1 … 1, or its positive part to 0 … 1.

    A ``limit`` of 0 is the map's own largest value; a map without one stays 0, and so does what is
    not finite.
    """
    cam = np.nan_to_num(cam, posinf=0, neginf=0)
    limit = limit or largest_value(cam, signed) or 1.0
    return np.clip(cam / limit, -1 if signed else 0, 1).astype(np.float32)


def largest_value(cam: np.ndarray, signed: bool, percentile: float = 100) -> float:
    """The value at the end of a map's own colour scale: its maximum, signed its maximum |x|.

    With ``percentile`` below 100, that of these values instead, unless it is 0.
    """
    cam = np.nan_to_num(cam, posinf=0, neginf=0)
    sizes = np.abs(cam) if signed else np.maximum(cam, 0)
    return float(np.percentile(sizes, percentile) or sizes.max())


def _alpha(at: float, clear: float, strength: float) -> float:
    """Rises evenly from 0 at position ``clear`` to ``strength`` at ``SOLID``."""
    return strength * min(1.0, abs(at - clear) / (1 - clear) / SOLID)


def _rgba(colour: str, alpha: float) -> str:
    red, green, blue = _channels(colour)
    return f"rgba({red}, {green}, {blue}, {alpha:.2f})"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
