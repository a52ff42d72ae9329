"""Random variants of a batch of training pictures, drawn for the whole batch at once."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor

from cnnattn.data.pictures import NEUTRAL


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a training picture, in this order. The defaults are the ``fast`` recipe's.

    ``jitter`` is (brightness, contrast, saturation, hue) as torchvision's ColorJitter takes them:
    0.2 means a factor drawn from 0.8 … 1.2 (so at most 1), for hue a shift of up to that share of
    the circle either way (at most 0.5).
    """

    crop: int = 4  # shift by up to this many pixels each way
    crop_fill: Literal["reflect", "black"] = "reflect"  # what shows beyond the edge
    flip: bool = True  # mirror every second picture, left to right
    jitter: tuple[float, float, float, float] = (0, 0, 0, 0)
    rotation: float = 0  # by up to this many degrees each way, black beyond the edge
    cutout: int = 0  # side of a square set to the mean colour (arXiv 1708.04552), 0 for none


def augment(pictures: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """uint8 (N, H, W, 3) -> uint8 (N, H, W, 3), a different random variant of each picture."""
    n, height, width, _ = pictures.shape
    if how.crop:
        corners = torch.randint(0, 2 * how.crop + 1, (2, n), generator=generator)
        pictures = shift(pictures, corners - how.crop, how.crop, how.crop_fill)
    if how.flip:
        mirrored = torch.randint(0, 2, (n,), generator=generator, dtype=torch.bool)
        pictures = torch.where(mirrored[:, None, None, None], pictures.flip(2), pictures)
    if any(how.jitter):
        pictures = _jitter(pictures, how.jitter, generator)
    if how.rotation:
        pictures = rotate(pictures, _uniform(n, how.rotation, generator))
    if how.cutout:
        at = torch.rand(2, n, 1, generator=generator) * torch.tensor([height, width])[:, None, None]
        top, left = at.long() - how.cutout // 2
        rows, columns = torch.arange(height) - top, torch.arange(width) - left
        rows, columns = ((i >= 0) & (i < how.cutout) for i in (rows, columns))
        hole = (rows[:, :, None] & columns[:, None, :])[..., None]
        pictures = torch.where(hole, torch.tensor(NEUTRAL, dtype=torch.uint8), pictures)
    return pictures


def shift(pictures: Tensor, by: Tensor, most: int, fill: Literal["reflect", "black"]) -> Tensor:
    """Look at each picture, uint8 (N, H, W, 3), through a frame moved ``by`` (2, N) rows, columns.

    The moves lie in -most … most. The frames are windows of the padded batch, so that NumPy
    copies whole pictures instead of looking pixels up.
    """
    n, height, width, _ = pictures.shape
    edge = ((0, 0), (most, most), (most, most), (0, 0))
    mode: Literal["reflect", "constant"] = "reflect" if fill == "reflect" else "constant"
    padded = np.pad(pictures.numpy(), edge, mode).reshape(n, height + 2 * most, -1)
    windows = sliding_window_view(padded, (height, 3 * width), axis=(1, 2))[:, :, ::3]
    rows, columns = (by + most).numpy()
    return torch.from_numpy(windows[np.arange(n), rows, columns]).view(n, height, width, 3)


def rotate(pictures: Tensor, degrees: Tensor) -> Tensor:
    """Turn each picture, uint8 (N, H, W, 3), about its centre by ``degrees`` (N,), anticlockwise.

    Each pixel takes the nearest one's colour; what comes from beyond the edge is black.
    """
    n, height, width, _ = pictures.shape
    angle = torch.deg2rad(degrees)[:, None, None]
    y = (torch.arange(height) - (height - 1) / 2)[:, None]
    x = torch.arange(width) - (width - 1) / 2
    row = (angle.sin() * x + angle.cos() * y + (height - 1) / 2).round_().long()
    column = (angle.cos() * x - angle.sin() * y + (width - 1) / 2).round_().long()
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    start = torch.arange(n)[:, None, None] * (height * width)
    source = (start + row * width + column).where(inside, 0).flatten()
    turned = pictures.reshape(-1, 3).index_select(0, source).view(pictures.shape)
    return turned * inside[..., None]


def _jitter(
    pictures: Tensor, amounts: tuple[float, float, float, float], generator: torch.Generator
) -> Tensor:
    """All four changes, their strengths drawn for each picture, their order once for the batch."""
    x = pictures.permute(0, 3, 1, 2).float().div_(255)
    changes = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)
    for i in torch.randperm(4, generator=generator).tolist():
        if amounts[i]:
            unchanged = 0 if changes[i] is adjust_hue else 1
            x = changes[i](x, unchanged + _uniform(len(x), amounts[i], generator))
    return x.mul_(255).round_().byte().permute(0, 2, 3, 1).contiguous()


def adjust_brightness(x: Tensor, factor: Tensor) -> Tensor:
    """x (N, 3, H, W) in 0 … 1, made ``factor`` (N,) times as bright."""
    return (x * _each(factor)).clamp_(0, 1)


def adjust_contrast(x: Tensor, factor: Tensor) -> Tensor:
    """x (N, 3, H, W) in 0 … 1, its distance from the picture's mean grey times ``factor`` (N,)."""
    return torch.lerp(_grey(x).mean((2, 3), keepdim=True), x, _each(factor)).clamp_(0, 1)


def adjust_saturation(x: Tensor, factor: Tensor) -> Tensor:
    """x (N, 3, H, W) in 0 … 1, its distance from its own greys times ``factor`` (N,)."""
    return torch.lerp(_grey(x), x, _each(factor)).clamp_(0, 1)


def adjust_hue(x: Tensor, turn: Tensor) -> Tensor:
    """x (N, 3, H, W) in 0 … 1, its hues moved by ``turn`` (N,) of the circle, -0.5 … 0.5."""
    red, green, blue = x.unbind(1)
    high = x.amax(1)
    spread = high - x.amin(1)
    divisor = spread.where(spread > 0, 1)
    # Sixths of the circle: 0 is red, 2 green, 4 blue.
    hue = torch.where(
        high == red,
        (green - blue) / divisor,
        torch.where(high == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    hue = hue + 6 * turn[:, None, None]
    planes = []
    for offset in (5, 3, 1):  # red, green, blue: each falls over the two sixths around its opposite
        k = (hue + offset).remainder_(6)
        planes.append(high - spread * torch.minimum(k, 4 - k).clamp_(0, 1))
    return torch.stack(planes, 1)


def _grey(x: Tensor) -> Tensor:
    red, green, blue = x.split(1, 1)
    return 0.2989 * red + 0.587 * green + 0.114 * blue


def _each(factor: Tensor) -> Tensor:
    return factor[:, None, None, None]


def _uniform(n: int, most: float, generator: torch.Generator) -> Tensor:
    """(n,) numbers in -most … most."""
    return (2 * torch.rand(n, generator=generator) - 1) * most
