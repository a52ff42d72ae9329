"""Kinds of network compared over seeds: which differences are larger than chance."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnnattn.training.student import t_probability, t_quantile

Accuracies = Mapping[int, float]
"""Seed -> accuracy, 0 … 1, of one kind of network."""


@dataclass(frozen=True)
class Difference:
    """How far the mean accuracy of a kind lies from that of the baseline, and what chance does."""

    value: float  # mean of the kind minus mean of the baseline, -1 … 1
    chance: float  # differences up to this are put down to the seeds; inf: nothing is known of them
    p: float  # of so large a difference if there were none, before any correction; 1: unknown
    paired: bool  # by seed

    @property
    def larger_than_chance(self) -> bool:
        return abs(self.value) > self.chance


def differences(
    kinds: Mapping[str, Accuracies], baseline: str, alpha: float = 0.05
) -> dict[str, Difference]:
    """Compare every kind with the ``baseline``, so that any false claim among them has the
    probability ``alpha`` (Holm 1979).

    If all kinds have the same seeds, two at least, they are compared seed by seed: what a seed does
    to all of them drops out (randomised blocks, Fisher 1935; with one kind, the paired t test).
    Otherwise it is the t test for two groups. Both take one deviation for all kinds, which a few
    seeds each tell better together than alone.
    """
    reference = kinds[baseline]
    others = {kind: found for kind, found in kinds.items() if kind != baseline}
    by_seed = have_same_seeds(kinds.values())
    deviation, freedom = (
        residual([*kinds.values()])
        if by_seed
        else spread([[*found.values()] for found in kinds.values()])
    )
    values, errors = {}, {}
    for kind, found in others.items():
        values[kind] = statistics.mean(found.values()) - statistics.mean(reference.values())
        errors[kind] = deviation * math.sqrt(1 / len(found) + 1 / len(reference))
    ps = {kind: _p(values[kind], errors[kind], freedom) for kind in others}
    level = holm_level([*ps.values()], alpha)
    t = t_quantile(1 - level / 2, freedom) if freedom else math.inf
    return {
        kind: Difference(values[kind], t * errors[kind] if freedom else math.inf, ps[kind], by_seed)
        for kind in others
    }


def have_same_seeds(kinds: Iterable[Accuracies]) -> bool:
    """Whether all kinds have the same seeds, two at least."""
    seeds = {frozenset(found) for found in kinds}
    return len(seeds) == 1 and len(seeds.pop()) > 1


def _p(value: float, error: float, freedom: int) -> float:
    """Of a value at least so far from 0, on either side."""
    if not freedom or not value:
        return 1.0
    return 2 * t_probability(-abs(value) / error, freedom) if error else 0.0


def holm_level(ps: Sequence[float], alpha: float) -> float:
    """The level below which Holm's procedure rejects exactly the hypotheses that it rejects.

    It takes the smallest of m values p against alpha / m, the next against alpha / (m - 1) and so
    on, and stops at the first that fails. If k have passed, all of these are below alpha / (m - k)
    and none of the others is: one level decides all of them alike.
    """
    passed = 0
    for p in sorted(ps):
        if p > alpha / (len(ps) - passed):
            break
        passed += 1
    return alpha / max(1, len(ps) - passed)


def spread(groups: Iterable[Sequence[float]]) -> tuple[float, int]:
    """Standard deviation over seeds, pooled over all groups, and its degrees of freedom.

    NaN and 0 if no group has two members.
    """
    groups = [group for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return math.nan, 0
    squares = sum(statistics.variance(group) * (len(group) - 1) for group in groups)
    return math.sqrt(squares / freedom), freedom


def residual(kinds: Sequence[Accuracies]) -> tuple[float, int]:
    """What varies beside kind and seed, as a standard deviation, and its degrees of freedom.

    All ``kinds`` have the same seeds. The residual of a network is its accuracy minus the mean of
    its kind minus the mean of its seed plus the mean of all. NaN and 0 for one kind or one seed.
    """
    seeds = list(kinds[0])
    freedom = (len(kinds) - 1) * (len(seeds) - 1)
    if not freedom:
        return math.nan, 0
    of_seed = {seed: statistics.mean(kind[seed] for kind in kinds) for seed in seeds}
    of_all = statistics.mean(of_seed.values())
    squares = sum(
        (kind[seed] - statistics.mean(kind.values()) - of_seed[seed] + of_all) ** 2
        for kind in kinds
        for seed in seeds
    )
    return math.sqrt(squares / freedom), freedom


def seeds_needed(
    deviation: float,
    comparisons: int,
    difference: float = 0.005,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int:
    """How many seeds of each kind would tell ``difference`` from chance with this ``power``.

    For ``comparisons`` kinds and a baseline with the same seeds, each with this ``deviation``, at
    Holm's strictest level alpha / comparisons: the smallest n with
    (t(1 - level / 2) + t(power)) · deviation · √(2 / n) <= difference, at comparisons · (n - 1)
    degrees of freedom. (t(power) stands for the noncentral distribution; close from n = 3 on.)
    """
    level = alpha / comparisons
    for seeds in range(2, 10_000):
        freedom = comparisons * (seeds - 1)
        t = t_quantile(1 - level / 2, freedom) + t_quantile(power, freedom)
        if t * deviation * math.sqrt(2 / seeds) <= difference:
            return seeds
    return 10_000
