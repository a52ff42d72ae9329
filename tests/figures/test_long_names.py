"""Classes may be called anything: names are shortened before they take the room of the data."""

import re

import numpy as np
import pytest

from cnnattn.figures.attention.class_profile import ClassGates, class_profile
from cnnattn.figures.kit.frame import letters
from cnnattn.figures.kit.panels import LETTER, within
from cnnattn.figures.scores.class_scores import Scores, class_scores
from cnnattn.figures.scores.confusion import Confusions, confusion_matrices
from cnnattn.figures.scores.intervals import Interval, intervals
from cnnattn.figures.scores.reliability import Reliability, reliability
from cnnattn.figures.scores.robustness import Curve, Robustness, robustness
from cnnattn.figures.scores.signed_bars import signed_bars

LONG = {
    "60 letters": [f"{i} {'long name ' * 6}"[:60] for i in range(3)],
    "255 letters": [f"{i}{'x' * 254}" for i in range(3)],
    "80 signs": [f"{i}{'汉' * 80}" for i in range(3)],
}


@pytest.fixture(params=LONG)
def names(request):
    return LONG[request.param]


@pytest.fixture(params=[350, 680, 1100])
def width(request):
    return request.param


@pytest.mark.parametrize("text", ["cat", "0123456789", "汉字汉字汉字汉字", "a汉b字c汉d字", "", "e"])
@pytest.mark.parametrize("room", [1, 3, 5, 8, 9, 10, 40])
def test_a_shortened_name_fits_and_begins_like_the_whole_one(text, room):
    short = within(text, room * LETTER)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1].rstrip()))
    assert (short == text) == (letters(text) <= max(2, room))
    assert letters(short) <= max(3, room)


def test_cells_keep_their_room(names, width):
    matrix = Confusions("m", "#000", np.eye(3, dtype=int), names, [["hover"] * 3] * 3)
    found = confusion_matrices([matrix], width=width)
    start, end = found.layout.xaxis.domain
    assert (end - start) * width > min(0.3 * width, 3 * 55)
    assert all(text.endswith("…") for text in found.layout.xaxis.ticktext)


def test_dots_keep_their_room(names, width):
    panel = Scores("recall", np.zeros((1, 3)), [["hover"] * 3])
    found = class_scores([panel], names, ["m"], ["#000"], width=width)
    assert found.layout.margin.l < 0.5 * width


def test_bars_keep_their_room(names, width):
    found = signed_bars(np.array([1.0, -1, 2]), names, ["hover"] * 3, "#000", width=width)
    assert found.layout.height < 600


def test_bars_of_many_classes_are_drawn(width):
    count = 1000
    found = signed_bars(np.ones(count), ["x" * 60] * count, ["hover"] * count, "#000", width=width)
    assert 1 <= len(found.layout.xaxis.ticktext) < 20


def test_gates_keep_their_room_and_say_the_whole_name(names, width):
    values = np.full((3, 8), 0.5)
    found = class_profile(ClassGates(names, list(range(8)), values, values, values), width=width)
    assert any(
        names[0] in (trace.hovertemplate or "") or names[0] in str(trace.hovertemplate)
        for trace in found.data
    )
    assert found.layout.margin.l < 0.5 * width


TITLES = ["CNN · no attention (a run with a very long name of 60 letters, seed 1)",
          "网络 · 协调注意力（名字非常非常非常非常非常非常非常非常非常长的训练任务）"]  # fmt: skip


def drawn_titles(found):
    """The words of every title, without their marks."""
    bold = [a for a in found.layout.annotations if "<b>" in a.text]
    return [(a.x, a.y, re.sub("<.*?>", "", a.text).removeprefix("■ ")) for a in bold]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("count", [1, 2, 6])
def test_titles_keep_within_their_own_panel(title, count, width):
    matrix = Confusions(title, "#000", np.eye(3, dtype=int), ["a", "b", "c"], [["hover"] * 3] * 3)
    edges = np.linspace(0, 1, 4)
    bins = Reliability(title, "#000", edges, np.ones(3), np.ones(3) / 3, title, ["hover"] * 3)
    row = Interval(title, "#000", 0.5, 0.4, 0.6, "50.0% (40.0% to 60.0%)", "hover")
    panel = Scores(title, np.zeros((1, 3)), [["hover"] * 3])
    curve = Curve("#000", np.ones(2), np.ones(2), np.ones(2), ["hover"] * 2)
    figures = [
        confusion_matrices([matrix] * count, width=width),
        reliability([bins] * count, width=width),
        class_scores([panel] * count, ["a", "b", "c"], ["m"], ["#000"], width=width),
        robustness([Robustness(title, [curve])] * count, [0, 1], ["m"], chance=0.1, width=width),
    ]
    for found in figures:
        margin = found.layout.margin
        room = width - margin.l - margin.r
        titles = drawn_titles(found)
        assert len(titles) == count
        starts = [*sorted({x for x, _y, _title in titles}), 1.0]
        for x, _y, words in titles:
            end = next(start for start in starts if start > x)
            assert letters(words) * 7.6 <= (end - x) * room
    for x, _y, words in drawn_titles(intervals([row] * count, width=width)):
        assert x * width + letters(words) * 7.6 + letters(row.text) * LETTER <= width
