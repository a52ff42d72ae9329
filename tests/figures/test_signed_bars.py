import numpy as np

from cnnattn.figures.kit.palette import NEUTRAL
from cnnattn.figures.scores.signed_bars import signed_bars

VALUES = np.array([0.2, -0.1, np.nan, 0.0])


def test_gains_and_losses_have_their_colours_and_numbers():
    figure = signed_bars(
        VALUES, list("dbac"), [""] * 4, "#D55E00", numbers=[3, 1, 0, 2], marked={1}
    )
    bars, clicks = figure.data
    assert list(bars.y) == [0.2, -0.1, 0, 0]
    assert list(bars.marker.color) == ["#D55E00", NEUTRAL, "#D55E00", "#D55E00"]
    assert list(clicks.customdata) == [3, 1, 0, 2]
    (column,) = (s for s in figure.layout.shapes if s.type == "rect")
    assert (column.x0, column.x1) == (0.5, 1.5)  # channel 1 stands second
    low, high = figure.layout.yaxis.range
    assert low < -0.1 < 0.2 < high


def test_names_without_room_are_left_out_evenly():
    figure = signed_bars(np.ones(128), [str(c) for c in range(128)], [""] * 128, "#D55E00")
    ticks = list(figure.layout.xaxis.ticktext)
    assert ticks[0] == "0"
    steps = np.diff([int(tick) for tick in ticks])
    assert len(set(steps)) == 1
    assert steps[0] > 1
    few = signed_bars(np.ones(10), ["automobile"] * 10, [""] * 10, "#D55E00", width=350)
    assert len(few.layout.xaxis.ticktext) == 10
    assert few.layout.xaxis.tickangle == -45


def test_nothing_but_zeros_has_an_axis():
    low, high = signed_bars(np.zeros(3), ["", "", ""], [""] * 3, "#D55E00").layout.yaxis.range
    assert low < 0 < high
