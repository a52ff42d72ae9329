"""Does a heat map look at the network at all? (Sanity checks, Adebayo et al., arXiv 1810.03292.)

The weights are shuffled layer by layer, from the last layer to the first. A map that shows what the
network has learned must change; one that stays as it was only shows the picture.
"""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnattn.explain.cam import heatmap, unit
from cnnattn.explain.target import Target

WINDOW = 7  # pixels, of the structural similarity


def cascade(
    model: nn.Module,
    x: Tensor,
    target: Target,
    layer: str,
    method: str = "grad_cam",
    at_most: int = 12,
    seed: int = 0,
) -> Iterator[tuple[str, Tensor]]:
    """Yield the layer shuffled last and the map (N, h, w) that is then found, step by step.

    First "" and the map of the network as it is. Every parameter keeps its values in a new order;
    a layer's batch norm is shuffled with it. A deep network takes ``at_most`` steps, several layers
    each. The model itself stays as it is. Raises Problem as ``heatmap`` does.
    """
    yield "", heatmap(model, x, target, layer, method)
    shuffled = deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    groups = parameter_groups(shuffled)[::-1]
    for bunch in np.array_split(np.arange(len(groups)), min(at_most, len(groups))):
        for number in bunch:
            for parameter in groups[number][1]:
                order = torch.randperm(parameter.numel(), generator=generator)
                values = parameter.detach().flatten()
                parameter.data = values[order.to(values.device)].reshape(parameter.shape)
        yield groups[bunch[-1]][0], heatmap(shuffled, x, target, layer, method)


def parameter_groups(model: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """Layers with weights (name, parameters), in the order in which they were registered.

    Parameters without a matrix, as of a batch norm, go with the layer before them; a gate and the
    attention around it are one layer.
    """
    groups: list[tuple[str, list[nn.Parameter]]] = []
    for name, module in model.named_modules():
        own, name = list(module.parameters(recurse=False)), name.partition(".gate")[0]
        new = not groups or (any(p.ndim > 1 for p in own) and groups[-1][0] != name)
        if own and new:
            groups.append((name, own))
        elif own:
            groups[-1][1].extend(own)
    return groups


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's: 1 if two maps (any shape) have their values in the same order, -1 if opposite.

    Equal values share their mean rank. NaN if one of the maps has no differences, or has NaN.
    """
    if not (a.isfinite().all() and b.isfinite().all()):
        return float("nan")
    ranks = torch.stack([_mean_ranks(a), _mean_ranks(b)])
    return float(torch.corrcoef(ranks)[0, 1])


def similarity(a: Tensor, b: Tensor) -> float:
    """Structural similarity (Wang et al. 2004) of two maps (H, W), 1 if they are alike.

    Both are scaled to 0 … 1 first. Mean over all windows of 7×7 pixels, or as large as the maps.
    """
    size = [min(WINDOW, n) for n in a.shape]
    count = size[0] * size[1]
    pair = torch.stack([unit(a), unit(b)]).double()

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values[None], size, stride=1)[0]

    (mean_a, mean_b), unbiased = mean(pair), count / max(1, count - 1)
    var_a, var_b = unbiased * (mean(pair**2) - mean(pair) ** 2)
    both = unbiased * (mean(pair.prod(0, keepdim=True))[0] - mean_a * mean_b)
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _mean_ranks(values: Tensor) -> Tensor:
    _, place, counts = torch.unique(values.double(), return_inverse=True, return_counts=True)
    last = counts.cumsum(0)
    return (last - (counts - 1) / 2).double()[place.flatten()]
