"""How faithful a heat map is: does what it marks really carry the network's decision?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnattn.explain.cam import enlarge, positive
from cnnattn.explain.target import Target, confidence
from cnnattn.explain.variants import in_evaluation, logits_of


@dataclass(frozen=True)
class Curves:
    """Confidence, float (N, steps + 1), while a picture is taken apart and put together.

    The first value is that before the first step; every step changes the same number of pixels.
    """

    deletion: Tensor  # the map's highest pixels go first: the lower the curve, the better
    insertion: Tensor  # the map's highest pixels come first: the higher the curve, the better


def curves(model: nn.Module, x: Tensor, maps: Tensor, target: Target, steps: int = 64) -> Curves:
    """Deletion and insertion (RISE, arXiv 1806.07421) of ``maps`` (N, h, w) of ``x`` (N, 3, H, W).

    One picture (1, 3, H, W) may stand for all maps. Deletion goes from the picture to nothing (0,
    the data's mean colour), insertion from ``blurred`` to the picture. Maps are enlarged; their
    signs count, so that what speaks against the class comes last. Raises Problem as ``score``.
    """
    pictures = x.expand(len(maps), *x.shape[1:])
    rank = ranks(enlarge(maps, x.shape[2:]))  # (N, H, W), 0 for the highest
    counts = torch.linspace(0, rank[0].numel(), steps + 1, device=x.device).round()
    network, found = in_evaluation(model), []
    for start, end in ((x, torch.zeros_like(x)), (blurred(x), x)):
        # The beginning and the end are the same for all maps of a picture.
        first, last = _confidences(network, torch.stack([start, end]), target)

        def between(some: slice, start: Tensor = start, end: Tensor = end) -> Tensor:
            changed = rank < counts[1:-1][some, None, None, None]  # (c, N, H, W)
            return torch.where(changed[:, :, None], end, start)

        inner = confidence(logits_of(network, pictures, steps - 1, between), target)
        ends = [first.expand(len(maps)), *inner, last.expand(len(maps))]
        found.append(torch.stack(ends, 1))
    return Curves(*found)


def area(curve: Tensor) -> Tensor:
    """Area under curves (…, steps + 1) over 0 … 1, by the trapezoidal rule: a mean confidence."""
    return torch.trapezoid(curve, dx=1 / (curve.shape[-1] - 1))


def ranks(maps: Tensor) -> Tensor:
    """Each pixel's place in the order of its map (N, H, W), 0 for the highest; NaN comes last.

    Equal values are put in an order by chance, the same one every time, so that a map without
    differences does as well as a random one.
    """
    values = maps.flatten(1).nan_to_num(nan=-torch.inf)
    chance = torch.randperm(values.shape[1], generator=torch.Generator().manual_seed(0))
    chance = chance.to(values.device)
    order = chance[values[:, chance].argsort(dim=1, descending=True, stable=True)]  # (N, HW)
    return order.argsort(1).reshape(maps.shape)


def blurred(x: Tensor, share: float = 1 / 8) -> Tensor:
    """Pictures (N, 3, H, W) smoothed by a Gaussian whose deviation is ``share`` of the side.

    RISE takes 5 of 224 pixels. On 32×32 that is less than one, and networks still see the class.
    """
    down, across = (_gaussian(n, share * n).to(x) for n in x.shape[2:])
    return down @ x @ across.T


def soft_masks(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Each map's positive part over its maximum, enlarged: 0 … 1, (N, H, W); 0 for a blank map."""
    marked = positive(enlarge(maps, size)).nan_to_num(0)
    most = marked.amax((1, 2), keepdim=True)
    return marked / most.where(most > 0, 1)


def hard_masks(maps: Tensor, size: Sequence[int], threshold: float) -> Tensor:
    """Where the positive part is at least ``threshold`` (0 … 1) of its maximum: bool (N, H, W)."""
    soft = soft_masks(maps, size)
    return (soft >= threshold) & (soft > 0)


def confidence_through(model: nn.Module, x: Tensor, masks: Tensor, target: Target) -> Tensor:
    """Confidence in the pictures and in the pictures times ``masks`` (N, H, W), (2, N).

    One picture (1, 3, H, W) may stand for all masks. Where nothing is kept stands 0, the data's
    mean colour. With ``soft_masks`` these are the two of arXiv 1710.11063, section 4.1.
    """
    pictures = x.expand(len(masks), *x.shape[1:])
    variants = torch.stack([pictures, pictures * masks[:, None]])
    return _confidences(in_evaluation(model), variants, target)


def drop(before: Tensor, after: Tensor) -> Tensor:
    """By what share, 0 … 1, the confidence falls; a rise is no drop. Its mean is “average drop”."""
    return (before - after).clamp(min=0) / before


def mass_on(maps: Tensor, mask: Tensor) -> Tensor:
    """Share (N,) of the positive part of ``maps`` (N, h, w) that lies on ``mask`` (H, W), bool.

    Maps are enlarged to the mask. NaN for a map that has no positive part.
    """
    marked = positive(enlarge(maps, mask.shape[-2:]))
    return (marked * mask).sum((1, 2)) / marked.sum((1, 2))


def points_at(maps: Tensor, mask: Tensor) -> Tensor:
    """Whether the highest place of ``maps`` (N, h, w) is on ``mask`` (H, W): 1 or 0 (N,).

    The pointing game (arXiv 1608.00507), without its margin. Several highest places, as in a map
    without differences, count by their share on the mask. NaN for a map with NaN.
    """
    large = enlarge(maps, mask.shape[-2:])
    highest = large == large.amax((1, 2), keepdim=True)
    return (highest & mask).sum((1, 2)) / highest.sum((1, 2))


def random_map(size: Sequence[int], seed: int = 0) -> Tensor:
    """A control: noise (1, h, w), evenly spread over 0 … 1."""
    return torch.rand(1, *size, generator=torch.Generator().manual_seed(seed))


def centred_blob(size: Sequence[int]) -> Tensor:
    """A control: a Gaussian hill (1, h, w), 1 in the middle, half as wide as the picture.

    Photographers put things in the middle; a map should know more than that.
    """
    height, width = size
    return torch.outer(_bell(height, (height - 1) / 2), _bell(width, (width - 1) / 2))[None]


def _confidences(network: nn.Module, variants: Tensor, target: Target) -> Tensor:
    """Confidence (count, N) in variants (count, N, 3, H, W) of pictures."""
    logits = logits_of(network, variants[0], len(variants), lambda some: variants[some])
    return confidence(logits, target)


def _bell(length: int, middle: float) -> Tensor:
    return torch.exp(-((4 * (torch.arange(length) - middle) / length) ** 2) / 2)


def _gaussian(length: int, deviation: float) -> Tensor:
    """Matrix (length, length): each row a Gaussian around its own place, its weights sum to 1."""
    place = torch.arange(length)
    weights = torch.exp(-(((place[:, None] - place) / deviation) ** 2) / 2)
    return weights / weights.sum(1, keepdim=True)
