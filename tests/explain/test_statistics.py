import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.special import softmax as scipys_softmax
from scipy.stats import binomtest, chi2
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.proportion import proportion_confint

from cnnattn.explain.statistics import (
    calibration,
    confusion,
    cross_entropy,
    match_classes,
    mcnemar,
    precision_and_recall,
    share,
    softmax,
)

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 3, (200, 7)).astype(np.float32)
LABELS = RANDOM.integers(0, 7, 200)


def test_softmax_and_loss_are_scipys_and_scikit_learns():
    np.testing.assert_allclose(softmax(LOGITS), scipys_softmax(LOGITS.astype(float), 1), rtol=1e-12)
    by_scipy = -log_softmax(LOGITS.astype(float), 1)[np.arange(200), LABELS].mean()
    assert cross_entropy(LOGITS, LABELS) == pytest.approx(by_scipy, rel=1e-12)
    by_sklearn = log_loss(LABELS, softmax(LOGITS), labels=range(7))
    assert cross_entropy(LOGITS, LABELS) == pytest.approx(by_sklearn, rel=1e-9)


def test_loss_of_certain_answers():
    certain = np.array([[1000.0, 0.0], [0.0, 1000.0]], np.float32)
    assert cross_entropy(certain, np.array([0, 1])) == 0
    assert cross_entropy(certain, np.array([0, 0])) == 500
    assert math.isnan(cross_entropy(certain[:0], np.array([], int)))


def test_wilsons_interval_by_hand():
    # 5 of 10: centre 1/2, reach z √(1/40 + z²/400) / (1 + z²/10), with z = 1.959964.
    z = 1.959964
    reach = z * math.sqrt(1 / 40 + z * z / 400) / (1 + z * z / 10)
    found = share(5, 10)
    assert (found.low, found.high) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-7)
    assert (share(0, 10).low, share(10, 10).high) == pytest.approx((0, 1), abs=1e-12)
    assert share(0, 10).high == pytest.approx(z * z / 10 / (1 + z * z / 10), abs=1e-7)
    nothing = share(0, 0)
    assert math.isnan(nothing.value)
    assert (nothing.low, nothing.high) == (0, 1)


@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys_and_statsmodels(counted):
    hits, count = counted
    found = share(hits, count)
    scipys = binomtest(hits, count).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((scipys.low, scipys.high), abs=1e-9)
    other = proportion_confint(hits, count, 0.05, "wilson")
    assert (found.low, found.high) == pytest.approx(other, abs=1e-9)


def test_confusion_precision_and_recall_are_scikit_learns():
    predicted = LOGITS.argmax(1)
    counts = confusion(LABELS, predicted, 7)
    assert np.array_equal(counts, confusion_matrix(LABELS, predicted, labels=range(7)))
    precision, recall = precision_and_recall(counts)
    theirs = precision_recall_fscore_support(LABELS, predicted, labels=range(7))
    np.testing.assert_allclose([precision, recall], theirs[:2], rtol=1e-12)


def test_precision_and_recall_by_hand():
    # Four cats: three found, one called dog. One dog, called dog. Nothing is or is called ship.
    counts = confusion(np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 1, 1]), 3)
    assert counts.tolist() == [[3, 1, 0], [0, 1, 0], [0, 0, 0]]
    precision, recall = precision_and_recall(counts)
    np.testing.assert_array_equal(precision, [1, 0.5, np.nan])
    np.testing.assert_array_equal(recall, [0.75, 1, np.nan])


def test_calibration_by_hand():
    # Bins of a fifth. 0.4 belongs to (0.2, 0.4], 1 to (0.8, 1], 0 to the first.
    confidence = np.array([0.0, 0.4, 0.3, 0.9, 1.0])
    right = np.array([False, True, False, True, True])
    found = calibration(confidence, right, 5)
    assert found.count.tolist() == [1, 2, 0, 0, 2]
    np.testing.assert_allclose(found.confidence, [0, 0.35, np.nan, np.nan, 0.95])
    np.testing.assert_allclose(found.accuracy, [0, 0.5, np.nan, np.nan, 1])
    # Gaps 0, 0.15, 0.05, weighted 1, 2, 2 of 5.
    assert found.error == pytest.approx((2 * 0.15 + 2 * 0.05) / 5)
    assert math.isnan(calibration(confidence[:0], right[:0]).error)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
@settings(max_examples=30)
def test_ece_is_the_papers_sum(seed, bins):
    random = np.random.default_rng(seed)
    confidence = random.random(100)
    right = random.random(100) < confidence
    total = 0.0
    for b in range(bins):  # equations 2 to 5 of arXiv 1706.04599
        members = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if members.any():
            gap = abs(right[members].mean() - confidence[members].mean())
            total += members.sum() / 100 * gap
    assert calibration(confidence, right, bins).error == pytest.approx(total, abs=1e-9)


def vectors(both, only_a, only_b, neither):
    counts = [both, only_a, only_b, neither]
    a, b = (np.repeat(x, counts).astype(bool) for x in ([1, 1, 0, 0], [1, 0, 1, 0]))
    return a, b


def test_mcnemar_by_hand():
    # One against five: of 2⁶ ways to toss six coins, 1 + 6 show at most one head; twice that.
    found = mcnemar(*vectors(50, 1, 5, 3))
    assert (found.only_a, found.only_b, found.exact) == (1, 5, True)
    assert found.p == 2 * 7 / 64
    assert mcnemar(*vectors(9, 2, 2, 0)).p == 1  # 2 · 11/16, but no more than 1
    assert mcnemar(*vectors(9, 0, 0, 4)).p == 1
    # 40 against 60: (20 - 1)² / 100 = 3.61.
    many = mcnemar(*vectors(1000, 40, 60, 7))
    assert many.p == pytest.approx(chi2.sf(3.61, 1))
    assert not many.exact
    assert mcnemar(*vectors(0, 30, 30, 0)).p == 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_scipys_and_statsmodels(only_a, only_b):
    found = mcnemar(*vectors(30, only_a, only_b, 8))
    theirs = statsmodels_mcnemar([[30, only_a], [only_b, 8]], exact=found.exact, correction=True)
    assert found.exact == (only_a + only_b < 25)
    if only_a != only_b:  # theirs corrects a difference of 0 to 1
        assert found.p == pytest.approx(theirs.pvalue, abs=1e-12)
    if found.exact and only_a + only_b:
        assert found.p == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)


def test_classes_are_matched_by_name():
    match = match_classes(["dog", "axolotl", "cat"], ["cat", "deer", "dog"])
    assert match.numbers.tolist() == [2, -1, 0]
    assert match.only_data == ("axolotl",)
    assert match.only_model == ("deer",)
