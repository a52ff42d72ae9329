"""Several like panels in one figure: side by side or, on a narrow page, below each other."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnattn.figures.kit.frame import (
    Plain,
    Span,
    bands,
    column_width,
    columns,
    ink,
    label,
    letters,
    shortened,
)

LEGEND = 24  # height of a line of it in pixels
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "triangle-up")
SIGNS = ("●", "◆", "■", "✚", "✖", "▲")  # the same, as letters
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LETTER = 7.6  # width in pixels


@dataclass(frozen=True)
class Cell:
    """Where a panel lies: its column, and its bands from the top down, parts of the figure."""

    span: Span
    bands: Sequence[Span]
    width: float  # in pixels


@dataclass(frozen=True)
class Cells:
    """A panel's place each, and the sizes in pixels that follow."""

    cells: Sequence[Cell]
    column: float  # width of a panel
    height: float  # of the whole figure


def within(name: str, pixels: float) -> str:
    """The name, cut with an ellipsis where it is wider than ``pixels``; two signs at least."""
    return shortened(name, max(2, int(pixels / LETTER + 1e-6)))


def across(count: int, least: float, width: float) -> int:
    """How many of ``count`` panels, at least ``least`` pixels wide, stand side by side."""
    return max(1, min(count, int(width // least)))


def cells(
    count: int, per_row: int, heights: Sequence[float], width: float, head: float = 0.0
) -> Cells:
    """Lay ``count`` panels out, each made of bands of these pixel ``heights``, below a ``head``."""
    rows = -(-count // per_row)
    spans, band = columns(per_row), bands([head, *[*heights] * rows])[1:]
    size = len(heights)
    column = column_width(width, spans[0])
    places = [
        Cell(spans[i % per_row], band[i // per_row * size : (i // per_row + 1) * size], column)
        for i in range(count)
    ]
    return Cells(places, column, head + rows * sum(heights))


def legend(titles: Sequence[str], colours: Sequence[str], width: float) -> tuple[Plain, float]:
    """Names the models, in as many lines as ``width`` asks for: the text, to be placed at the top
    left, and its height in pixels."""
    lines: list[list[str]] = [[]]
    used = 0.0
    for title, colour, n in zip(titles, colours, repeated(colours), strict=True):
        size = (letters(title) + 5) * LETTER
        if lines[-1] and used + size > width:
            lines.append([])
            used = 0.0
        sign = f"<span style='color:{colour}'>{SIGNS[n % len(SIGNS)]}</span>"
        lines[-1].append(f"{sign} {ink(title)}")
        used += size
    words = "<br>".join((3 * "\u2002").join(line) for line in lines)
    return label("", 0, 1) | {"text": words}, LEGEND * len(lines)


def repeated(colours: Sequence[str]) -> list[int]:
    """How often each colour came before: models of one colour get symbols and dashes by that."""
    return [colours[:i].count(colour) for i, colour in enumerate(colours)]
