"""Which differences are larger than chance: scipy's tests, Holm's example, and simulation."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cnnattn.training.comparison import (
    differences,
    holm_level,
    residual,
    seeds_needed,
    spread,
)


def by_seed(values, first=0):
    return dict(enumerate(map(float, values), first))


@pytest.mark.parametrize("seeds", [2, 3, 5, 14])
def test_one_kind_with_the_baseline_s_seeds_is_the_paired_t_test(seeds):
    random = np.random.default_rng(seeds)
    verdicts = set()
    for shift in np.linspace(-0.05, 0.05, 21):
        a = random.normal(0.84, 0.01, seeds)  # seeds differ much more than the kinds on one seed
        b = a + shift + random.normal(0, 0.002, seeds)
        found = differences({"none": by_seed(a), "se": by_seed(b)}, "none")["se"]
        expected = stats.ttest_rel(b, a)
        interval = tuple(expected.confidence_interval(0.95))
        assert found.paired
        assert found.p == pytest.approx(expected.pvalue, rel=1e-7)
        ours = found.value - found.chance, found.value + found.chance
        assert ours == pytest.approx(interval)
        assert found.larger_than_chance == (expected.pvalue < 0.05)
        verdicts.add(found.larger_than_chance)
    assert verdicts == {True, False}


@pytest.mark.parametrize(("few", "many"), [(2, 3), (3, 6), (5, 8), (1, 4), (9, 12)])
def test_with_other_seeds_it_is_the_t_test_for_two_groups(few, many):
    random = np.random.default_rng(few * 10 + many)
    verdicts = set()
    for shift in np.linspace(-0.03, 0.03, 41):
        a, b = random.normal(0.84, 0.002, few), random.normal(0.84 + shift, 0.002, many)
        found = differences({"none": by_seed(a), "se": by_seed(b, 1)}, "none")["se"]
        assert not found.paired
        assert found.value == pytest.approx(b.mean() - a.mean())
        p = stats.ttest_ind(a, b).pvalue
        assert found.p == pytest.approx(p, rel=1e-7)
        assert found.larger_than_chance == (p < 0.05)
        verdicts.add(found.larger_than_chance)
    assert verdicts == {True, False}


def test_several_kinds_share_the_deviation_that_least_squares_leaves():
    """Accuracy = kind + seed + rest, solved by least squares with one column per kind and seed."""
    random = np.random.default_rng(1)
    table = random.normal(0.84, 0.01, (4, 1)) + random.normal(0, 0.01, 5) + random.random((4, 5))
    rows = [
        [float(kind == k) for k in range(4)] + [float(seed == s) for s in range(1, 5)]
        for kind, seed in product(range(4), range(5))
    ]
    solution, squares, rank, _ = np.linalg.lstsq(np.array(rows), table.ravel(), rcond=None)
    deviation, freedom = residual([by_seed(row) for row in table])
    assert freedom == 20 - rank == 12
    assert deviation == pytest.approx(math.sqrt(squares[0] / 12))

    kinds = {name: by_seed(row) for name, row in zip("nabc", table, strict=True)}
    covariance = np.linalg.inv(np.array(rows).T @ rows) * squares[0] / 12
    for i, found in enumerate(differences(kinds, "n").values(), 1):
        error = math.sqrt(covariance[i, i] + covariance[0, 0] - 2 * covariance[i, 0])
        value = solution[i] - solution[0]
        assert found.value == pytest.approx(value)
        assert found.p == pytest.approx(2 * stats.t.sf(abs(value) / error, 12), rel=1e-6)


def test_one_kind_with_other_seeds_leaves_all_unpaired():
    kinds = {"none": {0: 0.84, 1: 0.85}, "se": {0: 0.85, 1: 0.87}, "eca": {2: 0.84}}
    found = differences(kinds, "none")
    assert not any(each.paired for each in found.values())
    # Pooled: 0.0001 / 2 + 0.0004 / 2 over 2 degrees of freedom, and 2.5 % for two comparisons.
    error = math.sqrt(0.00025 / 2)
    t = stats.t.ppf(1 - 0.025 / 2, 2)
    assert found["se"].chance == pytest.approx(t * error)
    assert found["eca"].chance == pytest.approx(t * error * math.sqrt(1.5))


def test_holm_by_hand():
    # p = 0.01, 0.04, 0.03, 0.005: 0.005 <= 0.05/4, 0.01 <= 0.05/3, but 0.03 > 0.05/2. Two pass.
    assert holm_level([0.01, 0.04, 0.03, 0.005], 0.05) == 0.05 / 2
    assert holm_level([0.5, 0.013], 0.05) == 0.05 / 1  # 0.013 <= 0.025, then 0.5 > 0.05
    assert holm_level([0.03, 0.03], 0.05) == 0.05 / 2  # each alone would have passed
    assert holm_level([0.01, 0.02], 0.05) == 0.05  # all pass
    assert holm_level([], 0.05) == 0.05


@given(st.lists(st.floats(0, 0.2), max_size=9))
def test_one_level_rejects_what_holm_s_steps_reject(ps):
    rejected, going = set(), True
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        going = going and ps[i] <= 0.05 / (len(ps) - rank)
        if going:
            rejected.add(i)
    level = holm_level(ps, 0.05)
    assert {i for i, p in enumerate(ps) if p <= level} == rejected


def test_eight_kinds_that_are_all_alike_are_rarely_told_apart():
    """Any claim among eight: 5 % of the time, where eight tests at 5 % each make it far more."""
    random = np.random.default_rng(0)
    claims = uncorrected = 0
    for _ in range(400):
        table = random.normal(0.85, 0.002, (9, 3)) + random.normal(0, 0.002, 3)
        found = differences({str(i): by_seed(row) for i, row in enumerate(table)}, "0").values()
        claims += any(each.larger_than_chance for each in found)
        uncorrected += any(each.p < 0.05 for each in found)
    assert claims <= 0.05 * 400 + 3 * math.sqrt(400 * 0.05 * 0.95)
    assert uncorrected > 2 * claims


def test_a_single_seed_each_tells_nothing():
    found = differences({"none": {0: 0.84}, "se": {0: 0.91}}, "none")["se"]
    assert (found.chance, found.p) == (math.inf, 1)
    assert not found.larger_than_chance
    assert spread([[0.84], [0.91]])[1] == 0


def test_kinds_without_any_spread():
    same = differences({"none": {0: 0.5, 1: 0.5}, "a": {0: 0.5, 1: 0.5}}, "none")["a"]
    assert not same.larger_than_chance
    higher = differences({"none": {0: 0.5, 1: 0.5}, "a": {0: 0.75, 1: 0.75}}, "none")["a"]
    assert higher.larger_than_chance


@pytest.mark.parametrize(("deviation", "comparisons"), [(0.002, 8), (0.004, 8), (0.003, 1)])
def test_so_many_seeds_find_half_a_point_four_times_in_five(deviation, comparisons):
    """Against the exact power, by the noncentral t distribution."""
    seeds = seeds_needed(deviation, comparisons)

    def power(seeds):
        freedom = comparisons * (seeds - 1)
        critical = stats.t.ppf(1 - 0.05 / comparisons / 2, freedom)
        return stats.nct.sf(critical, freedom, 0.005 / (deviation * math.sqrt(2 / seeds)))

    assert power(seeds) > 0.79
    assert power(seeds - 1) < 0.81
