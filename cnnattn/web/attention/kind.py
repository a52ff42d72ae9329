"""What the pages tell of one kind of attention, as one record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cnnattn.figures.attention.flow import Box
from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.nets.attention import attention_name
from cnnattn.web.shell.text import _

Diagram = tuple[list[Box], list[tuple[str, str]]]
"""Boxes, and arrows from box to box by their names."""

Question = tuple[str, str]
"""A question and its answer, Markdown; both are messages, filled as ``Kind.explanation``."""


@dataclass(frozen=True)
class Kind:
    """A kind of attention. Texts are English messages, translated where they are shown."""

    key: str  # in ``ATTENTION``
    attends: str  # to what, in a few words
    idea: str  # of the card, Markdown
    explanation: str  # of its steps, Markdown; may have {channels}, {units} and what widths gives
    formula: str  # LaTeX
    symbols: str  # what the letters of the formula stand for, Markdown with LaTeX
    parameters: str  # how many one module has, LaTeX of C (channels) and what ``widths`` gives
    paper: str
    address: str
    diagram: Callable[[int, int, int], Diagram]  # of maps (C, H, W), between the boxes x and y
    widths: Callable[[int], Mapping[str, int]] = lambda channels: {}  # of what is inside
    widths_formula: str = ""  # the same in LaTeX
    no_bars: str = ""  # why there is no weight per channel to draw; "" where there is one
    questions: tuple[Question, ...] = ()  # beside those that are asked of every kind

    @property
    def name(self) -> str:
        """What it is called in titles, in the reader's language."""
        return _(attention_name(self.key))

    @property
    def colour(self) -> str:
        return ATTENTION_COLOURS[self.key]


def filled(kind: Kind, text: str, channels: int) -> str:
    """A text of ``kind`` in the reader's language, with the numbers of a module of this width."""
    widths = kind.widths(channels)
    return _(text, channels=channels, units=hidden_words(widths.get("h", 0)), **widths)


def hidden_words(count: int) -> str:
    """So many hidden units, in words."""
    return _("1 hidden unit") if count == 1 else _("{count} hidden units", count=count)
