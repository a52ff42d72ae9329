"""The engine and the page as one piece of JavaScript, for Streamlit and for one HTML file."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENGINE = ("kernels.js", "operations.js", "engine.js", "edits.js", "payload.js", "resize.js")
PAGE = (
    "dom.js", "picture.js", "cams.js", "drawing.js", "faders.js", "maps.js", "story.js",
    "camera.js", "model_view.js", "lab.js",
)  # fmt: skip


@cache
def engine_script() -> str:
    """The engine alone: ``Network``, ``GateEdit``, ``unpack``, ``unpackWeights``, ``resize``."""
    return _joined(ENGINE)


@cache
def page_script() -> str:
    """The engine and ``Lab``, the page."""
    return _joined(ENGINE + PAGE)


@cache
def page_style() -> str:
    """The page's CSS, all of it below ``.cnnattn-live``."""
    return (FOLDER / "lab.css").read_text("utf-8")


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / name).read_text("utf-8") for name in names)
