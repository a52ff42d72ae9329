"""Pictures as uint8 (H, W, 3) arrays, and as the tensors that networks take."""

import threading
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps, features
from torch import Tensor

from cnnattn.data.picture_limits import (
    MAX_PIXELS,
    PatientReader,
    check_size,
    check_strips,
    too_many_pixels,
)
from cnnattn.problem import Problem

CIFAR10_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR10_STD = (0.2023, 0.1994, 0.2010)

MAX_BYTES = 10_000_000  # of a file
MAX_SIDE = 1024  # of a picture as kept
BAND = 1_000_000  # pixels that are converted at a time
ORIENTATION = 0x0112  # among a camera's notes

FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    *(["AVIF"] if "avif" in features.modules and features.check("avif") else []),  # Pillow 11.3
)
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_DECODING = threading.BoundedSemaphore(2)  # large pictures at a time, over all sessions
NEUTRAL = tuple(round(255 * m) for m in CIFAR10_MEAN)  # about 0 once normalised


def normalise(
    batch: Tensor,
    mean: tuple[float, float, float] = CIFAR10_MEAN,
    std: tuple[float, float, float] = CIFAR10_STD,
) -> Tensor:
    """uint8 (N, H, W, 3) -> float32 (N, 3, H, W), ``(value / 255 - mean) / std`` a channel.

    The memory stays in the order of the pictures, which torch calls channels_last.
    """
    scale = 1 / (255 * torch.tensor(std, device=batch.device))
    offset = torch.tensor(mean, device=batch.device) / torch.tensor(std, device=batch.device)
    return (batch * scale - offset).permute(0, 3, 1, 2)


def to_input(
    picture: np.ndarray,
    size: int = 32,
    mean: tuple[float, float, float] = CIFAR10_MEAN,
    std: tuple[float, float, float] = CIFAR10_STD,
) -> Tensor:
    """A picture, uint8 (H, W, 3), as a network's input: float32 (1, 3, size, size), normalised.

    Raises Problem if the array is no picture.
    """
    return normalise(torch.from_numpy(input_picture(picture, size))[None], mean, std)


def to_inputs(
    pictures: Tensor,
    size: int | None = None,
    mean: tuple[float, float, float] = CIFAR10_MEAN,
    std: tuple[float, float, float] = CIFAR10_STD,
) -> Tensor:
    """Square pictures (N, H, W, 3), values 0 … 255, as a network's input: float32
    (N, 3, size, size), normalised; ``size`` None leaves them as large as they are.

    Scaled like by ``to_input``, but without rounding on the way, so that a gradient comes through.
    """
    if size is not None and pictures.shape[1:3] != (size, size):
        pictures = F.interpolate(
            pictures.permute(0, 3, 1, 2).float(), (size, size), mode="bilinear", antialias=True
        ).permute(0, 2, 3, 1)
    return normalise(pictures, mean, std)


def input_picture(picture: np.ndarray, size: int = 32) -> np.ndarray:
    """A picture, uint8 (H, W, 3), as the network sees it: uint8 (size, size, 3), a fresh array.

    The centre square is scaled with antialiasing (each new pixel a weighted mean of all that it
    covers); a picture of that size passes unchanged. Raises Problem if the array is no picture.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise Problem(
            "A picture must be an array of uint8 with the shape (height, width, 3), but this one "
            "is {dtype} with the shape {shape}; read it with read_picture, or convert it.",
            dtype=picture.dtype,
            shape=picture.shape,
        )
    picture = square(picture)
    if len(picture) == size:
        return picture.copy()
    return np.array(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR))


def square(picture: np.ndarray, how: Literal["crop", "letterbox"] = "crop") -> np.ndarray:
    """Make uint8 (H, W, 3) square: its centre, or all of it between bars of CIFAR-10's mean colour.

    The mean colour is about 0 after normalisation, so the bars tell the network nothing.
    """
    height, width, _ = picture.shape
    side = min(height, width) if how == "crop" else max(height, width)
    top, left = abs(height - side) // 2, abs(width - side) // 2
    if how == "crop":
        return picture[top : top + side, left : left + side]
    framed = np.full((side, side, 3), NEUTRAL, np.uint8)
    framed[top : top + height, left : left + width] = picture
    return framed


def read_picture(source: bytes | Path) -> np.ndarray:
    """The picture in a file (or its bytes) as uint8 (H, W, 3), RGB, at most 1024 pixels a side.

    Of an animation, the first frame. EXIF orientation is applied, transparency laid on white,
    and every colour mode brought to 8-bit RGB. Raises Problem for a file that is missing, empty,
    too large, of too many pixels (both checked before decoding), damaged, or no picture.
    """
    data = source if isinstance(source, bytes) else _bytes(source)
    _check_size(len(data))
    try:
        check_strips(data)
        with Image.open(PatientReader(data), formats=FORMATS) as image:
            check_size(image, data)
            with _DECODING if image.width * image.height > BAND else nullcontext():
                return _decode(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels(MAX_PIXELS) from None
    except Problem:
        raise
    except Image.UnidentifiedImageError:
        raise _no_picture(data) from None
    # A decoder meets damage with anything from OSError to SyntaxError or struct.error.
    except Exception as error:
        raise _damaged() from error


def _bytes(path: Path) -> bytes:
    try:
        _check_size(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise Problem(
            "The file {path} cannot be read ({reason}); check its name and its permissions.",
            path=path,
            reason=error.strerror,
        ) from None


def _check_size(size: int) -> None:
    if not size:
        raise Problem(
            "The file is empty (0 bytes), so there is no picture in it; copy or save it again."
        )
    if size > MAX_BYTES:
        raise Problem(
            "The file is {size:.1f} MB large and the limit is {limit:.0f} MB; save the picture "
            "smaller, or as a JPEG.",
            size=size / 1e6,
            limit=MAX_BYTES / 1e6,
        )


def _damaged() -> Problem:
    return Problem(
        "The picture file is damaged or cut short, so it cannot be decoded; copy or download it "
        "again, or save it anew."
    )


def _no_picture(data: bytes) -> Problem:
    if data.startswith(_SIGNATURES):
        return _damaged()
    if kind := _unsupported(data):
        return Problem(
            "This is a file of the kind {kind}, which cannot be read here; save or export the "
            "picture as JPEG or PNG.",
            kind=kind,
        )
    return Problem(
        "This file is not a picture in a known format; use one of {formats}.",
        formats=", ".join(FORMATS),
    )


def _unsupported(data: bytes) -> str | None:
    """The name of a format that people take for a readable picture, if this is one."""
    start = data[:1000].lstrip()
    if start.startswith(b"%PDF"):
        return "PDF"
    if b"<svg" in start:
        return "SVG"
    if data[4:8] == b"ftyp":
        return {b"hei": "HEIC", b"hev": "HEIC", b"mif": "HEIC", b"avi": "AVIF"}.get(
            data[8:11], "MP4"
        )
    return None


def _decode(image: Image.Image) -> np.ndarray:
    # Only a JPEG can follow this: it is then decoded at a half, a quarter or an eighth.
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))
    image.load()
    small = _reduced(image)
    with suppress(Exception):  # damage in the camera's notes must not cost the picture
        small.getexif()[ORIENTATION] = image.getexif()[ORIENTATION]
        ImageOps.exif_transpose(small, in_place=True)
    small.thumbnail((MAX_SIDE, MAX_SIDE))
    if small.mode == "RGBA":
        white = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(white, small).convert("RGB")
    return np.array(small)


def _reduced(image: Image.Image) -> Image.Image:
    """As RGB or RGBA, at a whole fraction of the size, but not less than twice what is kept.

    Converted and reduced a band at a time, so the picture is never in memory twice.
    """
    mode = "RGBA" if image.has_transparency_data else "RGB"
    factor = max(1, max(image.size) // (2 * MAX_SIDE))
    across, down = min(factor, image.width), min(factor, image.height)
    size = -(-image.width // across), -(-image.height // down)
    small = Image.new(mode, size)
    extremes = _extremes(image) if image.mode in ("I", "F") else None
    rows = max(1, BAND // (image.width * down))  # of the small picture
    for top in range(0, size[1], rows):
        bottom = min((top + rows) * down, image.height)
        band = image.crop((0, top * down, image.width, bottom))
        if image.mode.startswith("I;16"):
            band = Image.fromarray((np.asarray(band) >> 8).astype(np.uint8))
        elif extremes:
            band = Image.fromarray(_stretched(np.asarray(band, np.float32), *extremes))
        if band.mode != mode:
            band = band.convert(mode)
        small.paste(band.reduce((across, down)) if factor > 1 else band, (0, top))
    return small


def _extremes(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest number of a picture that has no range of its own."""
    least, most = image.getextrema()
    return float(least), float(most)  # type: ignore[arg-type]


def _stretched(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """Numbers without a range of their own (32-bit TIFF) from least to most as 0 … 255."""
    share = (values - least) / max(most - least, 1e-9)
    return (255 * np.nan_to_num(share).clip(0, 1)).astype(np.uint8)
