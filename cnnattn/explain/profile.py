"""What the gates know of the class: one number a stage, and an order in which it can be seen."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class ClassDifference:
    """How far the gates of one stage tell the classes apart."""

    share: float  # of the gates' variance that lies between the classes, 0 … 1
    between: float  # typical distance of a class's mean gate from that of all classes, in gates
    within: float  # typical distance of a picture's gate from its class's mean, in gates


@dataclass(frozen=True)
class Variances:
    """The variance of gates over pictures in its two parts, both (units,): between the classes and
    within them."""

    between: Array
    within: Array

    @property
    def explained(self) -> float:
        """The share of all units' variance that lies between the classes, 0 … 1.

        It is eta squared, or the correlation ratio (Pearson 1905): the sum of squares between the
        classes over that of all pictures. Gates that never move have the share 0.
        """
        total = float((self.between + self.within).sum())
        return float(self.between.sum()) / total if total > 0 else 0.0


def variances(counts: Array, mean: Array, squares: Array) -> Variances:
    """By the law of total variance, from what is known of every class.

    Pictures (classes, 1), means and sums of squares about them (classes, units): with n_k pictures
    and mean m_k of class k, n in all and mean m, the variance of a unit is
    Σ n_k (m_k - m)² / n between classes + Σ squares_k / n within them.
    """
    of_all = counts / counts.sum()
    overall = (of_all * mean).sum(0)
    return Variances((of_all * (mean - overall) ** 2).sum(0), squares.sum(0) / counts.sum())


def of_profile(
    mean: Array, spread: Array, counts: Array | None = None
) -> tuple[Array, Array, Array] | None:
    """What ``variances`` takes, from a class's mean gates and their deviations, (classes, C).

    ``counts`` (classes,) are the pictures of each class, alike without them. Classes without
    pictures (NaN) count as 0; None if no class has any.
    """
    mean, spread = np.asarray(mean, float), np.asarray(spread, float)
    there = np.isfinite(mean).all(1) & np.isfinite(spread).all(1)
    counts = np.ones(len(mean)) if counts is None else np.asarray(counts, float)
    counts = np.where(there, counts, 0)[:, None]
    if not counts.sum():
        return None
    known = there[:, None]
    return counts, np.where(known, mean, 0), np.where(known, counts * spread**2, 0)


def class_difference(mean: Array, spread: Array, counts: Array | None = None) -> ClassDifference:
    """Split the variance of the gates into that between classes and that within them.

    The arguments are those of ``of_profile``: a class counts by its pictures.
    """
    found = of_profile(mean, spread, counts)
    if found is None:
        return ClassDifference(np.nan, np.nan, np.nan)
    parts = variances(*found)
    between, within = float(parts.between.mean()), float(parts.within.mean())
    return ClassDifference(parts.explained, between**0.5, within**0.5)


def clustered(vectors: Array) -> Array:
    """An order of the rows of ``vectors`` (n, d) in which alike ones are neighbours, int (n,).

    Agglomerative clustering by average linkage (UPGMA, Sokal & Michener 1958) of Euclidean
    distances; two clusters that join are laid end to end, turned so that their nearest ends meet.
    Not finite values count as 0.
    """
    vectors = np.nan_to_num(vectors.astype(float), posinf=0, neginf=0)
    exact = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    distance = exact + np.diag(np.full(len(vectors), np.inf))
    orders = {i: [i] for i in range(len(vectors))}
    while len(orders) > 1:
        a, b = sorted(map(int, np.unravel_index(distance.argmin(), distance.shape)))
        first, second = orders[a], orders.pop(b)
        sizes = len(first), len(second)
        orders[a] = min(
            (one + two for one in (first, first[::-1]) for two in (second, second[::-1])),
            key=lambda order: exact[order[sizes[0] - 1], order[sizes[0]]],
        )
        joined = np.average(distance[[a, b]], axis=0, weights=sizes)
        joined[a] = np.inf
        distance[a] = distance[:, a] = joined
        distance[b] = distance[:, b] = np.inf
    return np.array(next(iter(orders.values()), []), dtype=int)
