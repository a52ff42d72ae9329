"""Background jobs: their progress, two sessions on one of them, and what is kept of them."""

import os
import threading
import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.problem import Problem
from cnnattn.web.library import jobs

GATE = threading.Event()
STARTED: list[str] = []


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "RESULTS", tmp_path / "results")
    jobs._jobs().clear()
    GATE.clear()
    STARTED.clear()
    yield
    GATE.set()


def quarter():
    """Says that a quarter is done, then waits for the test."""
    STARTED.append("quarter")
    yield 0.25
    GATE.wait(20)
    yield 0.5
    return {"answer": np.array(42)}


def failing():
    yield 0.1
    raise Problem("The pictures are gone; bring them back.")


def a_page() -> None:
    import streamlit as st

    from cnnattn.web.library import jobs
    from tests.web import test_jobs

    work = getattr(test_jobs, st.query_params["work"])
    result = jobs.result_or_offer("the key", work, "Compute", "It takes a while.")
    if result is not None:
        st.markdown(f"result {int(result['answer'])}")


def session(work="quarter") -> AppTest:
    app = AppTest.from_function(a_page, default_timeout=60)
    app.query_params.update({"lang": "en", "work": work})
    return app.run()


def press(app, label="Compute") -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def until(app, good):
    """Run again until the page shows what it should, as the timer of its progress does."""
    for _try in range(100):
        if good(app.run()):
            return app
        time.sleep(0.1)
    raise TimeoutError


def shares(app):
    return [(bar.proto.value, bar.proto.text) for bar in app.get("progress")]


def labels(app):
    return [button.label for button in app.button]


def results(app):
    return [element.value for element in app.markdown]


def test_the_share_that_is_done_is_shown_and_then_the_result():
    app = press(session())
    until(app, lambda app: shares(app) == [(25, "25%")])
    assert labels(app) == ["Cancel"]
    GATE.set()
    until(app, lambda app: results(app) == ["result 42"])
    assert not app.button
    assert results(session()) == ["result 42"]  # from the disk
    assert STARTED == ["quarter"]


def test_two_sessions_that_ask_for_the_same_get_it_from_one_computation():
    first, second = session(), session()
    press(first)
    press(second)  # its button stood there already
    until(first, lambda app: shares(app) == [(25, "25%")])
    assert shares(second.run()) == [(25, "25%")]
    GATE.set()
    for app in (first, second):
        until(app, lambda app: results(app) == ["result 42"])
    assert STARTED == ["quarter"]


def test_who_cancels_does_not_stop_the_job_that_another_session_waits_for():
    first, second = press(session()), session()
    assert labels(second) == ["Cancel"]
    press(second, "Cancel")
    assert labels(second) == ["Compute"]
    assert labels(first.run()) == ["Cancel"]
    press(second)  # waits with the first again
    assert labels(second) == ["Cancel"]
    GATE.set()
    for app in (first, second):
        until(app, lambda app: results(app) == ["result 42"])
    assert STARTED == ["quarter"]


def test_a_job_that_all_have_cancelled_ends_and_leaves_nothing():
    first, second = press(session()), session()
    press(first, "Cancel")
    press(second, "Cancel")
    GATE.set()
    with jobs._TURN:
        assert labels(first.run()) == ["Compute"]
    assert not list(jobs.RESULTS.glob("*"))
    press(first)
    until(first, lambda app: results(app) == ["result 42"])


def test_a_job_that_waits_for_another_says_so():
    with jobs._TURN:
        app = press(session())
        assert shares(app) == [(0, "queued")]
    GATE.set()
    until(app, lambda app: results(app) == ["result 42"])


def test_every_session_hears_why_a_job_failed_and_may_start_it_again():
    first, second = session("failing"), session("failing")
    press(first)
    for app in (first, second):
        until(
            app,
            lambda app: [e.value for e in app.error] == ["The pictures are gone; bring them back."],
        )
        assert labels(app) == ["Compute"]


def test_the_disk_keeps_what_was_asked_for_last(monkeypatch):
    kilobyte = {"numbers": np.zeros(1000, np.uint8)}
    jobs.keep("0", kilobyte)
    size = jobs._file("0").stat().st_size
    monkeypatch.setattr(jobs, "MOST_BYTES", 3 * size)
    for key in ("0", "1", "2"):
        jobs.keep(key, kilobyte)
        os.utime(jobs._file(key), (int(key), int(key)))  # long ago, one after the other
    assert jobs.kept_result("0") is not None  # asked for now: "1" is the oldest
    jobs.keep("3", kilobyte)
    assert [key for key in "0123" if jobs.kept_result(key)] == ["0", "2", "3"]
    monkeypatch.setattr(jobs, "MOST_BYTES", 0)
    jobs.keep("4", kilobyte)
    assert [key for key in "01234" if jobs.kept_result(key)] == ["4"]


def test_memory_lets_go_of_results_that_nobody_fetched(monkeypatch):
    monkeypatch.setattr(jobs, "MOST_JOBS", 2)
    for number in range(4):
        jobs._jobs()[f"old {number}"] = jobs.Job(result={})
    press(session())
    assert list(jobs._jobs()) == ["old 2", "old 3", "the key"]


def steps(count):
    yield from range(1, count + 1)
    return "the end"


def test_steps_of_a_part_lie_within_it():
    told = []
    assert jobs.finish(jobs.part_of(steps(4), 0.5, 0.1), told.append) == "the end"
    np.testing.assert_allclose(told, [0.6, 0.7, 0.8, 0.9])
