"""Damaged picture files: each is a picture, or is refused in one sentence."""

import random
import warnings
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from cnnattn.data.pictures import FORMATS, read_picture
from cnnattn.problem import Problem
from tests.fuzz.twist import damaged

MODES = {
    "PNG": ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L"),
    "BMP": ("1", "L", "P", "RGB"),
    "TIFF": ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB"),
    "AVIF": ("RGB", "RGBA"),
}


@cache
def seeds() -> list[bytes]:
    """Whole files of every kind that is read, with and without notes."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    files = []
    for kind in FORMATS:
        for mode in MODES[kind]:
            base = Image.fromarray(noise)
            drawn = mode not in ("I;16", "LAB")
            image = base.convert(mode) if drawn else Image.new(mode, base.size)
            options = [{}]
            if kind == "TIFF":
                options = [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}]
            if kind in ("PNG", "JPEG", "WEBP", "TIFF"):
                exif = Image.Exif()
                exif[0x0112] = 6
                options.append({"exif": exif})
            if kind == "JPEG":
                options.append({"progressive": True})
            if kind in ("GIF", "WEBP", "PNG") and mode not in ("I;16", "1"):
                options.append({"save_all": True, "append_images": [image, image]})
            for option in options:
                buffer = BytesIO()
                image.save(buffer, kind, **option)
                files.append(buffer.getvalue())
    return files


def attempt(rng: random.Random, place: Path) -> bool:
    """Read one damaged picture; whether it still was one."""
    data = damaged(rng.choice(seeds()), rng, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about what is damaged
        try:
            picture = read_picture(data)
        except Problem:
            return False
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert 0 < max(picture.shape) <= 1024
    return True
