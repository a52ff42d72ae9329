"""Which method is faithful in which network: a table over many pictures, with intervals."""

from collections.abc import Generator, Sequence
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor, nn

from cnnattn.explain.cam import enlarge, heatmap, heatmaps
from cnnattn.explain.faithfulness import (
    Curves,
    area,
    centred_blob,
    confidence_through,
    curves,
    drop,
    mass_on,
    points_at,
    random_map,
    soft_masks,
)
from cnnattn.explain.target import Target
from cnnattn.explain.variants import in_evaluation, logits_of
from cnnattn.problem import Problem

CONTROLS = ("random", "centre")
"""Maps that know nothing of the network: what a method must beat."""
MEASURES = ("deletion", "insertion", "drop", "increase", "mass", "pointing")


def measures(
    model: nn.Module,
    x: Tensor,
    maps: Tensor,
    target: Target,
    curves: Curves,
    mask: Tensor | None = None,
) -> dict[str, Tensor]:
    """All ``MEASURES`` of maps (M, H, W) of one picture (1, 3, H, W) with these curves, each (M,).

    The areas, the drop and the rise (1: the confidence rises) are 0 … 1; ``mass`` and ``pointing``
    are there only with a ``mask`` (H', W'), bool.
    """
    before, after = confidence_through(model, x, soft_masks(maps, x.shape[2:]), target)
    values = {
        "deletion": area(curves.deletion),
        "insertion": area(curves.insertion),
        "drop": drop(before, after),
        "increase": (after > before).to(x),
    }
    if mask is not None:
        values |= {"mass": mass_on(maps, mask), "pointing": points_at(maps, mask)}
    return values


def controls(size: Sequence[int], seed: int = 0) -> dict[str, Tensor]:
    """The maps of ``CONTROLS``, (1, h, w) each."""
    return {"random": random_map(size, seed), "centre": centred_blob(size)}


def study(
    model: nn.Module,
    x: Tensor,
    layer: str,
    methods: Sequence[str],
    masks: Sequence[np.ndarray] = (),
    steps: int = 16,
) -> Generator[float, None, dict[str, np.ndarray]]:
    """Measure ``methods`` and, behind them, ``CONTROLS`` on many pictures ``x`` (N, 3, H, W).

    Explained is the class that the model predicts. ``masks`` (N of them, bool) give the objects.
    Yields the share done; returns for each of ``MEASURES`` float32 (methods + controls, N), NaN
    where a method gives no map or a measure no value.
    """
    names, possible = [*methods, *CONTROLS], _possible(model, x[:1], layer, methods)
    table = {name: np.full((len(names), len(x)), np.nan, np.float32) for name in MEASURES}
    with torch.no_grad():
        targets = logits_of(in_evaluation(model), x[:1], len(x), lambda some: x[some, None])
    for n, target in enumerate(targets[:, 0].argmax(1).tolist()):
        picture = x[n : n + 1]
        maps = heatmaps(model, picture, target, layer, possible)
        size = min((cam.shape[1:] for cam in maps.values()), default=x.shape[2:])
        maps |= controls(size, seed=n)
        large = torch.cat([enlarge(cam.to(x), x.shape[2:]) for cam in maps.values()])
        found = curves(model, picture, large, target, steps)
        mask = torch.tensor(masks[n], device=x.device) if masks else None
        rows = [names.index(name) for name in maps]
        for name, values in measures(model, picture, large, target, found, mask).items():
            table[name][rows, n] = values.cpu().numpy()
        yield (n + 1) / len(x)
    return table


def _possible(model: nn.Module, x: Tensor, layer: str, methods: Sequence[str]) -> list[str]:
    """Those of ``methods`` that this network has; not every one has attention of its own."""
    found = []
    for method in methods:
        with suppress(Problem):
            heatmap(model, x, 0, layer, method)
            found.append(method)
    return found


def interval(
    values: np.ndarray, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of ``values`` (…, N) over the pictures, and a bootstrap interval's low and high end.

    The percentile method (Efron 1979): pictures are drawn anew, with replacement, ``resamples``
    times. NaN is left out; without any value all three are NaN.
    """
    draw = np.random.default_rng(seed)
    tails = [50 * (1 - confidence), 50 * (1 + confidence)]
    found = np.full((3, *values.shape[:-1]), np.nan)
    for place in np.ndindex(values.shape[:-1]):
        known = values[place][np.isfinite(values[place])].astype(float)
        if len(known):
            means = known[draw.integers(0, len(known), (resamples, len(known)))].mean(1)
            found[(slice(None), *place)] = known.mean(), *np.percentile(means, tails)
    return found[0], found[1], found[2]
