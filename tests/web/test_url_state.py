"""What the link, the session and the default each decide about a widget's value."""

import inspect
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import ScriptRunContext
from streamlit.testing.v1 import AppTest

from cnnattn.web.shell import url_state


def script() -> None:
    import streamlit as st

    from cnnattn.web.shell import url_state

    url_state.enter(st.session_state.get("page", "first"))
    url_state.one_of(st.segmented_control, "Size", ["small", "large"], "size", "small")
    url_state.number("Channel", "channel", 2, 0, 9)
    url_state.some_of("Models", ["a", "b", "c"], "models", ["a"])
    url_state.leave()


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(script, default_timeout=60)


def values(app: AppTest) -> tuple:
    return tuple(app.session_state[key] for key in ("size", "channel", "models"))


def test_is_history_navigation_is_what_streamlit_calls_back_and_forward():
    """It stands in no documentation; with another name, Back would no longer go back."""
    assert "is_history_navigation" in inspect.signature(ScriptRunContext).parameters


def link(app: AppTest) -> dict[str, str]:
    """The query, whose values AppTest gives as texts or, from the script, as lists of one."""
    return {k: v if isinstance(v, str) else v[0] for k, v in app.query_params.items()}


@pytest.mark.parametrize("back", [False, True])
def test_after_back_the_link_decides_and_else_the_session(app, monkeypatch, back):
    app.run()
    app.number_input(key="channel").set_value(7)
    app.run()
    assert link(app) == {"channel": "7"}
    context = SimpleNamespace(is_history_navigation=back)
    monkeypatch.setattr(url_state, "get_script_run_ctx", lambda: context)
    app.query_params["channel"] = "4"
    app.query_params["size"] = "large"
    app.run()
    assert values(app) == (("large", 4, ["a"]) if back else ("small", 7, ["a"]))


def test_back_to_a_link_without_a_key_is_back_to_its_default(app, monkeypatch):
    app.query_params.update({"channel": "7", "models": "c,b"})
    app.run()
    assert values(app) == ("small", 7, ["c", "b"])
    context = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr(url_state, "get_script_run_ctx", lambda: context)
    del app.query_params["channel"]
    app.run()
    assert values(app) == ("small", 2, ["c", "b"])


def test_the_first_draw_is_that_of_the_link_and_nonsense_is_the_default(app):
    app.query_params.update({"size": "large", "channel": "9", "models": "b,nothing,a"})
    app.run()
    assert values(app) == ("large", 9, ["b", "a"])
    other = AppTest.from_function(script, default_timeout=60)
    other.query_params.update({"size": "huge", "channel": "x", "models": "nothing"})
    other.run()
    assert values(other) == ("small", 2, ["a"])


def test_a_page_that_is_entered_shows_what_was_chosen_on_the_one_before(app):
    app.run()
    app.number_input(key="channel").set_value(7)
    app.multiselect(key="models").set_value(["b"])
    app.run()
    app.session_state["page"] = "second"
    app.run()
    assert values(app) == ("small", 7, ["b"])


def test_only_what_differs_from_the_default_stands_in_the_link(app):
    app.query_params["size"] = "large"
    app.run()
    assert link(app) == {"size": "large"}
    app.segmented_control(key="size").set_value("small")
    app.run()
    assert link(app) == {}


def test_a_default_that_the_link_names_stays_in_it(app):
    """To take it out would be a step of the browser's history, and Back would lead to it again."""
    app.query_params.update({"channel": "2", "size": "small"})
    app.run()
    assert link(app) == {"channel": "2", "size": "small"}
    app.number_input(key="channel").set_value(7)
    app.run()
    assert link(app) == {"channel": "7", "size": "small"}
    app.number_input(key="channel").set_value(2)
    app.run()
    assert link(app) == {"size": "small"}


def test_back_to_a_link_that_asks_for_what_there_is_not_writes_nothing(app, monkeypatch):
    context = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr(url_state, "get_script_run_ctx", lambda: context)
    app.query_params["channel"] = "77"
    app.run()
    assert values(app) == ("small", 2, ["a"])
    assert link(app) == {"channel": "77"}
