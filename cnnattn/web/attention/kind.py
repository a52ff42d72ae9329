"""What the pages tell of one kind of attention, as one record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cnnattn.figures.attention.flow import Box
from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.nets.attention import attention_name
from cnnattn.problem import message
from cnnattn.web.shell.text import _

Diagram = tuple[list[Box], list[tuple[str, str]]]
"""Boxes, and arrows from box to box by their names."""

Question = tuple[str, str]
"""A question and its answer, Markdown; both are messages, filled as ``Kind.explanation``."""

# What a kind does to the maps where it stands in the two networks: it multiplies, or it adds.
WEIGHTS = message(
    "In the CNN it weights the output of the ReLU at full size, before pooling discards three "
    "quarters of it. In ResNet-20 it weights signed feature maps before the addition: even where "
    "a gate is close to 0, the input of the block still passes through the residual connection."
)
ADDS = message(
    "In the CNN it adds to the output of the ReLU at full size, before pooling discards three "
    "quarters of it; what it adds may be negative. In ResNet-20 it adds to signed feature maps, "
    "and the residual connection is added to the result. It has no gates, so it closes nothing."
)


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
    framed: str = message("the gate, by which the maps are multiplied")  # the diagram's thick frame
    in_networks: str = WEIGHTS  # what it does to the maps in the two networks
    no_bars: str = ""  # why there is no weight per channel to draw; "" where there is one
    questions: tuple[Question, ...] = ()  # beside those that are asked of every kind

    @property
    def name(self) -> str:
        """What it is called in titles, in the reader's language."""
        return _(attention_name(self.key))

    @property
    def adds(self) -> bool:
        """Whether it adds to the maps, and so has no gates."""
        return self.in_networks == ADDS

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
