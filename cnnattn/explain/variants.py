"""Run a network on many variants of the same pictures, as many at a time as memory likes."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnnattn.explain.trace import watched_view

PIXELS = 2**14  # a batch: 16 pictures of 32×32, whose maps stay in the caches of a CPU


def in_evaluation(model: nn.Module) -> nn.Module:
    """``model`` in evaluation mode, itself or a view of it: see ``watched_view``."""
    return watched_view(model, (), {})


def logits_of(
    network: nn.Module, x: Tensor, count: int, variants: Callable[[slice], Tensor]
) -> Tensor:
    """Logits (count, N, classes) of ``count`` variants of the pictures ``x`` (N, 3, H, W).

    ``variants`` makes those of a slice of 0 … count, (c, N, 3, H, W). Nothing is differentiated.
    """
    step = max(1, PIXELS // (x.shape[0] * x.shape[2] * x.shape[3]))
    parts = []
    with torch.no_grad():
        for start in range(0, count, step):
            batch = variants(slice(start, min(start + step, count)))
            # Colours innermost: on CPUs a max pooling is then several times as fast.
            inputs = batch.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            parts.append(network(inputs).unflatten(0, batch.shape[:2]))
    return torch.cat(parts)
