"""The engine and the page as one piece of JavaScript, for Streamlit and for one HTML file."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENGINE = ("kernels.js", "operations.js", "engine.js", "edits.js", "payload.js", "resize.js")
"""In this order: what a file uses at once stands before it."""


@cache
def engine_script() -> str:
    """The engine alone: ``Network``, ``unpack``, ``unpackWeights``, ``resize``."""
    return _joined(ENGINE)


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / name).read_text("utf-8") for name in names)
