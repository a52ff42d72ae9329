"""How good a classifier is, how sure one may be of that, and how two of them differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

EXACT_BELOW = 25  # pictures on which two models differ, from which on chi-squared is close enough


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities float64 (…, classes) of ``logits`` (…, classes); each row sums to 1."""
    powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean loss in nats: minus the log probability of the true class; NaN without pictures."""
    if not len(labels):
        return math.nan
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    true = np.take_along_axis(shifted, labels[:, None], 1)[:, 0]
    return float((np.log(np.exp(shifted).sum(1)) - true).mean())


@dataclass(frozen=True)
class Share:
    """A share 0 … 1 that was counted, and the interval that holds the true one."""

    value: float
    low: float
    high: float
    count: int


def share(hits: int, count: int, confidence: float = 0.95) -> Share:
    """``hits`` of ``count``, with Wilson's score interval (1927).

    Unlike value ± 2 standard errors it stays within 0 … 1 and has a width for 0 and for all hits.
    Nothing counted: NaN, and all of 0 … 1.
    """
    if not count:
        return Share(math.nan, 0.0, 1.0, 0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, unit = hits / count, z * z / count
    centre = (p + unit / 2) / (1 + unit)
    reach = z * math.sqrt(p * (1 - p) / count + unit / (4 * count)) / (1 + unit)
    return Share(p, max(0.0, centre - reach), min(1.0, centre + reach), count)


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 (classes, classes): row the true class, column the predicted one."""
    pairs = np.bincount(labels * classes + predicted, minlength=classes**2)
    return pairs.reshape(classes, classes)


def precision_and_recall(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each class, float64 (classes,), from a confusion matrix.

    Precision: the share of the pictures called so that are; recall: the share of the pictures that
    are so that were found. NaN where there are no such pictures.
    """
    right, called, true = (np.diag(counts).astype(float), counts.sum(0), counts.sum(1))
    with np.errstate(invalid="ignore"):
        return right / called, right / true


@dataclass(frozen=True)
class Calibration:
    """Predictions sorted by their confidence into bins of equal width; arrays (bins,)."""

    edges: np.ndarray  # (bins + 1,), 0 … 1
    count: np.ndarray  # int, predictions in each bin
    confidence: np.ndarray  # mean in the bin, NaN in an empty one
    accuracy: np.ndarray  # share of right ones in the bin, NaN in an empty one

    @property
    def error(self) -> float:
        """Expected calibration error (Naeini 2015; Guo 2017, arXiv 1706.04599), 0 … 1.

        The gap between confidence and accuracy, averaged over all predictions.
        """
        gaps = np.abs(self.confidence - self.accuracy)
        total = self.count.sum()
        return float(np.nansum(gaps * self.count) / total) if total else math.nan


def calibration(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> Calibration:
    """How often predictions of a certain confidence (N,), 0 … 1, are ``right`` (N,), bool.

    A bin holds what is above its lower edge and not above its upper one.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Calibration(
            edges,
            count,
            np.bincount(place, confidence, bins) / count,
            np.bincount(place, right, bins) / count,
        )


@dataclass(frozen=True)
class McNemar:
    """McNemar's test (1947): are two models right equally often on the same pictures?"""

    only_a: int  # pictures that only the first is right on
    only_b: int
    p: float  # how probable so uneven a split would be if both were equally good
    exact: bool


def mcnemar(a_right: np.ndarray, b_right: np.ndarray) -> McNemar:
    """Compare two models by whether each is right, bool (N,), on the same N pictures.

    Only the pictures on which one is right and the other wrong tell them apart. If both were
    equally good, each of these would be a toss of a coin: counted exactly when there are few, else
    by chi-squared with one degree of freedom and Edwards' correction (1948).
    """
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    n, fewer = only_a + only_b, min(only_a, only_b)
    if n < EXACT_BELOW:
        tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
        return McNemar(only_a, only_b, min(1.0, 2 * tail), exact=True)
    statistic = max(0, abs(only_a - only_b) - 1) ** 2 / n
    return McNemar(only_a, only_b, math.erfc(math.sqrt(statistic / 2)), exact=False)


@dataclass(frozen=True)
class Match:
    """How the classes of a data set and of a model belong together, by name."""

    numbers: np.ndarray  # int64 (data set's classes,): the model's number, -1 where it has none
    only_data: tuple[str, ...]
    only_model: tuple[str, ...]


def match_classes(data: Sequence[str], model: Sequence[str]) -> Match:
    """Find the classes of a data set in those of a model, whatever their order."""
    numbers = np.array([model.index(name) if name in model else -1 for name in data], np.int64)
    return Match(
        numbers,
        tuple(name for name in data if name not in model),
        tuple(name for name in model if name not in data),
    )
