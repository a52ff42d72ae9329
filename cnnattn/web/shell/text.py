"""Every visible word in the reader's language: English message ids, gettext catalogues."""

import gettext as _gettext
import math
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import streamlit as st

from cnnattn.problem import Problem

LANGUAGES = {"zh": "中文", "en": "English"}
LOCALE = Path(__file__).parents[1] / "locale"


_spoken: ContextVar[str] = ContextVar("language")  # every run has a thread of its own


def speak(chosen: str) -> None:
    """Say everything in this language from here on: a page asks for it a few hundred times."""
    _spoken.set(chosen)


def language() -> str:
    """The reader's language: as chosen, else the link's, else the browser's."""
    if spoken := _spoken.get(""):
        return spoken
    chosen = st.session_state.get("lang") or st.query_params.get("lang")
    return chosen if chosen in LANGUAGES else browser_language()


def browser_language() -> str:
    """Chinese for a browser that asks for it, else English."""
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def _(message: str, **values: object) -> str:
    """The message in the reader's language, its ``{named}`` places filled."""
    text = _catalogue(language()).gettext(message)
    return text.format(**values) if values else text


def sentence(problem: Problem) -> str:
    """A problem as one sentence in the reader's language."""
    values = {
        name: sentence(value) if isinstance(value, Problem) else value
        for name, value in problem.values.items()
    }
    return _(problem.template).format(**values)


def class_name(name: str) -> str:
    """A class in the reader's language; names that the catalogue lacks stay as they are.

    Classes have a context of their own: one called "max" is not the interface's word.
    """
    return _catalogue(language()).pgettext("class", name)


def paragraph(sentences: Iterable[str]) -> str:
    """Sentences one after the other, with a space between them where the language has one."""
    return ("" if language() == "zh" else " ").join(sentences)


def verbatim(name: str) -> str:
    """A name that somebody else gave, as Markdown that shows it letter for letter."""
    return f"`{name.replace('`', '')}`"


def percent(share: float, digits: int = 0) -> str:
    """A share 0 … 1 in percent, as it is written on every page.

    Without ``digits`` 0.7312 is “73%”, below 1% and above 99% with one: “0.4%”. Only 0 itself is
    “0%” and only 1 is “100%”: what would be rounded to them is “≤0.1%” or “≥99.9%”. No number (NaN)
    is a dash.
    """
    if math.isnan(share):
        return "–"
    if share in (0, 1):
        return f"{share:.0%}"
    digits = max(digits, 0 if 0.01 <= share <= 0.99 else 1)
    least = 10.0 ** -(digits + 2)
    if 0 < share < least:
        return f"≤{least:.{digits}%}"
    if 1 - least < share < 1:
        return f"≥{1 - least:.{digits}%}"
    return f"{share:.{digits}%}"


@cache
def _catalogue(name: str) -> _gettext.NullTranslations:
    return _gettext.translation("cnnattn", LOCALE, [name], fallback=name == "en")


def _for_the_catalogue() -> None:  # never called: gives Babel the words that come from data
    pgettext = _catalogue("en").pgettext
    pgettext("class", "airplane"), pgettext("class", "automobile"), pgettext("class", "bird")
    pgettext("class", "cat"), pgettext("class", "deer"), pgettext("class", "dog")
    pgettext("class", "frog"), pgettext("class", "horse"), pgettext("class", "ship")
    pgettext("class", "truck")
