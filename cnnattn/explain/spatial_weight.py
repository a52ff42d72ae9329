"""The weight that a network's own attention gives to each place."""

import torch
from torch import Tensor, nn

from cnnattn.explain.target import Target
from cnnattn.explain.trace import watched_view
from cnnattn.problem import Problem

WEIGHTS = ("gate", "places", "affinity")
"""What submodules are called whose output may weigh places."""


def attention(model: nn.Module, x: Tensor, target: Target, layer: str) -> Tensor:
    """The weight of each place in the last spatial attention up to ``layer``, (N, h, w).

    It is of no class. A weight (N, 1, H, W) is the map itself, one of (N, C, H, W) its mean over
    the channels; of a non-local ``affinity`` it is how much all places together take from each.

    Raises Problem as ``trace`` does, and where no attention up to ``layer`` weighs places.
    """
    names = [name for name, _ in model.named_modules() if name.split(".")[-1] in WEIGHTS]
    owners = [_owner(name) for name in names if _owner(name)]
    captured: dict[str, Tensor] = {}
    view = watched_view(model, [layer, *names, *owners], captured)
    with torch.no_grad():
        view(x)
    order = list(captured)  # in which they ran
    passed = order[: order.index(layer) + 1] if layer in order else []
    found = [name for name in passed if name in names and _weighs_places(captured[name])]
    if not found:
        raise Problem(
            "No attention up to layer “{layer}” of this network weighs places (SE and ECA weigh "
            "whole channels), so it has no map of its own; choose a network with CBAM, spatial or "
            "coordinate attention.",
            layer=layer,
        )
    weight = captured[found[-1]]
    if weight.ndim == 4:
        return weight.mean(1)
    height, width = captured[_owner(found[-1])].shape[2:]
    if weight.shape[2] < height * width:  # the keys are pooled 2×2
        height, width = height // 2, width // 2
    return weight.mean(1).unflatten(1, (height, width))


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _weighs_places(weight: Tensor) -> bool:
    return weight.ndim == 3 or (weight.ndim == 4 and weight.shape[2:] != (1, 1))
