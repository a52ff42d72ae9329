"""Classes may be called anything: names are shortened before they take the room of the data."""

import numpy as np
import pytest

from cnnattn.figures.attention.class_profile import ClassGates, class_profile
from cnnattn.figures.kit.frame import letters
from cnnattn.figures.kit.panels import LETTER, within
from cnnattn.figures.scores.class_scores import Scores, class_scores
from cnnattn.figures.scores.confusion import Confusions, confusion_matrices
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
    assert any(names[0] in (trace.hovertemplate or "") or names[0] in str(trace.hovertemplate)
               for trace in found.data)  # fmt: skip
    assert found.layout.margin.l < 0.5 * width
