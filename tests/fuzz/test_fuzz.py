"""A short run of the fuzzers; a long one: python -m tests.fuzz --inputs 100000"""

import warnings

import pytest

from tests.fuzz.__main__ import attempt

COUNTS = {"pictures": 500, "checkpoints": 60, "run folders": 60, "cards on pages": 2,
          "runs on pages": 2, "links": 2}  # fmt: skip


@pytest.mark.parametrize("kind", COUNTS)
def test_no_damaged_input_is_an_error(kind, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        good = sum(attempt(kind, 0, number, tmp_path) for number in range(COUNTS[kind]))
    # Were all refused, or none, the fuzzer would try nothing.
    assert 0 < good <= COUNTS[kind]
