"""A run as it goes on: its events, read only from where the last reading ended, as curves."""

import threading
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cnnattn.figures.scores.training_curves import (
    RunCurves,
    epoch_curves,
    iteration_curves,
    run_colours,
    smoothing_window,
)
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import ModelSpec
from cnnattn.training.run_folder import read_events
from cnnattn.training.runs import Run
from cnnattn.web.library.checkpoints import title
from cnnattn.web.library.run_files import run_words
from cnnattn.web.shell.text import _, percent

TAIL = 300  # bytes, some lines of events: enough to know a file again
AT_ONCE = 4_000_000  # bytes of events: their objects take a dozen times as much memory
MEASURED = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


class History:
    """All that a run's events have told so far, shared by all sessions that look at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self.offset, self._end = 0, b""  # read up to here; the bytes before that
        self.iterations, self.losses, self.rates = array("q"), array("d"), array("d")
        self.epochs: list[dict] = []

    def read(self) -> "History":
        """Take up the events since the last time; returns itself."""
        with self._lock:
            if self._last_bytes() != self._end:
                self._forget()  # a resumed run has written its events anew, up to where it saved
            before = -1
            while before != self.offset:
                before = self.offset
                events, self.offset = read_events(self.folder, before, AT_ONCE)
                for event in events:
                    self._take_step(event) if event["kind"] == "step" else self._take_epoch(event)
            self._end = self._last_bytes()
        return self

    def _last_bytes(self) -> bytes:
        """What stands in the file before ``offset``."""
        start = max(0, self.offset - TAIL)
        with suppress(OSError), (self.folder / "events.jsonl").open("rb") as file:
            file.seek(start)
            return file.read(self.offset - start)
        return b""

    @property
    def seconds(self) -> float:
        """How long the finished epochs took together."""
        return sum(epoch["seconds"] for epoch in self.epochs)

    def curves(self, title: str, colour: str, total: int) -> RunCurves:
        """As a figure draws them; ``total`` is the number of iterations of the whole run."""
        with self._lock:
            return RunCurves(
                title,
                colour,
                np.array(self.iterations),
                np.array(self.losses),
                np.array(self.rates),
                max(total, len(self.iterations)),
                [epoch["epoch"] for epoch in self.epochs],
                {name: [epoch[name] for epoch in self.epochs] for name in MEASURED},
            )

    def _take_step(self, event: dict) -> None:
        iteration = event["iteration"]
        if self.iterations and iteration <= self.iterations[-1]:
            # The run was cut off and went back to where it had saved: so does what is known.
            kept = bisect_left(self.iterations, iteration)
            for series in (self.iterations, self.losses, self.rates):
                del series[kept:]
            self.epochs = [e for e in self.epochs if e["epoch"] < event["epoch"]]
        self.iterations.append(iteration)
        self.losses.append(event["loss"])
        self.rates.append(event["learning_rate"])

    def _take_epoch(self, event: dict) -> None:
        self.epochs = [e for e in self.epochs if e["epoch"] < event["epoch"]]
        self.epochs.append(event)


def history(run: Run) -> History:
    """The run's events up to now."""
    return _history(str(run.folder), run.created.timestamp()).read()


def is_known(run: Run) -> bool:
    """Whether the run's network is one of this app's; of a damaged run it may not be known."""
    return run.config.arch in ARCHITECTURES and run.config.attention in ATTENTION


def network(run: Run) -> str:
    """The run's architecture and attention in words, as on the other pages."""
    if not is_known(run):
        return "?"
    spec = ModelSpec(run.config.arch, run.config.attention)
    return title(f"{spec.arch}-{spec.attention}", spec)


def full_title(run: Run) -> str:
    """The run's network and what it is called."""
    return f"{network(run)} ({run_words(run)})"


def curves_of(shown: Sequence[Run], histories: Mapping[str, History]) -> list[RunCurves]:
    """What the figures draw of these runs, each in a colour of its own."""
    colours = run_colours([run.config.attention for run in shown])
    return [
        histories[run.id].curves(full_title(run), colour, run.iterations)
        for run, colour in zip(shown, colours, strict=True)
    ]


def has_begun(curves: RunCurves) -> bool:
    """Whether a run has told anything yet that could be drawn."""
    return bool(len(curves.iterations) or curves.epochs)


def _state(curves: RunCurves) -> tuple:
    """Tells what a run has told so far from what it had told before."""
    last = float(curves.losses[-1]) if len(curves.losses) else None
    tested = [curves.measured[name][-1:] for name in MEASURED]
    return curves.title, curves.colour, curves.total, len(curves.losses), last, tested


# A class that watches the same runs sees the same figures: each is built once.
_for_all = st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={RunCurves: _state})


@_for_all
def iterations_figure(
    curves: Sequence[RunCurves], width: float, uirevision: str, language: str
) -> go.Figure:
    """The loss of every iteration and the learning rate, in the reader's language."""
    window = smoothing_window(max(curve.total for curve in curves))
    at = {"title": "{title}", "x": "%{x}"}
    return iteration_curves(
        curves,
        loss_title=_("Loss per iteration (thick: mean of the last {count})", count=window),
        rate_title=_("Learning rate"),
        x_title=_("iteration"),
        hover=_("{title}<br>iteration {x}: loss {y}", y="%{y:.4f}", **at),
        mean_hover=_("{title}<br>iteration {x}: mean loss {y}", y="%{y:.4f}", **at),
        rate_hover=_("{title}<br>iteration {x}: learning rate {y}", y="%{y:.4g}", **at),
        width=width,
        uirevision=uirevision,
    )


@_for_all
def epochs_figure(
    curves: Sequence[RunCurves],
    epochs: int,
    demo: bool,
    width: float,
    uirevision: str,
    language: str,
) -> go.Figure:
    """Accuracy and loss by epoch, up to ``epochs``, in the reader's language.

    Of a quick ``demo``, which is tested on what it was trained on, the chart itself says so.
    """
    part = {"title": "{title}", "x": "%{x}", "y": "%{y:.1%}"}
    nats = {"title": "{title}", "x": "%{x}", "y": "%{y:.4f}"}
    return epoch_curves(
        curves,
        accuracy_title=_("Accuracy (solid: test, dotted: training)"),
        loss_title=_("Loss (solid: test, dotted: training)"),
        x_title=_("epoch"),
        accuracy_hover={
            "train": _("{title}<br>epoch {x}: training accuracy {y}", **part),
            "test": _("{title}<br>epoch {x}: test accuracy {y}", **part),
        },
        loss_hover={
            "train": _("{title}<br>epoch {x}: training loss {y}", **nats),
            "test": _("{title}<br>epoch {x}: test loss {y}", **nats),
        },
        note=_("Quick demo: tested on the training images, so 100% only means memorised.")
        if demo
        else "",
        total=epochs,
        width=width,
        uirevision=uirevision,
    )


def accuracies_in_words(shown: Sequence[Run]) -> str:
    """How good each run is so far, for those who do not see the figure."""
    return _("; ").join(
        _(
            "{model}: test accuracy {accuracy} after epoch {epoch}",
            model=full_title(run),
            epoch=run.epoch,
            accuracy="–" if run.accuracy is None else percent(run.accuracy, 1),
        )
        for run in shown
    )


@st.cache_resource(max_entries=200, show_spinner=False)
def _history(folder: str, created: float) -> History:
    return History(Path(folder))
