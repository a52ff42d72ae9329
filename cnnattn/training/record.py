"""What a training writes down as it goes: its card, its events, how far it is, how to go on."""

import hashlib
import io
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cnnattn.data.datasets import Dataset
from cnnattn.files import write_atomically
from cnnattn.nets.architectures import Architecture
from cnnattn.problem import Problem
from cnnattn.training.loop import Epoch, State, Step
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_folder import read_events, write_status


def new_card(
    model: nn.Module, record: Architecture, data: Dataset, config: TrainConfig
) -> dict[str, Any]:
    """The card of a network, of the architecture ``record``, that has learnt nothing yet."""
    return {
        "data": data.name,
        "normalisation": {"mean": record.mean, "std": record.std},
        "config": asdict(config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
        "losses": [],
        "history": [],
    }


def as_event(event: Step | Epoch) -> dict[str, Any]:
    """An event of the training as a line of events.jsonl."""
    if isinstance(event, Step):
        return {
            "kind": "step",
            "epoch": event.epoch,
            "iteration": event.iteration,
            "loss": round(event.loss, 6),
            "learning_rate": round(event.learning_rate, 9),
        }
    numbers = {k: v for k, v in vars(event).items() if isinstance(v, int | float)}
    return {"kind": "epoch", **{k: round(v, 6) for k, v in numbers.items()}}


def note(card: dict, event: dict[str, Any]) -> None:
    """Put an event on the card."""
    if event["kind"] == "step":
        card["losses"].append(round(event["loss"], 4))
    else:
        numbers = {k: round(v, 4) for k, v in event.items() if k != "kind"}
        card["history"].append(numbers)


def keep_events(folder: Path, state: State | None, writes: bool) -> list[dict]:
    """The events until ``state``; what a killed process wrote beyond it is taken back."""
    epoch, iteration = 0, 0
    if state:
        epoch, iteration = state["position"]["epoch"] - 1, state["position"]["iteration"]
    events, _end = read_events(folder)
    kept = [
        event
        for event in events
        if (event["iteration"] <= iteration if event["kind"] == "step" else event["epoch"] <= epoch)
    ]
    if writes:
        lines = [json.dumps(event, separators=(",", ":")) + "\n" for event in kept]
        write_atomically(folder / "events.jsonl", "".join(lines).encode())
    return kept


def write_last(folder: Path, event: Step | Epoch, data_fingerprint: str) -> None:
    """Keep where the training stands, and on which data, in last.pt."""
    content = io.BytesIO()
    torch.save({"state": event.state(), "fingerprint": data_fingerprint}, content)
    write_atomically(folder / "last.pt", content.getvalue())


def read_last(folder: Path) -> dict[str, Any] | None:
    """What ``write_last`` kept ("state", "fingerprint"), None before that. Raises Problem."""
    file = folder / "last.pt"
    if not file.exists():
        return None
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch meets damage with anything from EOFError to KeyError
        raise Problem(
            "{file} is damaged, so the run cannot go on; delete it and train again.", file=file
        ) from error


def fingerprint(data: Dataset) -> str:
    """Tells this data set from any other, and from itself with another picture."""
    digest = hashlib.sha256(repr(data.classes).encode())
    for split in (data.train, data.test):
        digest.update(np.ascontiguousarray(split.pictures).data)
        digest.update(np.ascontiguousarray(split.labels).data)
    return digest.hexdigest()


class Progress:
    """How far a run is, written down once a second for whoever looks."""

    def __init__(self, folder: Path, config: TrainConfig, data: Dataset, card: dict) -> None:
        self.folder, self.batch = folder, config.batch
        self.iterations = config.epochs * -(-len(data.train.labels) // config.batch)
        self.epoch = len(card["history"])
        self.iteration = self.first = len(card["losses"])
        self.accuracy = card["history"][-1]["test_accuracy"] if card["history"] else None
        self.speed: float | None = None
        self.began = self.written = time.monotonic()
        self.times: deque[float] = deque([self.began], maxlen=100)  # when iterations ended
        self.write()

    def show(self, event: Step | Epoch) -> None:
        now = time.monotonic()
        if isinstance(event, Step):
            self.iteration = event.iteration
            self.times.append(now)
        else:
            self.epoch, self.accuracy = event.epoch, event.test_accuracy
            self.times.clear()  # the test is no part of the training's speed
            self.times.append(now)
        if now - self.written >= 1:
            self.written = now
            self.write()

    def numbers(self) -> dict[str, Any]:
        done = self.iteration - self.first
        pace = (time.monotonic() - self.began) / done if done else None
        if (recent := self.times[-1] - self.times[0]) > 0:
            self.speed = (len(self.times) - 1) * self.batch / recent
        return {
            "epoch": self.epoch,
            "iteration": self.iteration,
            "iterations": self.iterations,
            "accuracy": self.accuracy,
            "images_per_second": self.speed,
            "seconds_left": pace and pace * (self.iterations - self.iteration),
        }

    def write(self) -> None:
        """Without waiting for the disk: what is lost in a power cut is a second old anyway."""
        file = self.folder / "progress.json"
        with suppress(OSError):
            file.with_suffix(".part").write_text(json.dumps(self.numbers()))
            file.with_suffix(".part").replace(file)

    def keep(self) -> None:
        self.write()
        write_status(self.folder, **self.numbers())
