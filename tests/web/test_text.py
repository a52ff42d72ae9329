"""One way to write a share in percent; classes and words of the interface stay apart."""

import math
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnattn.web.shell.text import _, class_name, percent, speak


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.7312, 0, "73%"),
        (0.84531, 1, "84.5%"),
        (0, 0, "0%"),
        (1, 1, "100%"),
        (0.004, 0, "0.4%"),
        (0.9931, 0, "99.3%"),
        (0.0004, 0, "≤0.1%"),
        (0.9996, 0, "≥99.9%"),
        (0.99999, 1, "≥99.9%"),
        (0.001, 1, "0.1%"),
        (0.99996, 2, "≥99.99%"),
        (math.nan, 1, "–"),
    ],
)
def test_a_share_in_percent(share, digits, text):
    assert percent(share, digits) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 2))
def test_what_is_written_is_true(share, digits):
    text = percent(share, digits)
    number = float(text.strip("≤≥%")) / 100
    if text[0] == "≤":
        assert 0 < share <= number + 1e-12
    elif text[0] == "≥":
        assert number - 1e-12 <= share < 1
    else:
        assert 0 < number < 1
        assert abs(number - share) <= 0.5 * 10 ** -(2 + digits) + 1e-12


def test_a_class_called_like_a_word_of_the_interface_keeps_its_name():
    def in_chinese():
        speak("zh")
        return class_name("cat"), class_name("all"), _("all")

    cat, named_all, all_of_them = copy_context().run(in_chinese)
    assert cat == "猫"
    assert named_all == "all"
    assert all_of_them not in ("all", "")
