"""Figures that are drawn once for all sessions, with the words that go with them."""

from dataclasses import dataclass

from cnnattn.figures.kit.finished import Finished
from cnnattn.web.library.shared import Shared, shared


@dataclass(frozen=True)
class Drawn:
    """A figure, what is seen on it in words, and what else is told beside it."""

    figure: Finished
    alt: str
    told: str = ""


drawn = shared(Shared(64e6, lambda value: value.figure.size), in_words=True)
"""For a pure function that returns a Drawn: figures of 64 MB in all are kept, 500 to 10,000."""
