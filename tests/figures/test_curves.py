"""Curves: thinning loses no peak, means are means, every run keeps a colour of its own."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.figures.scores.training_curves import (
    RunCurves,
    epoch_curves,
    iteration_curves,
    run_colours,
    smoothing_window,
    thin,
    trailing_mean,
)

RANDOM = np.random.default_rng(0)


def run(count: int, total: int | None = None, title: str = "A", epochs: int = 3) -> RunCurves:
    """Like a real run: a noisy falling loss, a rate that rises and falls in straight lines."""
    total = total or count
    x = np.arange(1, count + 1)
    y = 2.3 * np.exp(-3 * x / total) + 0.2 * RANDOM.random(count)
    rate = np.interp(x, [0, total / 5, total], [0.01, 0.1, 0])
    kinds = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")
    measured = {kind: RANDOM.random(epochs).tolist() for kind in kinds}
    return RunCurves(title, "#000000", x, y, rate, total, range(1, epochs + 1), measured)


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), max_size=300),
    st.integers(1, 40),
    st.integers(0, 500),
)
def test_thinning_keeps_the_extremes_of_every_column(values, columns, rest):
    x, y = np.arange(1, len(values) + 1), np.array(values)
    end = len(values) + rest
    kept = thin(x, y, end, columns)
    assert len(kept) <= 2 * columns + 2
    assert (np.diff(kept) > 0).all()
    for column in range(columns):  # the same, said slowly
        inside = [
            i for i in range(len(x)) if min(int(x[i] * (columns / end)), columns - 1) == column
        ]
        drawn = [y[i] for i in kept if i in inside]
        if inside:
            assert min(drawn) == min(y[inside])
            assert max(drawn) == max(y[inside])
    if values:
        assert {0, len(values) - 1} <= set(kept.tolist())


def test_forty_thousand_points_become_two_thousand_and_a_single_peak_survives():
    x, y = np.arange(1, 40_001), RANDOM.random(40_000)
    y[31_234] = 99
    kept = thin(x, y, 40_000, 1000)
    assert 1900 <= len(kept) <= 2002
    assert 31_234 in kept
    few = thin(x[:50], y[:50], 50, 1000)
    assert few.tolist() == list(range(50))  # what fits is drawn in full


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60), st.integers(1, 70))
def test_the_trailing_mean_is_the_mean_of_what_was_last(values, window):
    slow = [np.mean(values[max(0, i - window + 1) : i + 1]) for i in range(len(values))]
    np.testing.assert_allclose(trailing_mean(np.array(values), window), slow, atol=1e-9)


def test_what_is_drawn_stays_when_the_run_goes_on():
    whole = run(400, 1000)
    part = replace(
        whole, iterations=whole.iterations[:300], losses=whole.losses[:300], rates=whole.rates[:300]
    )
    before, after = iteration_curves([part]), iteration_curves([whole])
    for i in (0, 1):
        old = dict(zip(before.data[i].x.tolist(), before.data[i].y.tolist(), strict=True))
        new = dict(zip(after.data[i].x.tolist(), after.data[i].y.tolist(), strict=True))
        del old[300]  # the line's end moves
        assert old.items() <= new.items()
    assert before.layout.xaxis.range == after.layout.xaxis.range == (0, 1000)


def test_the_loss_of_a_run_that_broke_is_drawn_up_to_there():
    broken = run(50)
    broken.losses[40:] = np.nan
    raw, mean, rate = iteration_curves([broken]).data
    assert raw.x[-1] == mean.x[-1] == 40
    assert np.isfinite(mean.y).all()
    assert rate.x[-1] == 50


def test_the_learning_rate_is_drawn_by_its_corners():
    rate = iteration_curves([run(40_000)]).data[2]
    assert rate.x.tolist() == [1, 8000, 40_000]
    np.testing.assert_allclose(rate.y, [0.01 + 0.09 / 8000, 0.1, 0], atol=1e-7)


def test_a_run_of_40_000_iterations_is_sent_in_less_than_300_kb():
    five = [run(40_000, title=str(i)) for i in range(5)]
    for runs in (five[:1], five):
        assert len(iteration_curves(runs).to_json()) < 300_000


def test_epochs_are_drawn_as_measured_train_dotted_and_test_solid():
    one, two = run(9, epochs=4), run(9, title="B", epochs=2)
    traces = epoch_curves([one, two], total=5).data
    order = [(r, kind, split) for kind in ("accuracy", "loss")
             for r in (one, two) for split in ("train", "test")]  # fmt: skip
    assert len(traces) == len(order)
    for trace, (r, kind, split) in zip(traces, order, strict=True):
        np.testing.assert_allclose(trace.y, r.measured[f"{split}_{kind}"], rtol=1e-6)
        assert trace.x.tolist() == list(r.epochs)
        assert trace.line.dash == {"train": "dot", "test": "solid"}[split]
        assert trace.hovertemplate.startswith(r.title)


@pytest.mark.parametrize("total", [1, 2, 7, 50, 300])
def test_epochs_are_marked_by_whole_numbers(total):
    axis = epoch_curves([run(5)], total=total).layout.xaxis
    assert axis.dtick == int(axis.dtick) >= 1
    assert total / axis.dtick <= 8


def test_nothing_yet_is_drawn_as_nothing():
    empty = RunCurves("A", "#000000", *[np.empty(0)] * 3, total=10)
    for figure in (iteration_curves([empty]), epoch_curves([empty])):
        assert all(len(trace.x) == 0 for trace in figure.data)
        json.loads(figure.to_json())


def test_runs_keep_their_attentions_colour_and_none_has_anothers():
    none, se = ATTENTION_COLOURS["none"], ATTENTION_COLOURS["se"]
    assert run_colours(["none", "se"]) == [none, se]
    three = run_colours(["se", "se", "none"])
    assert (three[0], three[2]) == (se, none)
    assert len(set(three)) == 3
    assert len(run_colours(["se"] * 20)) == 20


def test_the_window_of_the_mean_depends_on_the_whole_run_only():
    assert [smoothing_window(n) for n in (1, 100, 40_000)] == [5, 5, 400]
