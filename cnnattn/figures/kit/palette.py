"""Colours: one a kind of attention, right and wrong, and the colour scales.

Every solid colour here stands out (contrast 2.3 to 5.2) on white and on Streamlit's near-black.
"""

ATTENTION_COLOURS: dict[str, str] = {
    "none": "#5F6F86",
    "se": "#D55E00",
    "eca": "#009E73",
    "cbam": "#CC79A7",
    "spatial": "#E69F00",
    "coordinate": "#56B4E9",
    "simam": "#999933",
    "gc": "#0072B2",
    "nonlocal": "#8A3FFC",
}
"""Okabe & Ito's palette for colour-blind readers, with a grey-blue, an olive and a violet more."""

RIGHT = "#009E73"
WRONG = "#D55E00"
NEUTRAL = "#8A94A3"
LINE = "#808080"
FAINT = "rgba(128, 128, 128, 0.3)"
CLEAR = "rgba(0, 0, 0, 0)"

SEQUENTIAL = (
    "#440154", "#482878", "#3E4989", "#31688E", "#26828E",
    "#1F9E89", "#35B779", "#6DCD59", "#B4DE2C", "#FDE725",
)  # fmt: skip
"""Viridis, for magnitudes; evenly spaced."""

DIVERGING = (
    "#053061", "#2166AC", "#4393C3", "#92C5DE", "#D1E5F0", "#F7F7F7",
    "#FDDBC7", "#F4A582", "#D6604D", "#B2182B", "#67001F",
)  # fmt: skip
"""Blue below, white at, red above the middle, for signed values; evenly spaced."""

WARM = (
    "#000004", "#160B39", "#420A68", "#6A176E", "#932667", "#BC3754",
    "#DD513A", "#F37819", "#FCA50A", "#F6D746", "#FCFFA4",
)  # fmt: skip
"""Inferno, for heat maps over pictures: bright at the top within a dark rim, so that it stands out
on bright and on dark pictures; evenly spaced."""

JET = (
    "#00007F", "#0000FF", "#007FFF", "#00FFFF", "#7FFF7F",
    "#FFFF00", "#FF7F00", "#FF0000", "#7F0000",
)  # fmt: skip
"""The tutorials' rainbow, where their look is asked for; evenly spaced."""

ColourScale = list[tuple[float, str]]


def colour_scale(colours: tuple[str, ...]) -> ColourScale:
    """Plotly's form of evenly spaced ``colours``: (position 0…1, colour) pairs."""
    return [(i / (len(colours) - 1), colour) for i, colour in enumerate(colours)]


def gapped(colours: tuple[str, ...]) -> ColourScale:
    """Colour scale for levels 0…255 (``tiles``): 0 is clear, 1…255 run through ``colours``."""
    edge = 0.5 / 255
    steps = [((1 + 254 * position) / 255, colour) for position, colour in colour_scale(colours)]
    return [(0, CLEAR), (edge, CLEAR), (edge, colours[0]), *steps]
