"""The view in the link: widgets whose values live in the URL, so that a link reopens the page.

Streamlit's own ``bind="query-params"`` writes the *label* of an option into the URL, so a link made
in Chinese would not open in English; these write the option itself. Only what differs from the
default is written, once at the end of a run: each writing is a step of the browser's history.

A widget's value lives under the id of its element, which differs from page to page, so a page that
is entered would draw its widgets anew with Streamlit's defaults. ``_begin`` therefore hands the
value over whenever a widget was last drawn on another page.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_KEEP: dict[str, Any] = {"persist_state": "session"}
# What every page has, so that a link from page to page takes it along.
_EVERYWHERE = ("lang", "source", "sample", "test_class", "own", "square", "models")


def enter(page: str) -> None:
    """Begin a run of ``page``: what is drawn from now on belongs to it."""
    state = st.session_state
    state["_page"] = page
    state["_written"] = {}  # of this run: key -> its text in the link, None for the default
    state.setdefault("_drawn_on", {})  # key -> the page that drew it last
    state.setdefault("_defaults", {})


def current_page() -> str:
    """The page that is being drawn."""
    page: str = st.session_state.get("_page", "")
    return page


def leave() -> None:
    """End a run: write what was drawn into the URL, in one step of the browser's history."""
    written = st.session_state["_written"]
    before = st.query_params.to_dict()
    after = {key: text for key, text in before.items() if key not in written}
    after |= {key: text for key, text in written.items() if text is not None}
    if after != before:
        st.query_params.from_dict(after)


def link_to(page: str, **more: str) -> dict[str, str]:
    """The query of a link to ``page`` that takes along what is chosen here, changed by ``more``."""
    state = st.session_state
    drawn_there = state.get("_keys_of", {}).get(page, ())
    query = {}
    for key, default in state["_defaults"].items():
        known = key.startswith("test_") or key in _EVERYWHERE or key in drawn_there
        if known and key in state and state[key] != default:
            query[key] = _text(state[key])
    return query | more


def one_of(
    widget: Callable[..., Any],
    label: str,
    options: Sequence[str],
    key: str,
    default: str,
    **rest: Any,
) -> str:
    """One option, by ``st.segmented_control``, ``st.pills`` or ``st.selectbox``."""
    settle(key, options, default)
    if widget is not st.selectbox:
        rest["required"] = True
    value = widget(label, options, key=key, **_KEEP, **rest)
    return _end(key, default if value is None else value, default)


def settle(key: str, options: Sequence[str], default: str) -> str:
    """The option that ``one_of`` will show, before it is drawn."""
    return _begin(key, lambda text: text, lambda value: value in options, default)


def some_of(
    label: str, options: Sequence[str], key: str, default: Sequence[str], **rest: Any
) -> list[str]:
    """Several options, in the order in which they were chosen."""
    default = list(default)
    there = [name for name in asked_for(key, default) if name in options]
    _begin(key, lambda text: there, lambda value: value == there and bool(there), there or default)
    return _end(key, st.multiselect(label, options, key=key, **_KEEP, **rest), default)


def asked_for(key: str, default: Sequence[str] = ()) -> list[str]:
    """What the link or this session asks of ``some_of``, whether that is there or not."""
    asked: list[str] = _wish(key, lambda text: text.split(","), list(default))
    return asked


def follow(key: str, default: Any) -> None:
    """Let a widget follow a default that changes, as long as nobody has chosen something else."""
    state = st.session_state
    followed = state.setdefault("_followed", {})  # key -> the default of the run before
    if key in state and state[key] == followed.get(key):
        state[key] = default
    followed[key] = default


def number(label: str, key: str, default: int, low: int, high: int, **rest: Any) -> int:
    """A whole number in low … high."""
    _begin(key, int, lambda value: low <= value <= high, min(default, high))
    value = st.number_input(label, low, high, key=key, **_KEEP, **rest)
    return _end(key, value, min(default, high))


def slide(label: str, key: str, default: int, low: int, high: int, **rest: Any) -> int:
    """A whole number in low … high (above low), on a slider."""
    _begin(key, int, lambda value: low <= value <= high, min(default, high))
    return _end(key, st.slider(label, low, high, key=key, **_KEEP, **rest), min(default, high))


def switch(label: str, key: str, default: bool, **rest: Any) -> bool:
    """On or off."""
    _begin(key, lambda text: text == "1", lambda value: True, default)
    return _end(key, st.toggle(label, key=key, **_KEEP, **rest), default)


def _begin(
    key: str, parse: Callable[[str], Any], valid: Callable[[Any], bool], default: Any
) -> Any:
    """Give the widget the value that it is to show, and return it.

    On a page that is entered, and after the browser's Back and Forward, the link decides; then
    what was chosen in this session; then the default.
    """
    state = st.session_state
    value = _wish(key, parse, default)
    if not valid(value):
        value = default
    # Not on every run: it would take back what is clicked while a run goes on.
    if _is_entered(key) or key not in state or state[key] != value:
        state[key] = value
    return value


def _wish(key: str, parse: Callable[[str], Any], default: Any) -> Any:
    back = _is_back_or_forward() and key not in st.session_state["_written"]
    if key in st.query_params and (back or _is_entered(key)):
        try:
            return parse(st.query_params[key])
        except ValueError:
            return default
    return default if back else st.session_state.get(key, default)


def _is_entered(key: str) -> bool:
    state = st.session_state
    drawn_on: dict[str, str] = state["_drawn_on"]
    return drawn_on.get(key) != state["_page"]


def _end(key: str, value: Any, default: Any) -> Any:
    state = st.session_state
    state["_drawn_on"][key] = state["_page"]
    state["_defaults"][key] = default
    state["_written"][key] = None if value == default else _text(value)
    state.setdefault("_keys_of", {}).setdefault(state["_page"], set()).add(key)
    return value


def _text(value: Any) -> str:
    """A value as it stands in a link."""
    if isinstance(value, bool):
        return "01"[value]
    return ",".join(value) if isinstance(value, list) else str(value)


def _is_back_or_forward() -> bool:
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
