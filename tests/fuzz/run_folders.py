"""Damaged run folders: each is listed, its events drawn, and none takes the others along."""

import json
import random
import shutil
from pathlib import Path

from cnnattn.training import runs
from cnnattn.training.run_folder import Run, RunConfig, read_events, read_run
from cnnattn.web.training.curves import History, curves_of, epochs_figure, iterations_figure
from tests.fuzz.twist import damaged, odd_value, text_of, twisted

STATUS = {
    "state": "stopped", "created": 1.7e9, "queued": 1.7e9, "epoch": 0, "iteration": 8,
    "iterations": 12, "accuracy": 0.5, "images_per_second": 100.0, "seconds_left": 3.5,
    "memory_kills": 0, "process": {"host": "elsewhere", "pid": 4711, "born": 1.7e9},
    "problem": {"template": "The loss became {loss} in epoch {epoch}.",
                "values": {"loss": float("nan"), "epoch": 3}},
}  # fmt: skip
STATES = ("queued", "running", "stopped", "finished", "failed", "?", "")
PROGRESS = {"epoch": 0, "iteration": 8, "iterations": 12, "accuracy": None, "seconds_left": None}


def events() -> list[dict]:
    """Two epochs of four iterations."""
    lines: list[dict] = []
    for epoch in (1, 2):
        lines += [
            {"kind": "step", "epoch": epoch, "iteration": 4 * (epoch - 1) + i, "loss": 2.0 / i,
             "learning_rate": 0.1}
            for i in range(1, 5)
        ]  # fmt: skip
        lines.append(
            {"kind": "epoch", "epoch": epoch, "train_loss": 2.0, "train_accuracy": 0.3,
             "test_loss": 1.9, "test_accuracy": 0.35, "seconds": 1.5}
        )  # fmt: skip
    return lines


def write_run(folder: Path, rng: random.Random | None = None) -> Path:
    """A run's folder; with ``rng``, one with something wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    texts = {
        "config.json": RunConfig("cnn", "se").to_json(),
        "status.json": json.dumps({**STATUS, "problem": None}),
        "progress.json": json.dumps(PROGRESS),
        "events.jsonl": "".join(json.dumps(event) + "\n" for event in events()),
    }
    if rng is None:
        for name, text in texts.items():
            (folder / name).write_text(text)
        return folder
    status = {**STATUS, "state": rng.choice(STATES)}
    name = rng.choice(list(texts))
    if name == "events.jsonl":
        lines = [json.dumps(event) for event in events()]
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(lines))
            lines[at] = text_of(
                odd_value(rng) if rng.random() < 0.3 else twisted(events()[at % 10], rng)
            )
        texts[name] = "\n".join(lines) + "\n"
    elif name == "status.json":
        texts[name] = text_of(twisted(status, rng))
    else:
        texts[name] = text_of(twisted(json.loads(texts[name]), rng))
    contents = {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    if rng.random() < 0.3:
        name = rng.choice(list(contents))
        contents[name] = damaged(contents[name], rng)
    if rng.random() < 0.1:
        del contents[rng.choice(list(contents))]
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    if rng.random() < 0.5:
        (folder / "best.safetensors").write_bytes(b"not one")
    return folder


def attempt(rng: random.Random, place: Path) -> bool:
    """Read and draw one damaged run; whether it still is shown as a whole one."""
    folder = write_run(place / "run", rng)
    run = read_run(folder)
    _check(run)
    history = History(folder).read()
    assert history.seconds >= 0
    found, offset = read_events(folder)
    assert offset <= (folder / "events.jsonl").stat().st_size if found else True
    if run.config.arch == "cnn" and run.config.attention == "se":
        curves = curves_of([run], {run.id: history})
        iterations_figure(curves, 800, str(rng.random()), "en")
        epochs_figure(curves, run.config.train.epochs, False, 800, str(rng.random()), "en")
    return run.state != "damaged"


def _check(run: Run) -> None:
    assert run.state in (
        "queued", "running", "stopping", "stopped", "finished", "failed", "damaged",
    )  # fmt: skip
    for number in (run.epoch, run.iteration, run.iterations):
        assert isinstance(number, int)
        assert number >= 0
    assert run.accuracy is None or 0 <= run.accuracy <= 1
    assert (run.reason is not None) or run.state != "damaged"
    for text in (run.config.arch, run.config.attention, run.config.data, run.config.name):
        text.encode()
    if run.reason:
        str(run.reason).encode()
    assert run.folder.parent != runs.RUNS or run.id
