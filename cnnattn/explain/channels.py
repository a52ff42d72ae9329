"""Each channel of a layer in a few numbers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ChannelNumbers:
    """One value a channel, each array (C,): in the map's units, ``zeros`` as a share 0 … 1."""

    mean: np.ndarray
    max: np.ndarray
    zeros: np.ndarray  # share of values that are exactly 0, as a ReLU leaves them


def channel_numbers(maps: np.ndarray) -> ChannelNumbers:
    """Mean, maximum and share of exact zeros of each channel of ``maps`` (C, H, W)."""
    return ChannelNumbers(
        mean=maps.mean((1, 2), dtype=np.float64),
        max=maps.max((1, 2)),
        zeros=(maps == 0).mean((1, 2)),
    )


def strongest(maps: np.ndarray, k: int) -> np.ndarray:
    """Numbers of the ``k`` channels of ``maps`` (C, H, W) with the largest mean, largest first.

    Of equal means the lower channel number comes first; with ``k`` above C, all C are returned.
    """
    means = maps.mean((1, 2), dtype=np.float64)
    return np.argsort(-means, kind="stable")[:k]
