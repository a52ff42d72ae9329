"""A run's events are read once each, and a run that went back takes its curve back with it."""

import json
import threading

import numpy as np
import pytest

from cnnattn.web.training.curves import History


def step(iteration: int, loss: float, epoch: int = 1) -> dict:
    return {"kind": "step", "epoch": epoch, "iteration": iteration, "loss": loss,
            "learning_rate": 0.1 * iteration}  # fmt: skip


def epoch(number: int, accuracy: float = 0.5) -> dict:
    return {"kind": "epoch", "epoch": number, "train_loss": 1.0, "test_loss": 2.0,
            "train_accuracy": 0.4, "test_accuracy": accuracy, "seconds": 1.5}  # fmt: skip


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


def write(history: History, *events: dict, end: str = "", mode: str = "a") -> None:
    with (history.folder / "events.jsonl").open(mode) as file:
        file.write("".join(json.dumps(event) + "\n" for event in events) + end)


def test_it_takes_up_what_is_new_and_waits_for_the_rest_of_a_line(history):
    assert history.read().curves("", "", 9).iterations.size == 0  # no file yet
    half = json.dumps(step(3, 1.5, 2))
    write(history, step(1, 2.3), step(2, 2.0), epoch(1), end=half[:20])
    curves = history.read().curves("A", "#000000", 9)
    assert curves.losses.tolist() == [2.3, 2.0]
    assert list(curves.epochs) == [1]
    write(history, end=half[20:] + "\n")
    curves = history.read().curves("A", "#000000", 9)
    np.testing.assert_array_equal(curves.iterations, [1, 2, 3])
    np.testing.assert_allclose(curves.rates, [0.1, 0.2, 0.3])
    assert curves.total == 9
    assert history.seconds == 1.5


def test_what_was_read_before_is_not_read_again(history, monkeypatch):
    write(history, *[step(i, 1.0) for i in range(1, 100)])
    history.read()
    file = history.folder / "events.jsonl"
    # Were the first line read again, it would be noticed: as long as before, another loss.
    file.write_text(file.read_text().replace('"loss": 1.0', '"loss": 7.0', 1))
    write(history, step(100, 2.0))
    assert history.read().curves("", "", 100).losses.tolist() == [1.0] * 99 + [2.0]


def test_a_run_that_was_killed_goes_back_and_replaces_what_it_lost(history):
    first = [step(1, 2.3), step(2, 2.2), epoch(1), step(3, 2.1, 2), step(4, 9.9, 2), epoch(2, 0.1)]
    write(history, *first, step(5, 9.9, 3))
    history.read()
    write(history, *first[:3], mode="w")  # the worker keeps the events up to where it had saved
    write(
        history, step(3, 2.1, 2), step(4, 1.9, 2), epoch(2, 0.7), step(5, 1.8, 3), step(6, 1.7, 3)
    )
    curves = history.read().curves("", "", 9)
    assert curves.losses.tolist() == [2.3, 2.2, 2.1, 1.9, 1.8, 1.7]
    assert curves.measured["test_accuracy"] == [0.5, 0.7]


def test_many_sessions_that_read_at_once_take_each_event_once(history):
    write(history, *[step(i, float(i)) for i in range(1, 3001)])
    threads = [threading.Thread(target=history.read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert history.curves("", "", 3000).losses.tolist() == list(range(1, 3001))
