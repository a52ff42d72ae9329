"""What thirty sessions share is computed once, is equal for all, and differs where it must."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import plotly.io
import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from cnnattn.data.samples import samples
from cnnattn.figures.kit.finished import Finished
from cnnattn.figures.kit.frame import Part, figure
from cnnattn.web.compare import channels
from cnnattn.web.library import checkpoints
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.library.shared import Shared, key_of, shared
from cnnattn.web.shell import text

ROOT = Path(__file__).parents[2]
CAR, CAT = (next(s.picture for s in samples() if s.name == n) for n in ("automobile-4", "cat-1"))
OPTIONS = {
    "which": "all", "count": 16, "scale": "auto", "smooth": False, "deviation": True,
    "by_weight": True, "selected": 0, "low": True, "width": 1040,
}  # fmt: skip


def test_what_many_ask_for_at_once_is_computed_once():
    cache, started, made = Shared(10), threading.Barrier(8), []

    def ask(_: int) -> object:
        started.wait()
        return cache.get("key", lambda: made.append(1) or object())

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1
    assert made == [1]


def test_what_fails_is_raised_and_tried_again():
    cache = Shared(10)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 // 0)
    assert cache.get("key", lambda: 5) == 5


def test_it_is_bounded_and_what_was_unused_longest_goes():
    cache, made = Shared(10, len), []

    def value(size: int) -> str:
        return cache.get(size, lambda: made.append(size) or "x" * size)

    for size in (3, 4, 3, 5, 3):  # 4 goes for 5, because 3 was asked for since
        assert value(size) == "x" * size
    assert made == [3, 4, 5]
    value(4)
    assert made == [3, 4, 5, 4]
    assert sum(len(each.result()) for each in cache._values.values()) <= 10


def test_an_array_that_is_changed_is_another():
    calls = []

    @shared(Shared(10))
    def total(numbers: np.ndarray) -> int:
        calls.append(1)
        return int(numbers.sum())

    numbers = np.arange(4)
    assert (total(numbers), total(numbers.copy())) == (6, 6)
    assert calls == [1]
    numbers[0] = 10
    assert total(numbers) == 16


plain = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3).map(tuple),
)


@given(plain, plain)
def test_keys_are_equal_if_and_only_if_the_values_are(one, other):
    def typed(value):
        return [typed(v) for v in value] if isinstance(value, tuple) else [type(value), value]

    assert (key_of(one) == key_of(other)) == (typed(one) == typed(other))
    assert hash(key_of(one)) == hash(key_of(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros((2, 3), "uint8"), np.zeros((3, 2), "uint8")),
        (np.zeros(4, "uint8"), np.zeros(1, "float32")),
        ([1, 2], [2, 1]),
        (True, 1),
    ],
)
def test_keys_tell_alike_from_the_same(one, other):
    assert key_of(one) != key_of(other)


def test_what_could_change_unseen_is_no_key():
    for value in ({"a": 1}, object(), np.array([{}])):
        with pytest.raises(TypeError, match="cannot be part of a key"):
            key_of(value)


def test_a_finished_figure_is_written_as_the_figure_itself():
    bars = {"type": "bar", "y": np.arange(3.0), "text": ["</script>", "猫", "\u2028"]}
    plain = figure([Part([bars])], 100, "view")
    finished = Finished(plain)
    for _ in range(2):
        sent = plotly.io.to_json(finished.to_dict(), validate=False)
        assert sent == plotly.io.to_json(plain.to_dict(), validate=False)
    assert finished.to_dict()["layout"]["height"] == 100
    assert finished.checked() == plain.checked()


def models(*names: str) -> list[checkpoints.Model]:
    return [checkpoints.model(ROOT / f"checkpoints/{name}.safetensors") for name in names]


def grid(of: list[checkpoints.Model], picture: np.ndarray = CAR, **options: object) -> str:
    seen = Chosen("", np.ascontiguousarray(picture[::4, ::4]))
    found = channels.grid(of, seen, 1, "attention", **(OPTIONS | options))
    assert channels.grid(of, seen, 1, "attention", **(OPTIONS | options)) is found
    return plotly.io.to_json(found.figure.to_dict(), validate=False) + found.alt


def test_every_thing_that_shows_makes_another_figure(monkeypatch):
    monkeypatch.setattr(text, "_spoken", text.ContextVar("spoken"))
    text.speak("en")
    pair = models("cnn-none", "cnn-se")
    newer = [replace(pair[0], checkpoint=replace(pair[0].checkpoint, version="new")), pair[1]]
    renamed = [pair[0], replace(pair[1], name="mine")]
    first = grid(pair)
    others = [
        grid(pair[::-1]), grid(renamed), grid(pair, CAT), grid(pair, width=350),
        grid(pair, deviation=False), grid(pair, smooth=True), grid(pair, selected=1),
    ]  # fmt: skip
    text.speak("zh")
    others.append(grid(pair))
    text.speak("en")
    assert len({first, *others}) == len(others) + 1
    # A file with other bytes is looked at anew, though here it says the same.
    seen = np.ascontiguousarray(CAR[::4, ::4])
    assert checkpoints.analysed(newer[0], seen) is not checkpoints.analysed(pair[0], seen)
    assert grid(newer) == first == grid(models("cnn-none", "cnn-se"))


def test_two_sessions_get_equal_figures_without_computing_them_twice(monkeypatch):
    def specs(app: AppTest) -> list[str]:
        assert not app.exception
        return [chart.proto.spec for chart in app.get("plotly_chart")]

    def visit() -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        app.query_params.update({"lang": "en", "sample": "ship-1"})
        return app.run()

    first = specs(visit())
    monkeypatch.setattr(checkpoints, "analyse_uncached", None)  # whoever calls them fails
    monkeypatch.setattr(channels, "channel_grid", None)
    assert specs(visit()) == first
    assert len(first) == 6
    assert all(json.loads(spec)["data"] for spec in first)


def test_no_session_state_is_read_while_a_shared_figure_is_made(monkeypatch):
    monkeypatch.setattr(text, "_spoken", text.ContextVar("spoken"))
    text.speak("en")
    pair = models("cnn-none", "cnn-se")
    pair[0].title, pair[1].title
    monkeypatch.setattr(st, "session_state", None)
    grid(pair, CAT[::-1], which="strongest")
