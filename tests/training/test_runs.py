"""Runs as processes of their own: queue, stop, resume, and every way of dying."""

import random
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from cnnattn.files import UNFINISHED
from cnnattn.nets.checkpoint import load
from cnnattn.problem import Problem
from cnnattn.training import runs
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_folder import read_status

pytestmark = pytest.mark.timeout(300)


def until(condition, seconds=120):
    """Wait for something that a process does."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, [vars(run) for run in runs.list_runs()]
        time.sleep(0.02)
    return found


def ended(run_id, seconds=120):
    over = ("stopped", "finished", "failed")
    return until(lambda: (r := runs.find(run_id)).state in over and r, seconds)


def events(run):
    """All but the clock's part."""
    return [{**e, "seconds": 0} for e in runs.read_events(run.folder)[0]]


def weights(run):
    last = torch.load(run.folder / "last.pt", weights_only=True)
    return {**last["state"]["model"], **load(run.best).model.state_dict()}


def kill(run_id):
    """kill -9 for the process of a run; returns what is left of the run."""
    process = psutil.Process(read_status(runs.RUNS / run_id)["process"]["pid"])
    process.kill()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    return runs.find(run_id)


def same_result(left, right):
    assert events(left) == events(right)
    ours, theirs = weights(left), weights(right)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for mine, other in zip(left.snapshots, right.snapshots, strict=True):
        a, b = load(mine).model.state_dict(), load(other).model.state_dict()
        assert all(torch.equal(a[name], b[name]) for name in b)


@pytest.fixture(scope="module")
def long(folder):
    """A run that takes a few seconds, with many checkpoints."""
    return runs.RunConfig(
        data=str(folder),
        train=TrainConfig(epochs=15, batch=16, learning_rate=0.01, low_precision=False),
    )


@pytest.fixture(scope="module")
def unbroken(long, tmp_path_factory):
    """The same run without an interruption."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "RUNS", tmp_path_factory.mktemp("unbroken"))
        run = ended(runs.start(replace(long, name="unbroken")))
    assert run.state == "finished", run.reason
    return run


def test_a_finished_run_shows_all_it_did(unbroken, folder):
    assert (unbroken.epoch, unbroken.iteration, unbroken.iterations) == (15, 60, 60)
    assert unbroken.reason is None
    assert [path.name for path in unbroken.snapshots] == [
        f"epoch-{i:04}.safetensors" for i in range(1, 16)
    ]
    lines = runs.read_events(unbroken.folder)[0]
    assert [e["iteration"] for e in lines if e["kind"] == "step"] == list(range(1, 61))
    tested = [e["test_accuracy"] for e in lines if e["kind"] == "epoch"]
    assert unbroken.accuracy == pytest.approx(tested[-1], abs=1e-6)
    card = load(unbroken.best).card
    assert card["results"]["accuracy"] == pytest.approx(max(tested), abs=1e-6)
    best = tested.index(max(tested))
    assert len(card["history"]) == best + 1
    assert len(card["losses"]) == 4 * (best + 1)
    first = load(unbroken.snapshots[0])
    assert first.card["history"] == card["history"][:1]
    assert (unbroken.folder / "train.log").read_text().count("epoch ") == 15


def goes_last(pid: int) -> bool:
    """Whether a run's process goes after this one, and its session too where Linux groups them."""
    group = Path(f"/proc/{pid}/autogroup")  # "/autogroup-204 nice 10", or empty
    told = group.read_text().strip() if group.exists() else ""
    lower = psutil.Process(pid).nice() != psutil.Process().nice()
    return lower and (not told or told.endswith("nice 10"))


def test_two_starts_at_the_same_moment_then_stop_and_resume(
    long, unbroken, runs_folder, monkeypatch
):
    both = threading.Barrier(2)
    ids = []

    def press_train():
        both.wait()
        ids.append(runs.start(long))

    people = [threading.Thread(target=press_train) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    third = runs.start(replace(long, name="third"))
    states = {run.id: run.state for run in runs.list_runs()}
    assert len(states) == 3
    assert sorted(states[i] for i in ids) == ["queued", "running"]
    assert states[third] == "queued"
    first, second = sorted(ids, key=states.get, reverse=True)

    until(lambda: runs.read_events(runs.RUNS / first)[0])
    assert goes_last(read_status(runs.RUNS / first)["process"]["pid"])
    with pytest.raises(Problem, match="stop it before"):
        runs.delete(first)
    with monkeypatch.context() as change:
        change.setattr(runs, "ENDING", 0)  # waiting for its end, it would end
        with pytest.raises(Problem, match="only one that was stopped"):
            runs.resume(first)
    runs.stop(first)
    assert runs.find(first).state in ("stopping", "stopped")
    stopped = ended(first)
    assert stopped.state == "stopped"
    assert 0 < stopped.iteration < 60
    assert len(events(stopped)) == stopped.iteration + stopped.epoch

    # The one that came second goes on by itself, the third still waits.
    until(lambda: runs.find(second).state == "running")
    assert runs.find(third).state == "queued"
    runs.stop(third)
    assert runs.find(third).state == "stopped"
    runs.resume(first)
    assert runs.find(first).state == "queued"
    kill(second)
    runs.list_runs()  # whoever looks starts the next

    runs.rename(first, " Monday's class ")
    resumed = ended(first)
    assert resumed.state == "finished"
    assert resumed.config.name == "Monday's class"
    same_result(resumed, unbroken)
    with pytest.raises(Problem, match="Monday's class cannot be resumed"):
        runs.resume(first)

    runs.delete(first)
    assert [run.id for run in runs.list_runs()] == [third, second]
    with pytest.raises(Problem, match="no run called"):
        runs.find(first)
    assert not list(runs_folder.glob(".deleted*"))
    assert not list(runs_folder.glob(".new*"))


@pytest.mark.parametrize("moments", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_at_any_moment_resumes(long, unbroken, runs_folder, moments):
    chance = random.Random(moments)
    if moments > 3:
        long = replace(long, train=replace(long.train, epochs=100))
    run_id = runs.start(long)
    for moment in range(moments):
        if moment % 4 == 3:  # while the process starts
            time.sleep(chance.uniform(0, 3))
        else:  # while it trains, and writes most of the time
            before = runs.read_events(runs.RUNS / run_id)
            until(lambda before=before: runs.read_events(runs.RUNS / run_id) != before)
            time.sleep(chance.uniform(0, 0.1))
        left = kill(run_id)
        assert left.state == "failed"
        assert "resume it" in str(left.reason)
        for file in [*left.snapshots, *([left.best] if left.best else [])]:
            load(file)
        if (left.folder / "last.pt").exists():
            torch.load(left.folder / "last.pt", weights_only=True)
        runs.resume(run_id)
    run = ended(run_id)
    assert run.state == "finished", run.reason
    assert not list(run.folder.rglob(UNFINISHED))
    steps = [e["iteration"] for e in events(run) if e["kind"] == "step"]
    assert steps == list(range(1, run.iterations + 1))
    if moments == 3:
        same_result(run, unbroken)


def test_a_killed_run_does_not_hold_up_the_queue(long, runs_folder):
    first, second = runs.start(long), runs.start(long)
    kill(first)
    assert runs.find(second).state == "queued"
    assert [run.state for run in runs.list_runs()] == ["running", "failed"]
    kill(second)


@pytest.mark.slow
def test_memory_that_runs_out_is_told(long, runs_folder):
    run_id = runs.start(replace(long, train=replace(long.train, epochs=1000)))
    # Before the first epoch ends: its test and its checkpoints need memory of their own.
    until(lambda: runs.read_events(runs.RUNS / run_id)[0])
    process = psutil.Process(read_status(runs.RUNS / run_id)["process"]["pid"])
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, psutil.RLIM_INFINITY))
    run = ended(run_id, 280)
    assert run.state == "failed"
    assert "memory ran out" in str(run.reason)
