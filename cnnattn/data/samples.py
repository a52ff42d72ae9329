"""The built-in sample pictures: emoji on plain backgrounds, each with an exact object mask."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """One built-in picture. The arrays are shared by all who ask, and read-only."""

    name: str  # "cat-1"
    label: str  # its CIFAR-10 class, "cat"
    picture: np.ndarray  # uint8 (128, 128, 3)
    mask: np.ndarray  # bool (128, 128): pixels that the object covers by half or more


@cache
def samples() -> tuple[Sample, ...]:
    """All samples, in the order of the CIFAR-10 classes (which is alphabetical)."""
    names = sorted(path.name.removesuffix(".mask.png") for path in FOLDER.glob("*.mask.png"))
    return tuple(
        Sample(
            name,
            label=name.rpartition("-")[0],
            picture=_read(FOLDER / f"{name}.png"),
            mask=_read(FOLDER / f"{name}.mask.png"),
        )
        for name in names
    )


def _read(path: Path) -> np.ndarray:
    pixels = np.array(Image.open(path))
    pixels.flags.writeable = False
    return pixels
