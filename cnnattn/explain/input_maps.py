"""Heat maps of the input itself: as large as the picture, for any network and without a layer."""

import math
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from cnnattn.explain.target import Target, score
from cnnattn.explain.variants import PIXELS, in_evaluation, logits_of


def saliency(model: nn.Module, x: Tensor, target: Target, layer: str = "") -> Tensor:
    """How strongly each pixel moves the score, ``max |dY/dx|`` over the colours (1312.6034).

    Of pictures ``x`` (N, 3, H, W) the map is (N, H, W) and, unlike all others, never negative.
    """
    return gradient(in_evaluation(model), x, target).abs().amax(1)


def integrated_gradients(
    model: nn.Module,
    x: Tensor,
    target: Target,
    layer: str = "",
    steps: int = 50,
    baseline: float = 0.0,
) -> Tensor:
    """Gradients along the straight way from a plain picture to ``x``, times x less it (1703.01365).

    The plain picture has the value ``baseline`` everywhere; 0 is the mean colour of the data. The
    integral is taken by Gauss and Legendre's rule at ``steps`` points, the colours are added.
    Map (N, H, W), whose sum is the score's rise on this way, but for the rule's error
    (``completeness``).
    """
    network, way = in_evaluation(model), x - baseline
    points, weights = np.polynomial.legendre.leggauss(steps)  # on -1 … 1
    at = torch.as_tensor((points + 1) / 2).to(x)
    share = torch.as_tensor(weights / 2).to(x)
    size = max(1, PIXELS // (x.shape[0] * x.shape[2] * x.shape[3]))
    mean = torch.zeros_like(x)
    for some, part in zip(at.split(size), share.split(size), strict=True):
        inputs = baseline + some[:, None, None, None, None] * way  # (c, N, 3, H, W)
        mean += torch.tensordot(part, gradient(network, inputs, target), 1)
    return (mean * way).sum(1)


def completeness(
    model: nn.Module, x: Tensor, target: Target, cam: Tensor, baseline: float = 0.0
) -> tuple[Tensor, Tensor]:
    """What an ``integrated_gradients`` map adds up to and what it should: both (N,).

    The second is the score of ``x`` less that of the plain picture; the two are the same when the
    integral is exact (1703.01365, proposition 1).
    """
    with torch.no_grad():
        logits = in_evaluation(model)(torch.cat([x, torch.full_like(x, baseline)]))
    scores = score(logits.unflatten(0, (2, len(x))), target)
    return cam.sum((1, 2)), scores[0] - scores[1]


def occlusion(
    model: nn.Module,
    x: Tensor,
    target: Target,
    layer: str = "",
    patch: int | None = None,
    stride: int | None = None,
    baseline: float = 0.0,
) -> Tensor:
    """How far the score falls when a square of the picture is covered (Zeiler & Fergus, 1311.2901).

    A square of ``patch`` pixels, in the colour ``baseline``, moves over ``x`` (N, 3, H, W) in
    steps of ``stride``; a pixel gets the mean fall of the squares that cover it. A square over the
    edge is cut off there. Default: a quarter of the picture, in steps of half a square.
    """
    height, width = x.shape[2:]
    patch = patch or max(1, min(height, width) // 4)
    stride = stride or max(1, patch // 2)
    tops, lefts = ([i * stride for i in range(_places(n, patch, stride))] for n in (height, width))
    covered = torch.zeros(len(tops) * len(lefts), height, width, dtype=torch.bool, device=x.device)
    for square, (top, left) in zip(covered, product(tops, lefts), strict=True):
        square[top : top + patch, left : left + patch] = True
    network = in_evaluation(model)
    whole = score(logits_of(network, x, 1, lambda some: x[None]), target)  # (1, N)
    logits = logits_of(
        network, x, len(covered), lambda some: x.masked_fill(covered[some, None, None], baseline)
    )
    fall = whole - score(logits, target)  # (squares, N)
    squares = covered.to(x)
    return torch.einsum("sn,shw->nhw", fall, squares) / squares.sum(0)


def gradient(network: nn.Module, x: Tensor, target: Target) -> Tensor:
    """dY/dx of pictures ``x`` (…, N, 3, H, W), as large; ``network`` is in evaluation mode."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        inputs = leaf.flatten(0, -4).clone(memory_format=torch.channels_last)
        logits = network(inputs).unflatten(0, x.shape[:-3])
        y = score(logits, target).sum()
        return torch.autograd.grad(y, leaf)[0]


def _places(length: int, patch: int, stride: int) -> int:
    """How many squares stand along a side, the last one at or over its end."""
    return 1 + math.ceil(max(0, length - patch) / stride)
