"""Every visible word in the reader's language: English message ids, gettext catalogues."""

import gettext as _gettext
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
    """A class in the reader's language; names that the catalogue lacks stay as they are."""
    return _(name)


def attention_name(kind: str) -> str:
    """How an attention kind is called in titles, next to the architecture."""
    names = {
        "none": _("no attention"),
        "spatial": _("Spatial"),
        "coordinate": _("Coordinate"),
        "simam": "SimAM",
        "nonlocal": _("Non-local"),
    }
    return names.get(kind) or kind.upper()


def no_channel_gate(kind: str) -> str:
    """Why an attention kind has no bar a channel."""
    reasons = {
        "none": _("No gates: every channel passes with the same weight of 1."),
        "spatial": _("No bars: spatial attention weighs places, all channels alike."),
        "coordinate": _("No bars: each channel has a weight for every row and every column."),
        "simam": _("No bars: SimAM weighs every pixel of every channel for itself."),
        "gc": _("No bars: GC adds one number to each channel, it multiplies nothing."),
        "nonlocal": _("No bars: non-local attention mixes places and adds the mixture."),
    }
    return reasons[kind]


def paragraph(sentences: Iterable[str]) -> str:
    """Sentences one after the other, with a space between them where the language has one."""
    return ("" if language() == "zh" else " ").join(sentences)


def percent(share: float) -> str:
    """0.7312 as “73 %”, with a digit more where 0 or 100 would be a lie."""
    return f"{share:.0%}" if 0.01 <= share <= 0.99 or share in (0, 1) else f"{share:.1%}"


@cache
def _catalogue(name: str) -> _gettext.NullTranslations:
    return _gettext.translation("cnnattn", LOCALE, [name], fallback=name == "en")


def _for_the_catalogue() -> None:  # never called: gives Babel the words that come from data
    _("airplane"), _("automobile"), _("bird"), _("cat"), _("deer")
    _("dog"), _("frog"), _("horse"), _("ship"), _("truck")
