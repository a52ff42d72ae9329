"""The engine and the page as one piece of JavaScript, for Streamlit and for one HTML file."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENGINE = (
    "kernels.js", "arithmetic.js", "layers.js", "operations.js", "engine.js", "edits.js",
    "payload.js", "resize.js",
)  # fmt: skip
PAGE = (
    "dom.js", "picture.js", "cams.js", "drawing.js", "kernel_tile.js", "faders.js", "maps.js",
    "story.js", "camera.js", "undo.js", "picture_view.js", "model_view.js", "lab.js",
)  # fmt: skip


@cache
def engine_script() -> str:
    """The engine alone: ``Network``, ``GateEdit``, ``unpack``, ``unpackWeights``, ``resize``."""
    return _kernel() + _joined(ENGINE)


@cache
def page_script() -> str:
    """The engine and ``Lab``, the page."""
    return _kernel() + _joined(ENGINE + PAGE)


@cache
def page_style() -> str:
    """The page's CSS, all of it below ``.cnnattn-live``."""
    return (FOLDER / "lab.css").read_text("utf-8")


def _kernel() -> str:
    """The SIMD kernel as numbers, which JavaScript needs no decoder for."""
    numbers = ",".join(map(str, (FOLDER / "kernel.wasm").read_bytes()))
    return f"const KERNEL_WASM = Uint8Array.of({numbers});\n"


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / name).read_text("utf-8") for name in names)
