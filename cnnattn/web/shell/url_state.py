"""The view in the link: widgets whose values live in the URL, so that a link reopens the page.

Streamlit's own ``bind="query-params"`` writes the *label* of an option into the URL, so a link made
in Chinese would not open in English; these write the option itself. Only what differs from the
default is written, once at the end of a run: each writing is a step of the browser's history.

A widget's value lives under the id of its element, which differs from page to page, so a page that
is entered would draw its widgets anew with Streamlit's defaults. ``_begin`` therefore hands the
value over whenever a widget was last drawn on another page, or in another language: the browser
keeps the words of what is chosen.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnnattn.web.shell.text import language

_KEEP: dict[str, Any] = {"persist_state": "session"}
# What every page has, so that a link from page to page takes it along.
_EVERYWHERE = ("lang", "source", "sample", "test_class", "own", "square", "models")


@dataclass
class _View:
    """What a session knows of its links. In one object: the session's state is slow to ask."""

    page: str = ""  # the one that is being drawn
    visit: int = 0  # of how many pages it is the last that was entered
    before: dict[str, str] | None = None  # what was chosen when this run first asked for it
    written: dict[str, str | None] = field(default_factory=dict)  # of this run, None: the default
    drawn_on: dict[str, str] = field(default_factory=dict)  # key -> the page that drew it last
    drawn_in: dict[str, str] = field(default_factory=dict)  # key -> the language of that
    defaults: dict[str, Any] = field(default_factory=dict)
    keys_of: dict[str, set[str]] = field(default_factory=dict)  # page -> what it has drawn
    followed: dict[str, Any] = field(default_factory=dict)  # key -> the default of the run before


_current: ContextVar[_View] = ContextVar("view")  # every run has a thread of its own


def _view() -> _View:
    return _current.get(None) or st.session_state.setdefault("_view", _View())


def enter(page: str) -> None:
    """Begin a run of ``page``: what is drawn from now on belongs to it."""
    view: _View = st.session_state.setdefault("_view", _View())
    view.visit += page != view.page
    view.page, view.written, view.before = page, {}, None
    _current.set(view)


def current_page() -> str:
    """The page that is being drawn."""
    return _view().page


def current_visit() -> int:
    """A number that stays as long as the page does, and is another when it is entered again."""
    return _view().visit


def leave() -> None:
    """End a run: write what was drawn into the URL, in one step of the browser's history.

    A default that the link names stays in it, and after Back and Forward nothing is written: each
    writing makes a step, and who came by Back would be sent forward again.
    """
    if _is_back_or_forward():
        return
    view = _view()
    before = st.query_params.to_dict()
    after = before.copy()
    for key, text in view.written.items():
        if text is not None:
            after[key] = text
        elif before.get(key) != _text(view.defaults[key]):
            after.pop(key, None)
    if after != before:
        st.query_params.from_dict(after)


def chosen() -> dict[str, str]:
    """All that is chosen now and differs from its default, as it stands in a link."""
    view = _view()
    if view.before is None:
        state = st.session_state
        values = ((key, state.get(key, default), default) for key, default in view.defaults.items())
        view.before = {key: _text(value) for key, value, default in values if value != default}
    now = view.before | view.written
    return {key: text for key, text in now.items() if text is not None}


def link_to(page: str, /, **more: str) -> dict[str, str]:
    """The query of a link to ``page`` that takes along what is chosen here, changed by ``more``."""
    there = _view().keys_of.get(page, set())
    query = {
        key: text
        for key, text in chosen().items()
        if key.startswith("test_") or key in _EVERYWHERE or key in there
    }
    return query | more


def one_of(
    widget: Callable[..., Any],
    label: str,
    options: Sequence[str] | Mapping[str, str],
    key: str,
    default: str,
    **rest: Any,
) -> str:
    """One option, by ``st.segmented_control``, ``st.pills`` or ``st.selectbox``.

    ``options`` are names for links; with what the page calls each of them, or else it is called by
    ``format_func``, or as it is.
    """
    settle(key, options, default)
    if isinstance(options, Mapping):
        rest["format_func"] = options.__getitem__
    if widget is not st.selectbox:
        rest["required"] = True
    value = widget(label, list(options), key=key, **_KEEP, **rest)
    return _end(key, default if value is None else value, default)


def settle(key: str, options: Container[str], default: str) -> str:
    """The option that ``one_of`` will show, before it is drawn."""
    return _begin(key, lambda text: text, lambda value: value in options, default)


def some_of(
    label: str,
    options: Sequence[str] | Mapping[str, str],
    key: str,
    default: Sequence[str],
    **rest: Any,
) -> list[str]:
    """Several ``options``, given as for ``one_of``, in the order in which they were chosen."""
    if isinstance(options, Mapping):
        rest["format_func"] = options.__getitem__
    default = list(default)
    there = [name for name in asked_for(key, default) if name in options]
    _begin(key, lambda text: there, lambda value: value == there and bool(there), there or default)
    return _end(key, st.multiselect(label, list(options), key=key, **_KEEP, **rest), default)


def asked_for(key: str, default: Sequence[str] = ()) -> list[str]:
    """What the link or this session asks of ``some_of``, whether that is there or not."""
    there = st.session_state.get(key, _NOTHING)
    asked: list[str] = _wish(key, there, lambda text: text.split(","), list(default))
    return list(dict.fromkeys(asked))  # a link may name one twice


def follow(key: str, default: Any) -> None:
    """Let a widget follow a default that changes, as long as nobody has chosen something else."""
    state, followed = st.session_state, _view().followed
    if key in state and state[key] == followed.get(key):
        state[key] = default
    followed[key] = default


def stay(key: str) -> None:
    """Let a widget keep what it shows, though its default may change: somebody works with it."""
    _view().followed.pop(key, None)


def number(label: str, key: str, default: int, low: int, high: int, **rest: Any) -> int:
    """A whole number in low … high."""
    settle_number(key, default, low, high)
    value = st.number_input(label, low, high, key=key, **_KEEP, **rest)
    return _end(key, value, min(default, high))


def settle_number(key: str, default: int, low: int, high: int) -> int:
    """The number that ``number`` or ``slide`` will show, before it is drawn."""
    value: int = _begin(key, int, lambda value: low <= value <= high, min(default, high))
    return value


def slide(label: str, key: str, default: int, low: int, high: int, **rest: Any) -> int:
    """A whole number in low … high (above low), on a slider."""
    settle_number(key, default, low, high)
    return _end(key, st.slider(label, low, high, key=key, **_KEEP, **rest), min(default, high))


def kept(key: str, default: str, valid: Callable[[str], bool]) -> str:
    """A text that no widget shows; who changes it writes it to the session's state."""
    return _end(key, _begin(key, str, valid, default), default)


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
    state, view = st.session_state, _view()
    there = state.get(key, _NOTHING)
    value = _wish(key, there, parse, default)
    if not valid(value):
        value = default
    # Not on every run: it would take back what is clicked while a run goes on.
    translated = view.drawn_in.get(key) != language()
    if _is_entered(key) or translated or there != value:
        state[key] = value
    return value


_NOTHING = object()


def _wish(key: str, there: Any, parse: Callable[[str], Any], default: Any) -> Any:
    """What the link, or else the session, where there is a value, asks for."""
    back = _is_back_or_forward() and key not in _view().written
    if (back or _is_entered(key)) and key in st.query_params:
        try:
            return parse(st.query_params[key])
        except ValueError:
            return default
    return default if back or there is _NOTHING else there


def _is_entered(key: str) -> bool:
    view = _view()
    return view.drawn_on.get(key) != view.page


def _end(key: str, value: Any, default: Any) -> Any:
    view = _view()
    view.drawn_on[key], view.drawn_in[key] = view.page, language()
    view.defaults[key] = default
    view.written[key] = None if value == default else _text(value)
    view.keys_of.setdefault(view.page, set()).add(key)
    return value


def _text(value: Any) -> str:
    """A value as it stands in a link."""
    if isinstance(value, bool):
        return "01"[value]
    return ",".join(value) if isinstance(value, list) else str(value)


def _is_back_or_forward() -> bool:
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
