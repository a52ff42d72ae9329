"""Pictures made worse on purpose, to see how much of that a network bears."""

from collections.abc import Callable

import numpy as np
import torch

from cnnattn.data.augment import rotate
from cnnattn.data.pictures import NEUTRAL
from cnnattn.problem import Problem

Corruption = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
"""(pictures uint8 (N, H, W, 3), strength above 0 and up to 1, randomness) -> the same shape."""

MOST_NOISE = 64  # standard deviation, of 255
MOST_BLUR = 1 / 8  # standard deviation, as a part of the picture's side
MOST_LIGHT = 3  # times
MOST_TURN = 90  # degrees


def corrupt(pictures: np.ndarray, kind: str, strength: float, seed: int = 0) -> np.ndarray:
    """Corrupt a batch of pictures, uint8 (N, H, W, 3); strength 0 returns them unchanged.

    What is random (noise, place, direction) follows ``seed`` and stays the same as the strength
    grows. Raises Problem for an unknown kind and for a strength outside 0 … 1.
    """
    if kind not in CORRUPTIONS:
        raise Problem(
            "There is no corruption called “{kind}”; the known ones are {known}.",
            kind=kind,
            known=", ".join(CORRUPTIONS),
        )
    if not 0 <= strength <= 1:
        raise Problem(
            "The strength of a corruption must lie between 0 and 1, but it is {strength}.",
            strength=strength,
        )
    if not strength:
        return pictures
    return CORRUPTIONS[kind](pictures, strength, np.random.default_rng(seed))


def noise(pictures: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Add normal noise to every value, of standard deviation 64 of 255 at most."""
    added = random.standard_normal(pictures.shape, np.float32)
    return _bytes(pictures + MOST_NOISE * strength * added)


def blur(pictures: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Replace every pixel by a Gaussian mean of its surroundings, of those within the picture.

    The standard deviation is an eighth of the picture's side at most: 4 pixels of 32.
    """
    n, height, width, colours = pictures.shape
    rows, columns = (_gauss(side, strength * MOST_BLUR * side) for side in (height, width))
    blurred = rows @ pictures.reshape(n, height, -1).astype(np.float32)
    return _bytes(columns @ blurred.reshape(n, height, width, colours))


def brightness(pictures: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Expose the picture up to 3 times as long: values are multiplied, and white stays white."""
    return _bytes(pictures * np.float32(1 + (MOST_LIGHT - 1) * strength))


def rotation(pictures: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Turn each picture by up to 90 degrees, one way or the other; black beyond its edge."""
    direction = random.choice([-1.0, 1.0], len(pictures))
    degrees = torch.from_numpy(MOST_TURN * strength * direction)
    return rotate(torch.from_numpy(pictures), degrees).numpy()


def occlusion(pictures: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Cover a square somewhere in each picture with CIFAR-10's mean colour.

    The strength is the square's side as a part of the picture's: at 1 nothing is left.
    """
    n, height, width = pictures.shape[:3]
    tall, wide = round(strength * height), round(strength * width)
    place = random.random((2, n, 1))
    top, left = (place * [[[height - tall + 1]], [[width - wide + 1]]]).astype(int)
    rows, columns = np.arange(height) - top, np.arange(width) - left  # (N, H), (N, W)
    rows, columns = (rows >= 0) & (rows < tall), (columns >= 0) & (columns < wide)
    covered = rows[:, :, None] & columns[:, None, :]
    return np.where(covered[..., None], np.array(NEUTRAL, np.uint8), pictures)


CORRUPTIONS: dict[str, Corruption] = {
    "noise": noise,
    "blur": blur,
    "brightness": brightness,
    "rotation": rotation,
    "occlusion": occlusion,
}
"""Name -> corruption. The one place to register a new kind."""


def _gauss(side: int, deviation: float) -> np.ndarray:
    """float32 (side, side): row i holds the weights of all pixels in the mean at pixel i."""
    at = np.arange(side)
    away = (at[:, None] - at) / max(deviation, 1e-3)  # a thousandth of a pixel moves nothing
    weights = np.exp(-(away**2) / 2)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)
