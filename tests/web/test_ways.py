"""Factors of channels and positions survive the way through a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnattn.web.lab.ways import factors_text, read_factors


@given(st.dictionaries(st.integers(0, 1023), st.sampled_from([0, 0.25, 1.5, 3])))
def test_what_is_written_is_read(factors):
    assert read_factors(factors_text(factors)) == factors


def test_neighbours_with_one_factor_are_a_span():
    assert factors_text({9: 0, 4: 0.5, 10: 0, 11: 0, 12: 1.5}) == "4:0.5,9-11:0,12:1.5"


@pytest.mark.parametrize("text", ["4", "a:1", "4:b", "5-3:0", "-1:0", "0-999999999:1", "1:2:3"])
def test_nothing_else_is_read(text):
    with pytest.raises(ValueError):  # noqa: PT011
        read_factors(text)
