"""Runs of pages go one after another, and none keeps the others waiting for long."""

import threading
import time
from contextlib import contextmanager

import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.places import ROOT
from cnnattn.web.shell import page
from cnnattn.web.shell.turns import Turns


def started(run) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_many_runs_go_one_after_another_in_the_order_in_which_they_came():
    turns, open_door, running, order = Turns(longest=60), threading.Event(), [], []

    def run(number: int) -> None:
        with turns.turn():
            running.append(number)
            if number == 0:
                open_door.wait(30)
            assert running == [number]
            order.append(number)
            running.remove(number)

    threads = []
    for number in range(8):
        before = turns._last
        threads.append(started(lambda number=number: run(number)))
        while turns._last is before:  # it stands in line
            time.sleep(0.001)
    assert order == []
    open_door.set()
    for thread in threads:
        thread.join(30)
    assert order == list(range(8))


def test_a_long_run_goes_on_and_lets_the_others_pass():
    turns, end, passed = Turns(longest=0.02), threading.Event(), []

    def long() -> None:
        with turns.turn():
            end.wait(30)

    thread = started(long)
    while turns._last.ended.is_set():
        time.sleep(0.001)
    for number in range(3):
        with turns.turn():
            passed.append(number)
    assert passed == [0, 1, 2]
    assert thread.is_alive()
    end.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_run_that_fails_passes_the_turn_on():
    turns = Turns(longest=60)
    with pytest.raises(ValueError, match="whatever"), turns.turn():
        raise ValueError("whatever")
    with turns.turn():
        pass


def test_a_page_is_drawn_in_its_turn(monkeypatch):
    told = []

    class Watched(Turns):
        @contextmanager
        def turn(self):
            with super().turn():
                told.append("begun")
                yield
            told.append("ended")

    monkeypatch.setattr(page, "_TURNS", Watched())
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception
    assert told == ["begun", "ended"]
