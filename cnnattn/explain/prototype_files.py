"""Pictures that excite the channels of a layer, made once and kept as one small mosaic."""

import hashlib
import io
import json
import math
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from cnnattn.problem import Problem

Made = dict[str, np.ndarray]
"""What ``maximise`` returns: "picture" uint8 (C, H, W, 3), "mean" and "activation" float32 (C,)."""

QUALITY = 60  # of the lossy WebP: half a kilobyte per channel at 32 × 32


def weights_digest(model: nn.Module) -> str:
    """Names the weights of a network: 16 hexadecimal digits, other ones for other weights."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def mosaic_file(folder: Path, name: str, layer: str) -> Path:
    """Where the pictures for ``layer`` of the checkpoint ``name`` lie."""
    return folder / f"{name}.{layer}.webp"


def encode(made: Made, weights: str) -> bytes:
    """A WebP mosaic of the pictures, whose metadata hold the numbers and the ``weights``' digest.

    The numbers are those of the pictures before they were compressed.
    """
    pictures = made["picture"]
    count, height, width, _ = pictures.shape
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    tiles = np.zeros((down * across, height, width, 3), np.uint8)
    tiles[:count] = pictures
    rows = tiles.reshape(down, across, height, width, 3).transpose(0, 2, 1, 3, 4)
    numbers = {name: [round(float(v), 4) for v in made[name]] for name in ("mean", "activation")}
    told = json.dumps({"weights": weights, "size": [height, width], **numbers})
    file = io.BytesIO()
    Image.fromarray(rows.reshape(down * height, across * width, 3)).save(
        file, "WEBP", quality=QUALITY, method=6, xmp=told.encode()
    )
    return file.getvalue()


def read(file: Path, weights: str) -> Made | None:
    """The pictures in ``file``, None without it or if they were made for other weights.

    Raises Problem for a damaged file.
    """
    if not file.is_file():
        return None
    with suppress(OSError, ValueError, KeyError, TypeError), Image.open(file) as image:
        told = json.loads(image.info["xmp"])
        if told["weights"] != weights:
            return None
        mean, activation = (np.array(told[n], np.float32) for n in ("mean", "activation"))
        (height, width), mosaic = told["size"], np.array(image.convert("RGB"))
        down, across = mosaic.shape[0] // height, mosaic.shape[1] // width
        rows = mosaic.reshape(down, height, across, width, 3).transpose(0, 2, 1, 3, 4)
        pictures = rows.reshape(-1, height, width, 3)[: len(mean)]
        if len(pictures) == len(activation) == len(mean):
            return {"picture": pictures, "mean": mean, "activation": activation}
    raise Problem(
        "{file} cannot be read as pictures of channels; make it again: python -m tools.prototypes",
        file=file.name,
    )
