"""The view in the link: widgets whose values live in the URL, so that a link reopens the page.

Streamlit's own ``bind="query-params"`` writes the *label* of an option into the URL, so a link made
in Chinese would not open in English; these write the option itself. Only what differs from the
default is written, and values survive a change of page.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

_KEEP: dict[str, Any] = {"persist_state": "session"}


def one_of(
    widget: Callable[..., Any],
    label: str,
    options: Sequence[str],
    key: str,
    default: str,
    **rest: Any,
) -> str:
    """One option, by ``st.segmented_control``, ``st.pills`` or ``st.selectbox``."""
    _begin(key, lambda text: text, lambda value: value in options, default)
    if widget is not st.selectbox:
        rest["required"] = True
    value = widget(label, options, key=key, **_KEEP, **rest)
    return _end(key, default if value is None else value, default)


def some_of(
    label: str, options: Sequence[str], key: str, default: Sequence[str], **rest: Any
) -> list[str]:
    """Several options, in the order in which they were chosen."""
    default = list(default)
    _begin(
        key,
        lambda text: text.split(","),
        lambda value: bool(value) and set(value) <= set(options),
        default,
    )
    value = st.multiselect(label, options, key=key, **_KEEP, **rest)
    return _end(key, value, default, ",".join)


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
    return _end(key, st.toggle(label, key=key, **_KEEP, **rest), default, lambda on: "01"[on])


def _begin(
    key: str, parse: Callable[[str], Any], valid: Callable[[Any], bool], default: Any
) -> None:
    """Give the widget its first value, from the link if that is valid, and mend a stale one."""
    if key not in st.session_state and key in st.query_params:
        try:
            st.session_state[key] = parse(st.query_params[key])
        except ValueError:
            st.session_state[key] = default
    if key not in st.session_state or not valid(st.session_state[key]):
        st.session_state[key] = default


def _end(key: str, value: Any, default: Any, write: Callable[[Any], str] = str) -> Any:
    if value == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = write(value)
    return value
