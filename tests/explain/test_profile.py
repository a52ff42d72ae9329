import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import linkage

from cnnattn.explain.gate_variability import variability_of_profile
from cnnattn.explain.profile import class_difference, clustered


def test_the_share_by_hand():
    # Channel 0: class means .2 and .6, so ±.2 about .4; channel 1: the same .5 in both.
    # between² = (.04 + .04 + 0 + 0) / 4 = .02; within² = (.01 + .01 + .04 + 0) / 4 = .015.
    found = class_difference(np.array([[0.2, 0.5], [0.6, 0.5]]), np.array([[0.1, 0.1], [0.2, 0]]))
    assert found.share == pytest.approx(0.02 / 0.035)
    assert found.between == pytest.approx(0.02**0.5)
    assert found.within == pytest.approx(0.015**0.5)


def test_the_share_is_that_of_the_variance_of_all_pictures():
    random = np.random.default_rng(0)
    gates = random.random((4, 50, 6)) + random.random((4, 1, 6))  # class, picture, channel
    found = class_difference(gates.mean(1), gates.std(1))
    of_all = gates.reshape(200, 6).var(0).sum()
    assert found.share == pytest.approx(gates.mean(1).var(0).sum() / of_all)


def test_classes_of_unequal_size_count_by_their_pictures():
    random = np.random.default_rng(1)
    counts = [3, 0, 9, 1, 6]  # one class has no picture
    gates = [random.random((count, 4)) + random.random(4) for count in counts]
    every = np.concatenate(gates)
    # Eta squared by a plain loop: the sum of squares between the classes over the whole one.
    between = total = 0.0
    for channel in range(4):
        overall = every[:, channel].mean()
        for of_class in gates:
            for gate in of_class[:, channel]:
                between += (of_class[:, channel].mean() - overall) ** 2
                total += (gate - overall) ** 2
    nothing = np.full(4, np.nan)
    mean = np.array([g.mean(0) if len(g) else nothing for g in gates])
    spread = np.array([g.std(0) if len(g) else nothing for g in gates])
    found = class_difference(mean, spread, np.array(counts))
    assert found.share == pytest.approx(between / total)
    assert found.between == pytest.approx((between / every.size) ** 0.5)
    # The other place that tells it says the same.
    assert variability_of_profile(mean, spread, np.array(counts)).explained == found.share
    alike = class_difference(mean, spread).share
    assert abs(alike - found.share) > 0.01  # so the sizes matter here


@pytest.mark.parametrize(
    ("mean", "spread", "share"),
    [
        ([[0.3], [0.3]], [[0.1], [0.1]], 0),  # the classes are alike
        ([[0.2], [0.4]], [[0.0], [0.0]], 1),  # the class decides
        ([[0.5], [0.5]], [[0.0], [0.0]], 0),  # nothing ever moves
        ([[0.2], [np.nan], [0.4]], [[0.0], [np.nan], [0.0]], 1),  # a class without pictures
        ([[np.nan]], [[np.nan]], np.nan),
    ],
)
def test_the_ends_of_the_share(mean, spread, share):
    found = class_difference(np.array(mean), np.array(spread)).share
    assert found == pytest.approx(share, nan_ok=True)


@given(st.integers(1, 24), st.integers(0, 1000))
def test_the_order_keeps_every_cluster_of_scipy_together(count, seed):
    vectors = np.random.default_rng(seed).random((count, 3))
    order = clustered(vectors).tolist()
    assert sorted(order) == list(range(count))
    if count == 1:
        return
    members = {i: {i} for i in range(count)}
    for step, (a, b, *_rest) in enumerate(linkage(vectors, "average")):
        members[count + step] = members[int(a)] | members[int(b)]
        places = [order.index(i) for i in members[count + step]]
        assert max(places) - min(places) == len(places) - 1


def test_points_on_a_line_come_out_in_their_order():
    place = np.array([5.0, 1, 9, 2, 8, 0])
    order = clustered(place[:, None]).tolist()
    assert order in ([5, 1, 3, 0, 4, 2], [2, 4, 0, 3, 1, 5])


@given(arrays(float, (5, 2), elements=st.sampled_from([0.0, 1.0, np.nan, np.inf])))
def test_any_values_have_an_order(vectors):
    assert sorted(clustered(vectors)) == [0, 1, 2, 3, 4]


def test_nothing_has_an_empty_order():
    assert clustered(np.empty((0, 3))).tolist() == []
