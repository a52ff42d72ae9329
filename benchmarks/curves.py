"""A redraw of the Training page's curves: a run of 40,000 iterations, a second after the last one.

    python -m benchmarks.curves

Ours: list the runs, read the events of one second, thin, build both figures, turn them into JSON.
The bytes count each figure twice, as the chart and as what is handed over to it. The peer: the same
curves by ``make_subplots`` with every point, from events that are read from the start each time.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cnnattn.training import runs
from cnnattn.training.run_folder import RunConfig, read_events
from cnnattn.web.training import curves as live
from cnnattn.web.training.curves import History

ITERATIONS, EPOCHS, A_SECOND, REPEATS = 40_000, 100, 60, 9
KINDS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        runs.RUNS = Path(folder)
        place = runs.create(RunConfig())
        runs.write_status(place, state="stopped", iterations=ITERATIONS)
        lines = [json.dumps(event) + "\n" for event in events()]
        start = len(lines) - REPEATS * A_SECOND
        file = place / "events.jsonl"
        file.write_text("".join(lines[:start]))
        history = History(place)
        first, _size = measured(lambda: ours(history))
        times = []
        for i in range(start, len(lines), A_SECOND):
            with file.open("a") as target:
                target.writelines(lines[i : i + A_SECOND])
            milliseconds, size = measured(lambda: ours(history))
            times.append(milliseconds)
        theirs = [measured(lambda: peer(place)) for _ in range(3)]
    print(f"ours, a redraw:            {statistics.median(times):6.0f} ms, {size / 1000:.0f} kB")
    print(f"ours, the first drawing:   {first:6.0f} ms (reads all events)")
    print(
        f"make_subplots, all points: {statistics.median(t for t, _ in theirs):6.0f} ms, "
        f"{theirs[0][1] / 1000:.0f} kB"
    )


def events():
    """What a run writes: a noisy falling loss, a rate that rises and falls, 100 epochs."""
    for i in range(1, ITERATIONS + 1):
        part = i / ITERATIONS
        rate = 0.1 * min(part / 0.2, (1 - part) / 0.8)
        noise = (i * 7919 % 1000) / 5000
        yield {"kind": "step", "epoch": 1 + (i - 1) * EPOCHS // ITERATIONS, "iteration": i,
               "loss": round(0.5 + 1.8 / (1 + 9 * part) + noise, 6),
               "learning_rate": round(rate, 9)}  # fmt: skip
        if i * EPOCHS % ITERATIONS == 0:
            numbers = dict.fromkeys((*KINDS, "seconds"), round(part, 6))
            yield {"kind": "epoch", "epoch": i * EPOCHS // ITERATIONS, **numbers}


def ours(history: History) -> int:
    """One tick of the page; the bytes that go to the browser."""
    (run,) = runs.list_runs()
    curves = live.curves_of([run], {run.id: history.read()})
    figures = [
        live.iterations_figure(curves, 1040, run.id, "en"),
        live.epochs_figure(curves, EPOCHS, 1040, run.id, "en"),
    ]
    return 2 * sum(len(figure.to_json()) for figure in figures)


def peer(place: Path) -> int:
    """The same four panels, written as one would first write them."""
    found, _offset = read_events(place)
    steps = [event for event in found if event["kind"] == "step"]
    epochs = [event for event in found if event["kind"] == "epoch"]
    figure = make_subplots(4, 1)
    x = [event["iteration"] for event in steps]
    for row, name in ((1, "loss"), (2, "learning_rate")):
        figure.add_trace(go.Scatter(x=x, y=[event[name] for event in steps]), row=row, col=1)
    x = [event["epoch"] for event in epochs]
    for i, name in enumerate(KINDS):
        y = [event[name] for event in epochs]
        figure.add_trace(go.Scatter(x=x, y=y), row=3 + i // 2, col=1)
    return len(figure.to_json())


def measured(work: Callable[[], int]) -> tuple[float, int]:
    """Milliseconds, and what ``work`` returns."""
    start = time.perf_counter()
    size = work()
    return 1000 * (time.perf_counter() - start), size


if __name__ == "__main__":
    main()
