import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from cnnattn.training.student import t_probability, t_quantile


def test_values_of_the_printed_tables():
    # Two-sided 95 %, from any textbook.
    for freedom, value in {
        1: 12.706,
        2: 4.303,
        10: 2.228,
        11: 2.201,
        30: 2.042,
        120: 1.980,
    }.items():
        assert t_quantile(0.975, freedom) == pytest.approx(value, abs=5e-4)


def test_one_degree_of_freedom_is_cauchy_s_distribution():
    for p in (0.6, 0.9, 0.999):
        assert t_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)))


@given(st.floats(-50, 50), st.integers(1, 500))
@example(6e-8, 32)
def test_the_probability_is_scipy_s(t, freedom):
    assert t_probability(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), rel=1e-8, abs=1e-12)


@given(st.floats(0.001, 0.99999), st.integers(1, 500))
def test_the_quantile_is_scipy_s(probability, freedom):
    expected = stats.t.ppf(probability, freedom)
    assert t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-9)
