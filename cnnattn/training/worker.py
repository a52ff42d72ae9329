"""What a training process does: train, write down what happens, stop when asked."""

import _thread
import ctypes
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import nn

from cnnattn.data.datasets import Dataset, Split, open_dataset
from cnnattn.data.pictures import input_picture, to_inputs
from cnnattn.data.samples import samples
from cnnattn.files import UNFINISHED
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.checkpoint import Checkpoint, load, save
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.problem import Problem
from cnnattn.training import distributed, runs
from cnnattn.training.loop import Epoch, Prepare, Step, train
from cnnattn.training.record import (
    Progress,
    as_event,
    fingerprint,
    keep_events,
    new_card,
    note,
    read_last,
    write_last,
)
from cnnattn.training.run_folder import (
    SAMPLES,
    SAMPLES_NAME,
    RunConfig,
    identity,
    memory_kills,
    out_of_memory,
    read_run,
    read_status,
    told,
    write_status,
)

Measure = Callable[[Checkpoint, Dataset], dict]  # what the card shall say about the network
SAMPLE_COPIES = 12  # of each built-in picture in an epoch: augmentation makes them differ


def open_data(source: str, cache: Path | None) -> Dataset:
    """The data set of a run: a folder's, or the built-in samples as a tiny one."""
    if source != SAMPLES:
        return open_dataset(Path(source), cache)
    pictures = np.stack([input_picture(sample.picture) for sample in samples()])
    labels = np.array([CIFAR10_CLASSES.index(sample.label) for sample in samples()])
    copies = Split(np.repeat(pictures, SAMPLE_COPIES, 0), np.repeat(labels, SAMPLE_COPIES))
    return Dataset(SAMPLES_NAME, CIFAR10_CLASSES, copies, Split(pictures, labels))


def train_to_file(config: RunConfig, data: Dataset, out: Path, measure: Measure) -> dict:
    """Train and write a checkpoint after every epoch; returns the last one's card, with results."""
    spec, model, card, prepare = begin(config, data)
    shown = build(spec)
    for event in train(model, data, config.train, prepare=prepare):
        note(card, as_event(event))
        if isinstance(event, Epoch) and distributed.rank() == 0:
            shown.load_state_dict(event.weights)
            save(out, shown, spec, card)
            _report(event, config)
    if distributed.rank() == 0:
        card["results"] = measure(load(out), data)
        save(out, shown, spec, card)
    return card


def run_training(folder: Path, cache: Path, measure: Measure) -> None:
    """Train the run in ``folder`` from where it stands to its end or until it is asked to stop.

    Afterwards the next run in the queue is started. Raises Problem if the training fails; the
    run's status then says why.
    """
    writes = distributed.rank() == 0
    if writes:
        _claim(folder)
    state, reason = "failed", None
    try:
        config = RunConfig.from_json((folder / "config.json").read_bytes())
        with _ended_by(folder / "stop"):
            data = open_data(config.data, cache)
        if writes:
            write_status(folder, phase="training")
        if not learn(folder, config, data):
            state = "stopped"
        else:
            if writes:
                _measure(folder / "best.safetensors", data, measure)
            state = "finished"
    except KeyboardInterrupt:
        state = "stopped"
    except Exception as error:
        reason = _reason(error, folder)
        raise reason from error
    finally:
        if writes:
            with suppress(OSError):
                (folder / "stop").unlink(missing_ok=True)
            with suppress(Problem):
                write_status(folder, state=state, problem=reason and told(reason))
            with suppress(Problem):
                runs.start_next()


@contextmanager
def _ended_by(asked: Path) -> Iterator[None]:
    """Raises KeyboardInterrupt in the block, as Ctrl-C does, once the file ``asked`` is there.

    Reading tens of thousands of pictures takes minutes, and nobody waits so long for a stop. Not
    where several processes train together: they stop at the same batch, or wait for each other.
    """
    if distributed.world() > 1 or threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if asked.exists():
                return _thread.interrupt_main()

    # A process that was started in the background may ignore Ctrl-C, and then this as well.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGINT, before)


def learn(folder: Path, config: RunConfig, data: Dataset) -> bool:
    """Train and write everything into the folder of the run; False if it was asked to stop."""
    known, last = fingerprint(data), read_last(folder)
    if last and last["fingerprint"] != known:
        raise Problem(
            "The data set {data} has changed since this run last saved, so its losses would no "
            "longer belong together; bring the old data back, or start a new run.",
            data=config.data,
        )
    state = last["state"] if last else None
    writes, asked = distributed.rank() == 0, folder / "stop"
    spec, model, card, prepare = begin(config, data)
    for kept in keep_events(folder, state, writes):
        note(card, kept)
    best = max((epoch["test_accuracy"] for epoch in card["history"]), default=-1.0)
    shown = build(spec)
    progress = Progress(folder, config.train, data, card)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as events:
        for event in train(model, data, config.train, state, prepare):
            line = as_event(event)
            note(card, line)
            if writes:
                events.write(json.dumps(line, separators=(",", ":")) + "\n")
                events.flush()
                progress.show(event)
            if isinstance(event, Step):
                if distributed.agreed(asked.exists()):
                    if writes:
                        write_last(folder, event, known)
                        progress.keep()
                    return False
            elif writes:
                shown.load_state_dict(event.weights)
                snapshot = folder / f"snapshots/epoch-{event.epoch:04}.safetensors"
                save(snapshot, shown, spec, {**card, "losses": []})
                if (accuracy := card["history"][-1]["test_accuracy"]) > best:
                    best = accuracy
                    save(folder / "best.safetensors", shown, spec, card)
                write_last(folder, event, known)
                progress.keep()
                _report(event, config)
    return True


def lower_priority() -> None:
    """Let the app, and all else that somebody waits for, go first."""
    low = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 10
    with suppress(psutil.Error, OSError):
        psutil.Process().nice(low)
    torch.set_num_threads(max(1, torch.get_num_threads() - 1))
    with suppress(OSError):  # if the memory runs out, Linux shall end the training, not the app
        Path("/proc/self/oom_score_adj").write_text("800")


def tune_malloc() -> None:
    """Tell the C library to keep memory that was freed: the next batch asks for as much again.

    Given back and fetched anew, it costs a tenth to a third of the training time (glibc; elsewhere
    nothing changes). Only for a process that does nothing but train.
    """
    trim_threshold, mmap_threshold, never = -1, -3, 2**31 - 1  # names and values of malloc.h
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_threshold, never)
        mallopt(trim_threshold, never)


def _claim(folder: Path) -> None:
    """Make this process the one that trains the run."""
    with runs.queue_lock():
        run = read_run(folder)
        if run.state in ("damaged", "finished"):
            raise run.reason or Problem(
                "The run {run} has finished; start a new one.", run=run.config.name or run.id
            )
        if run.state in ("running", "stopping"):
            # Launched from the app, this is the process that the status names, or its child.
            if read_status(folder)["process"]["pid"] not in (os.getpid(), os.getppid()):
                raise Problem(
                    "The run {run} is already training; wait until it ends, or stop it.",
                    run=run.config.name or run.id,
                )
        else:
            (folder / "stop").unlink(missing_ok=True)
        write_status(
            folder,
            state="running",
            process=identity(os.getpid()),
            memory_kills=memory_kills(),
            problem=None,
            phase="reading",
        )
        # All others write into a run's folder under this lock: what is there has no writer left.
        for half in folder.rglob(UNFINISHED):
            half.unlink(missing_ok=True)


def begin(config: RunConfig, data: Dataset) -> tuple[ModelSpec, nn.Module, dict, Prepare]:
    """The untrained network, its card, and how it takes pictures."""
    spec = ModelSpec(config.arch, config.attention, data.classes)
    torch.manual_seed(config.train.seed)
    model = build(spec)
    record = ARCHITECTURES[config.arch]
    card = new_card(model, record, data, config.train)
    return spec, model, card, partial(to_inputs, **record.input)


def _measure(file: Path, data: Dataset, measure: Measure) -> None:
    """Put the results on the card of a checkpoint."""
    checkpoint = load(file)
    card = {**checkpoint.card, "results": measure(checkpoint, data)}
    save(file, checkpoint.model, checkpoint.spec, card)


def _report(event: Epoch, config: RunConfig) -> None:
    print(
        f"epoch {event.epoch}/{config.train.epochs}: train {event.train_accuracy:.2%}, "
        f"test {event.test_accuracy:.2%}, {event.seconds:.0f} s",
        flush=True,
    )


def _reason(error: Exception, folder: Path) -> Problem:
    """Any error as a sentence; what it was goes into the log."""
    if isinstance(error, Problem):
        return error
    traceback.print_exc()
    if any(map(_is_out_of_memory, _with_what_led_to_it(error))):
        return out_of_memory()
    if isinstance(error, OSError):
        return Problem(
            "{file} could not be written ({reason}); free some space or check its permissions, "
            "then resume the run.",
            file=error.filename or folder,
            reason=error.strerror or error,
        )
    return Problem(
        "The training failed ({reason}); train.log in the folder {folder} says more.",
        reason=f"{type(error).__name__}: {error}",
        folder=folder,
    )


def _with_what_led_to_it(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those before it: torch.save may stumble over the one that ended it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # Torch says it in its own ways: "can't allocate memory", on Windows "not enough memory", and
    # oneDNN, which computes for it on CPUs, only "could not create a primitive".
    words = str(error).lower()
    return isinstance(error, RuntimeError) and (
        ("memory" in words and ("alloc" in words or "enough" in words))
        or "could not create a primitive" in words
    )
