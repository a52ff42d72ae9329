"""What all figures share: a bare layout, columns and bands, titles and hidden axes."""

import base64
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.palette import CLEAR, FAINT, LINE

FONT = 14
BOLD, SQUARE = 8.2, 18  # width in pixels of a letter of a title, and of the square before it
TITLE = 30  # height of a line of titles in pixels
WIDTH = 1040  # page width in pixels that heights are computed for
NARROW = 560  # below that, what stands side by side elsewhere stands one below the other
LEFT, RIGHT = 26, 14  # margins in pixels, room for the labels of an axis and of a bar's end
PAD = 0.016  # of a mosaic's width, left free around it for the frame of a chosen tile


Plain = dict[str, Any]
Span = tuple[float, float]  # from … to, parts of the figure


@dataclass(frozen=True)
class Part:
    """A part of a figure as plain dicts: traces, axes, shapes, pieces of text and pictures."""

    data: list[Plain] = field(default_factory=list)
    layout: Plain = field(default_factory=dict)
    shapes: list[Plain] = field(default_factory=list)
    texts: list[Plain] = field(default_factory=list)
    images: list[Plain] = field(default_factory=list)


def joined(parts: Iterable[Part]) -> Part:
    """One part of many; of an axis that several of them describe, all keys."""
    parts = list(parts)
    layout: Plain = {}
    for part in parts:
        for key, value in part.layout.items():
            layout[key] = layout.get(key, {}) | value
    return Part(
        [trace for part in parts for trace in part.data],
        layout,
        [shape for part in parts for shape in part.shapes],
        [text for part in parts for text in part.texts],
        [image for part in parts for image in part.images],
    )


class Figure(go.Figure):  # type: ignore[misc]
    """A Plotly figure that stays the plain dicts that it is made of.

    Plotly's own turns every dict into an object that checks it, and back again when it is drawn:
    half of what a page costs the server. Here the objects are built, and checked, only for who
    reads ``data`` or ``layout``; who draws the figure takes ``to_dict()``, ready for JSON.
    """

    def __init__(self, plain: Plain) -> None:
        self._plain = plain

    def to_dict(self) -> Plain:
        """The figure as dicts, its arrays as Plotly's drawing reads them. Do not change it."""
        data, layout = self._plain["data"], self._plain["layout"]
        return {"data": [packed(trace) for trace in data], "layout": packed(layout)}

    def checked(self) -> go.Figure:
        """The same figure as Plotly's objects; ValueError for what Plotly does not know."""
        return go.Figure(self._plain)

    @property
    def data(self) -> Any:
        """Its traces as Plotly's objects, newly built."""
        return self.checked().data

    @property
    def layout(self) -> Any:
        """Its layout as Plotly's object, newly built."""
        return self.checked().layout


def packed(value: Any) -> Any:
    """``value`` with every array in it as Plotly packs them: bytes in base64, type and shape.

    Numbers written as digits would be two to five times as long. What is None is left out.
    """
    if isinstance(value, dict):
        return {key: packed(each) for key, each in value.items() if each is not None}
    if isinstance(value, np.ndarray) and value.size and value.dtype.name in _PACKED:
        return _packed_array(value)
    return value


_SMALL = ("int8", "int16", "int32")
_PACKED = {*_SMALL, "uint8", "uint16", "uint32", "float32", "float64", "int64"}


def _packed_array(array: np.ndarray) -> Any:
    if array.dtype == np.int64:  # JavaScript has no such array
        low, high = array.min(), array.max()
        fits = (n for n in _SMALL if np.iinfo(n).min <= low and high <= np.iinfo(n).max)
        if not (name := next(fits, "")):
            return array
        array = array.astype(name)
    plain = {
        "dtype": f"{array.dtype.kind}{array.dtype.itemsize}",
        "bdata": base64.b64encode(array.tobytes()).decode("ascii"),
    }
    return plain if array.ndim == 1 else plain | {"shape": str(array.shape)[1:-1]}


def figure(parts: Iterable[Part], height: float, uirevision: str, **layout: Any) -> Figure:
    """One figure from plain dicts, ``height`` pixels high, on a clear ground.

    The template is emptied: Plotly's own is 6 kB a figure, and Streamlit lays its theme into an
    empty one all the same.
    """
    whole = joined(parts)
    common: Plain = {
        "template": {},
        "height": round(height),
        "margin": {"l": LEFT, "r": RIGHT, "t": 0, "b": 0},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"size": FONT},
        "hoverlabel": {"font": {"size": FONT}, "align": "left"},
        "hovermode": "closest",
        "hoverdistance": -1,  # the nearest tile or bar answers, however large it is drawn
        "showlegend": False,
        "uirevision": uirevision,
        "shapes": whole.shapes,
        "annotations": whole.texts,
        "images": whole.images,
    }
    return Figure({"data": whole.data, "layout": common | whole.layout | layout})


def columns(count: int, gap: float = 0.03) -> list[Span]:
    """Split 0…1 into ``count`` equal (start, end) columns with a ``gap`` between them."""
    width = (1 - gap * (count - 1)) / count
    return [(i * (width + gap), i * (width + gap) + width) for i in range(count)]


def column_width(width: float, span: Span) -> float:
    """Width in pixels of a column on a page of ``width``."""
    return (width - LEFT - RIGHT) * (span[1] - span[0])


def bands(heights: Sequence[float]) -> list[Span]:
    """Bands of these pixel heights, from the top down, as (bottom, top) parts of the whole."""
    total = sum(heights)
    edges = [1 - sum(heights[:i]) / total for i in range(len(heights) + 1)]
    return [(max(0.0, edges[i + 1]), edges[i]) for i in range(len(heights))]


def axis_name(letter: str, index: int) -> str:
    """Plotly's name of an axis: "x", "x2", "x3" … for index 0, 1, 2 …"""
    return letter if index == 0 else f"{letter}{index + 1}"


def axis_key(letter: str, index: int) -> str:
    """The layout's key of the same axis: "xaxis", "xaxis2" …"""
    return f"{letter}axis" if index == 0 else f"{letter}axis{index + 1}"


def square_axes(
    index: int,
    x_domain: Span,
    y_domain: Span,
    width: float,
    height: float,
    *,
    first: float = 0.0,
    pad: float = 0.0,
) -> Plain:
    """A hidden pair of axes from ``first``: ``width`` to the right, ``height`` down, square units.

    ``pad`` parts of the width are left free all around, for frames, which Plotly cuts off at the
    axes' ends. On a page wider or narrower than planned the drawing keeps to the top left.
    """
    x, y = axis_name("x", index), axis_name("y", index)
    low, high = first - pad * width, first + pad * width
    return {
        axis_key("x", index): {
            "visible": False, "domain": list(x_domain), "range": [low, high + width], "anchor": y,
            "constrain": "domain", "constraintoward": "left",
        },
        axis_key("y", index): {
            "visible": False, "domain": list(y_domain), "range": [high + height, low], "anchor": x,
            "constrain": "domain", "constraintoward": "top", "scaleanchor": x,
        },
    }  # fmt: skip


def fitted(width: float, height: float, across: float, pad: float = 0.0) -> float:
    """Height in pixels that ``square_axes`` need to be ``across`` pixels wide."""
    return across * (height + 2 * pad * width) / (width + 2 * pad * width)


def link_zoom(sizes: Sequence[tuple[float, float]]) -> Part:
    """Let the first axis pairs, drawings of these sizes, zoom together if all are alike."""
    if len(set(sizes)) > 1:
        return Part()
    return Part(
        layout={
            axis_key(letter, i): {"matches": letter, "scaleanchor": None}
            for i in range(1, len(sizes))
            for letter in "xy"
        }
    )


def value_axis(domain: Span, anchor: str, **more: Any) -> Plain:
    """A visible axis with mid-grey lines, for bars and curves; not zoomable."""
    plain = {
        "domain": list(domain), "anchor": anchor, "fixedrange": True, "automargin": False,
        "tickfont": {"size": FONT}, "gridcolor": FAINT, "zeroline": False,
        "showline": False, "linecolor": LINE,
    }  # fmt: skip
    return plain | more


def ink(text: str) -> str:
    """``text`` in the page's own text colour, light or dark; Streamlit's theme would grey it."""
    return f"<span style='color:currentColor'>{text}</span>" if text else ""


def label(text: str, x: float, y: float, **more: Any) -> Plain:
    """A piece of text with its top left corner at (x, y), parts of the figure unless changed."""
    plain: Plain = {
        "text": ink(text), "x": x, "y": y, "xref": "paper", "yref": "paper",
        "xanchor": "left", "yanchor": "top", "showarrow": False, "align": "left",
        "borderpad": 0, "font": {"size": FONT},
    }  # fmt: skip
    return plain | more


def heading(title: str, x: float, y: float, colour: str = "", width: float = 0.0) -> Plain:
    """A title, after a square of the model's ``colour`` if it stands for a model.

    What does not fit into ``width`` pixels, if any are given, is cut; all of it is under the
    pointer.
    """
    square = f"<span style='color:{colour}'>■</span> " if colour else ""
    room = width - (SQUARE if colour else 0)
    shown = shortened(title, int(room / BOLD)) if width else title
    words = f"{square}{ink(f'<b>{shown}</b>')}"
    whole = {} if shown == title else {"hovertext": title, "captureevents": True}
    return label("", x, y, font={"size": FONT + 2}) | {"text": words} | whole


def shortened(text: str, most: int) -> str:
    """``text``, or its beginning and an ellipsis where it has more than ``most`` letters."""
    if letters(text) <= most:
        return text
    while len(text) > 1 and letters(text) >= most:
        text = text[: -max(1, (letters(text) - most) // 2)]  # a sign takes two letters at most
    return text.rstrip(" ·") + "…"


@lru_cache(1024)
def wrap(text: str, width: int) -> str:
    """Break ``text`` into even lines of at most ``width`` letters, but for words that are longer
    (a Chinese sign counts as two)."""
    total = letters(text)
    count = -(-total // width) or 1
    limit = total // count
    while len(lines := _fill(text, limit)) > count:
        limit += 1
    return "<br>".join(lines)


def _fill(text: str, limit: int) -> list[str]:
    """Lines of at most ``limit`` letters, but for words that are longer."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and letters((line + piece).strip()) > limit:
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()]


@lru_cache(4096)
def letters(text: str) -> int:
    """How many Latin letters have the width of ``text``: a Chinese sign counts as two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _pieces(text: str) -> list[str]:
    """Words with their space, and every Chinese sign (with a stop after it) for itself."""
    pieces = [""]
    for before, sign in zip(" " + text, text, strict=False):
        wide = unicodedata.east_asian_width(sign) in "WF" and sign not in "，。、；：！？）”"
        if wide or (before == " " and sign != " "):
            pieces.append("")
        pieces[-1] += sign
    return pieces
