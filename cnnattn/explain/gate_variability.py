"""How much a module attends: by how much its gates differ from picture to picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from cnnattn.explain.gates import GateMoments, gate_moments
from cnnattn.explain.profile import of_profile, variances

HARDLY = 0.02
"""Gates whose deviation over pictures is below this hardly attend: they are nearly constants."""


@dataclass(frozen=True)
class GateVariability:
    """How much one gate varies over a data set, in units of the gate (0 … 1).

    A gate has one weight per channel (C, 1, 1), per location (1, H, W), or per channel and location
    (C, H, W); each such weight is a *unit*, followed over all pictures. All deviations are those of
    a population, all means over units are plain. None where a class profile does not tell it.
    """

    over_pictures: float  # standard deviation over pictures, per unit, averaged over units
    between_classes: float  # that of the class means (weighted by pictures), averaged over units
    explained: float  # share of the variance over pictures that the class explains, all units; 0…1
    mean: float  # over pictures and units
    open: float | None = None  # share of weights above gates.OPEN, over pictures and units; 0 … 1
    shut: float | None = None  # share below gates.SHUT
    over_places: float | None = None  # deviation over the locations of one picture and channel,
    # averaged over pictures and channels; None also for a gate without locations

    @property
    def hardly_attends(self) -> bool:
        return self.over_pictures < HARDLY


def gate_variability(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], classes: int
) -> dict[str, GateVariability]:
    """Gate -> how much it varies over ``batches``: pictures (N, 3, H, W) and labels (N,).

    Every gate that ``gate_names`` finds, of any shape; empty for a network without gates, which is
    not run. Takes memory for a float64 per class and unit.
    """
    moments = gate_moments(model, batches, classes)
    return {name: variability_of(gate) for name, gate in moments.items()}


def variability_of(moments: GateMoments) -> GateVariability:
    """From the moments of a gate over at least one picture."""
    counts = moments.count.numpy()
    weights = counts.sum() * moments.mean.shape[1]
    channels, *places = moments.shape
    several = places != [1, 1]
    return GateVariability(
        *_split(counts, moments.mean.numpy(), moments.squares.numpy()),
        open=moments.open / weights,
        shut=moments.shut / weights,
        over_places=moments.over_places / (counts.sum() * channels) if several else None,
    )


def variability_of_profile(
    mean: np.ndarray, spread: np.ndarray, counts: np.ndarray | None = None
) -> GateVariability:
    """From a class profile, both (classes, C), by the law of total variance.

    ``counts`` (classes,) are the pictures of each class, alike without them. Classes without
    pictures (NaN) are left out; all values are NaN if none has any.
    """
    found = of_profile(mean, spread, counts)
    if found is None:
        return GateVariability(np.nan, np.nan, np.nan, np.nan)
    return GateVariability(*_split(*found))


def recorded_variability(results: Mapping[str, Any]) -> dict[str, GateVariability]:
    """Gate -> variability as the ``results`` on a card tell it; empty without gates.

    An older card has class profiles only, of channel gates; what they do not tell is None.
    """
    if "gate_variability" in results:
        return {name: GateVariability(**v) for name, v in results["gate_variability"].items()}
    confusion = results.get("confusion")
    counts = None if confusion is None else np.sum(confusion, axis=1)
    return {
        name: variability_of_profile(profile["mean"], profile["spread"], counts)
        for name, profile in results.get("gates", {}).items()
    }


def _split(
    counts: np.ndarray, mean: np.ndarray, squares: np.ndarray
) -> tuple[float, float, float, float]:
    """The first four values of GateVariability, from what ``variances`` takes."""
    parts = variances(counts, mean, squares)
    return (
        float(np.sqrt(parts.between + parts.within).mean()),
        float(np.sqrt(parts.between).mean()),
        parts.explained,
        float((counts * mean).sum(0).mean() / counts.sum()),
    )
