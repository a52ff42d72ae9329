"""Run a network over many pictures, step by step, so that a page can show progress and cancel."""

from collections.abc import Callable, Generator
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from cnnattn.problem import Problem


def logits_of(
    model: nn.Module,
    pictures: np.ndarray,
    prepare: Callable[[Tensor], Tensor],
    batch: int = 100,
) -> Generator[float, None, np.ndarray]:
    """The logits float32 (N, classes) of every picture, uint8 (N, H, W, 3), in evaluation mode.

    Batches of about 100 are the fastest: what a layer gives still fits the cache of a processor.
    ``prepare`` makes a batch of pictures the network's input. Yields the share done, 0 … 1. The
    model itself is left as it is: what runs is a copy, its kernels laid out as the pictures are.

    Raises Problem if there are no pictures.
    """
    if not len(pictures):
        raise Problem("The data set holds no pictures, so there is nothing to measure; add some.")
    copy = deepcopy(model).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    logits = []
    for start in range(0, len(pictures), batch):
        with torch.inference_mode():
            part = torch.from_numpy(np.ascontiguousarray(pictures[start : start + batch]))
            logits.append(copy(prepare(part)).float().numpy())
        yield min(1.0, (start + batch) / len(pictures))
    return np.concatenate(logits)
