"""What a run of training has on disk, and how its state is read from there.

    config.json      what to train (RunConfig); only renaming changes it
    status.json      queued, running (by which process, in which phase), stopped, finished or failed
                     (why)
    progress.json    how far it is and how fast, each second
    events.jsonl     one line an iteration and one an epoch, see ``read_events``
    last.pt          all that is needed to go on, after every epoch and at a stop
    best.safetensors the checkpoint with the highest test accuracy, with its card
    snapshots/       epoch-0001.safetensors …, a checkpoint of every epoch
    train.log        what the process printed
    stop             there while the run is asked to stop

All but the log and the events are replaced as a whole, so no reader ever meets half a file.
"""

import json
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from cnnattn.files import write_atomically
from cnnattn.problem import Problem
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_checks import check_config, check_values, is_event, read_entries

SAMPLES = "samples"  # as ``RunConfig.data``: the built-in pictures, for a rehearsal
SAMPLES_NAME = "rehearsal (built-in samples)"  # of that data set, on the cards of its networks
SILENCE = 600  # seconds without a sign of life until a run of another machine counts as dead
PHASES = ("starting", "reading", "training")  # its process begins, reads the pictures, learns
LOG_HEAD = "=== "  # begins the line in train.log with which each process starts


@dataclass(frozen=True)
class RunConfig:
    """What one run trains."""

    arch: str = "cnn"
    attention: str = "none"
    data: str = SAMPLES  # a data folder, or "samples"
    train: TrainConfig = field(default_factory=TrainConfig)
    name: str = ""  # what people call it

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "RunConfig":
        """Back from ``to_json``; ValueError, TypeError or KeyError if it is anything else."""
        values = json.loads(text)
        return cls(**{**values, "train": TrainConfig.from_json(values["train"])})


@dataclass(frozen=True)
class Run:
    """A run as its folder and its process show it now."""

    id: str
    folder: Path
    config: RunConfig  # of a damaged run, arch, attention and data may be "?"
    state: str  # queued, running, stopping, stopped, finished, failed, damaged
    reason: Problem | None  # why it failed or is damaged
    epoch: int  # finished ones
    iteration: int
    iterations: int  # in all; 0 until the data are open
    images_per_second: float | None  # while it runs
    seconds_left: float | None
    accuracy: float | None  # on the test split, after the last epoch
    best: Path | None
    snapshots: list[Path]  # by epoch
    created: datetime
    phase: str = ""  # of PHASES while it runs or stops


def read_run(folder: Path) -> Run:
    """The run in ``folder``; whatever is missing or broken there makes it "damaged"."""
    config = RunConfig("?", "?", "?")
    values: dict[str, Any] = {}
    try:
        read = RunConfig.from_json(json.dumps(read_entries(folder / "config.json")))
        check_config(read)
        config = read
        values = _values(folder)
        check_values(values)
        state, reason = _state(folder, values)
        created = datetime.fromtimestamp(values["created"])
    # Whatever somebody wrote there, the other runs are shown; this one says that it is damaged.
    except Exception:
        state, reason = (
            "damaged",
            Problem(
                "The folder {folder} is not a whole run (config.json or status.json is missing or "
                "broken); delete it and train again.",
                folder=folder,
            ),
        )
        values, created = {}, datetime.now()
        with suppress(OSError):
            created = datetime.fromtimestamp(folder.stat().st_mtime)
    active = state in ("running", "stopping")
    best = folder / "best.safetensors"
    return Run(
        folder.name,
        folder,
        config,
        state,
        reason,
        values.get("epoch", 0),
        values.get("iteration", 0),
        values.get("iterations", 0),
        values.get("images_per_second") if active else None,
        values.get("seconds_left") if active else None,
        values.get("accuracy"),
        best if best.is_file() else None,
        _snapshots(folder / "snapshots"),
        created,
        _phase(values) if active else "",
    )


def read_events(folder: Path, offset: int = 0, most: int = -1) -> tuple[list[dict], int]:
    """The events written since ``offset`` bytes, and the offset for the next call.

    {"kind": "step", "epoch", "iteration", "loss", "learning_rate"} or {"kind": "epoch", "epoch",
    "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"}. Half a last line is
    left for the next call. A run that was killed goes back to where it last saved, so an iteration
    may come again: it replaces itself and all that was read after it. Lines that are no events are
    left out. At most ``most`` bytes are read.
    """
    try:
        with (folder / "events.jsonl").open("rb") as file:
            if offset:
                file.seek(offset - 1)
                if file.read(1) != b"\n":  # the file was cut when the run went back
                    offset = file.seek(0)
            content = file.read(most)
    except OSError:
        return [], offset
    whole = content[: content.rfind(b"\n") + 1]
    if not whole and len(content) == most:
        whole = content  # no event is so long
    events = []
    for line in whole.splitlines():
        with suppress(ValueError, RecursionError):
            if is_event(event := json.loads(line)):
                events.append(event)
    return events, offset + len(whole)


def read_status(folder: Path) -> dict[str, Any]:
    """The entries of status.json; OSError or ValueError if it is missing or broken."""
    return read_entries(folder / "status.json")


def write_status(folder: Path, **changes: Any) -> None:
    """Change some entries of status.json. Raises Problem if it cannot be written."""
    content = json.dumps({**read_status(folder), **changes}).encode()
    write_atomically(folder / "status.json", content)


def identity(pid: int) -> dict[str, Any]:
    """What tells a process from any other, now and later."""
    return {"host": platform.node(), "pid": pid, "born": psutil.Process(pid).create_time()}


def is_alive(process: dict[str, Any], folder: Path) -> bool:
    """Whether the process still runs; on another machine, whether it wrote something lately."""
    if process["host"] != platform.node():
        signs = [folder / "events.jsonl", folder / "status.json"]
        return any(time.time() - f.stat().st_mtime < SILENCE for f in signs if f.exists())
    try:
        found = psutil.Process(process["pid"])
        # Process numbers are used again: only the time of birth tells.
        same = abs(found.create_time() - process["born"]) < 2
        return same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def is_rehearsal(card: Mapping[str, Any]) -> bool:
    """Whether a network's card is of a rehearsal, which learns the samples."""
    return card.get("data") == SAMPLES_NAME


def measured_on(card: Mapping[str, Any]) -> str | None:
    """The data set that a card's results are of: the one it learnt from, unless they name one."""
    return card.get("results", {}).get("data", card.get("data"))


def is_tested_on_training_pictures(card: Mapping[str, Any]) -> bool:
    """Whether a card's results are of the very pictures that its network has learnt."""
    return is_rehearsal(card) and measured_on(card) == SAMPLES_NAME


def told(problem: Problem) -> dict[str, Any]:
    """A Problem as JSON, in its parts, so that it can be translated later."""
    plain = (int, float, str)
    values = {k: v if isinstance(v, plain) else str(v) for k, v in problem.values.items()}
    return {"template": problem.template, "values": values}


def out_of_memory() -> Problem:
    return Problem(
        "The memory ran out, so the training ended; resume it after closing other programs, or "
        "train again with a smaller batch."
    )


def memory_kills() -> int:
    """How many processes the system has killed for want of memory (Linux; elsewhere 0)."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/vmstat").read_text().split("oom_kill ")[1].split()[0])
    return 0


def _snapshots(folder: Path) -> list[Path]:
    with suppress(OSError):  # a name's fixed number of digits makes their order the epochs'
        return [folder / name for name in sorted(os.listdir(folder)) if name.startswith("epoch-")]
    return []


def _values(folder: Path) -> dict[str, Any]:
    values = read_status(folder)
    with suppress(OSError, ValueError):
        values |= read_entries(folder / "progress.json")
    return values


def _phase(values: dict[str, Any]) -> str:
    phase = values.get("phase")
    return phase if phase in PHASES else PHASES[-1]  # a run of an older version does not tell it


def _state(folder: Path, values: dict[str, Any]) -> tuple[str, Problem | None]:
    state = values["state"]
    if state == "running" and not is_alive(values["process"], folder):
        state = read_status(folder)["state"]  # it may have ended in good order just now
        if state == "running":
            return "failed", _silent_end(folder, values)
    lost = {
        "finished": not (folder / "best.safetensors").is_file(),
        "stopped": values.get("epoch", 0) and not (folder / "last.pt").is_file(),
        "failed": values.get("epoch", 0) and not (folder / "last.pt").is_file(),
    }
    if lost.get(state):
        return "damaged", Problem(
            "The run in {folder} has lost its weights; delete it and train again.", folder=folder
        )
    if state == "running" and (folder / "stop").exists():
        return "stopping", None
    if state not in ("queued", "running", "stopped", "finished", "failed"):
        raise ValueError(state)
    if told_ := values.get("problem"):
        sentence = told_["template"]
        return state, Problem(sentence, **told_["values"])
    return state, None


def _silent_end(folder: Path, values: dict[str, Any]) -> Problem:
    """Why a process is gone that did not say so."""
    with suppress(OSError):
        log = (folder / "train.log").read_text("utf-8", "replace").splitlines()
        if "bad_alloc" in " ".join(log[-3:]):
            return out_of_memory()
        # A worker that could not even write its status has still said why, in its last line.
        if log and not log[-1].startswith(("epoch ", LOG_HEAD)):
            return Problem(
                "The training was cut off ({reason}); train.log in the folder {folder} says more.",
                reason=log[-1],
                folder=folder,
            )
    if memory_kills() > values.get("memory_kills", 0):
        return out_of_memory()
    return Problem(
        "The training was cut off after epoch {epoch}: its process was killed, the memory ran out "
        "or the machine went down; resume it, and it goes on from there.",
        epoch=values.get("epoch", 0),
    )
