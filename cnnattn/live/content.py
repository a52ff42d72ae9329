"""What the page Live shows: networks and pictures as one block of bytes, and the words around."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnattn.live.payload import Parts, network
from cnnattn.nets.checkpoint import Checkpoint


@dataclass(frozen=True)
class LiveModel:
    """A network of the page; mean and deviation are those of the pictures it was trained on."""

    name: str
    checkpoint: Checkpoint
    colour: str
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


@dataclass(frozen=True)
class LivePicture:
    """A picture to choose: uint8 (32, 32, 3), and the number of its class where it is known."""

    name: str
    label: int | None
    pixels: np.ndarray


def pack(
    models: Sequence[LiveModel],
    pictures: Sequence[LivePicture],
    colours: Sequence[str],
    veil: Sequence[tuple[float, float, float, float]],
    *,
    key: str = "",
    half: bool = False,
) -> bytes:
    """Networks and pictures for the browser, in no language. ``half`` as for ``network``.

    ``key`` names the content, ``colours`` are the stops ("#rrggbb") of the scale for magnitudes,
    ``veil`` those of heat maps over a picture: red, green, blue to 255, alpha to 1.
    Raises Problem for a network with an operation that the engine does not know.
    """
    parts = Parts()
    header: dict[str, Any] = {
        "models": [
            {
                "name": model.name,
                "colour": model.colour,
                "mean": model.mean,
                "deviation": model.deviation,
                **network(model.checkpoint.model, model.checkpoint.spec, parts, half=half),
            }
            for model in models
        ],
        "pictures": [
            {
                "name": picture.name,
                "label": picture.label,
                "at": parts.add(picture.pixels.tobytes()),
            }
            for picture in pictures
        ],
        "colours": list(colours),
        "veil": list(veil),
        "key": key,
    }
    return parts.pack(header)
