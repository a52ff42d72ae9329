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


def class_difference(mean: Array, spread: Array) -> ClassDifference:
    """Split the variance of the gates into that between classes and that within them.

    ``mean`` and ``spread`` (classes, C) are a class's mean gates and their standard deviations;
    all classes count alike, and those without pictures (NaN) are left out. With m_kc, s_kc and the
    mean m_c over the classes: between² = mean of (m_kc - m_c)², within² = mean of s_kc², over
    classes and channels, and share = between² / (between² + within²), known as eta squared or the
    correlation ratio (Pearson 1905): 0 if all classes have the same gates on average, 1 if the
    class alone decides them. Gates that never move have the share 0.
    """
    there = np.isfinite(mean).all(1) & np.isfinite(spread).all(1)
    if not there.any():
        return ClassDifference(np.nan, np.nan, np.nan)
    mean, spread = mean[there].astype(float), spread[there].astype(float)
    between = float(((mean - mean.mean(0)) ** 2).mean())
    within = float((spread**2).mean())
    total = between + within
    return ClassDifference(between / total if total > 0 else 0.0, between**0.5, within**0.5)


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
