"""What a training process does with its folder, in this process."""

import json
import shutil
import signal
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from cnnattn.data.samples import samples
from cnnattn.files import UNFINISHED
from cnnattn.nets.checkpoint import load
from cnnattn.problem import Problem
from cnnattn.training import runs, worker
from cnnattn.training.run_folder import read_run, write_status
from cnnattn.training.worker import learn, open_data, run_training


def train_here(folder, cache=None):
    run_training(folder, cache, lambda model, data: {"pictures": len(data.test.labels)})
    return read_run(folder)


def new(config, runs_folder):
    runs_folder.mkdir(exist_ok=True)
    return runs.create(config, runs_folder / "one", "stopped")


def test_a_run_by_hand_finishes(short, runs_folder):
    run = train_here(new(short, runs_folder))
    assert (run.state, run.epoch, run.iteration) == ("finished", 3, 12)
    assert load(run.best).card["results"] == {"pictures": 12}
    with pytest.raises(Problem, match="has finished"):
        train_here(run.folder)


def test_what_a_killed_process_left_is_cleared_while_nobody_else_writes(
    short, runs_folder, monkeypatch
):
    place, locked, seen = new(short, runs_folder), runs.queue_lock, []
    (place / ".half.writing").write_bytes(b"half of a checkpoint")

    @contextmanager
    def watched(*arguments, **options):
        with locked(*arguments, **options):
            yield
            seen.append({file.name for file in place.glob(UNFINISHED)})
        (place / ".app.writing").write_bytes(b"the app renames the run in this moment")

    monkeypatch.setattr(runs, "queue_lock", watched)
    train_here(place)
    assert seen[0] == set()
    assert (place / ".app.writing").exists()


@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN])
def test_a_stop_ends_the_reading_of_the_pictures(short, runs_folder, monkeypatch, ctrl_c):
    """Where that takes long, it does not wait for the last picture and the first iteration."""
    place, seen = new(short, runs_folder), []

    def slowly(source, cache):
        seen.append(read_run(place).phase)
        (place / "stop").touch()
        seen.append(read_run(place).state)
        for _part in range(40):
            time.sleep(0.1)
        return open_data(source, cache)

    before = signal.signal(signal.SIGINT, ctrl_c)  # ignored by what a shell starts with "&"
    try:
        with monkeypatch.context() as change:
            change.setattr(worker, "open_data", slowly)
            run = train_here(place)
        assert signal.getsignal(signal.SIGINT) == ctrl_c
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == ["reading", "stopping"]
    assert (run.state, run.iteration, run.phase) == ("stopped", 0, "")
    assert not (place / "stop").exists()
    assert train_here(place).state == "finished"


def test_changed_data_are_refused_until_they_are_back(short, runs_folder, folder, tmp_path):
    data = shutil.copytree(folder, tmp_path / "data")
    place = new(replace(short, data=str(data)), runs_folder)
    (place / "stop").touch()
    assert not learn(place, runs.find("one").config, open_data(str(data), None))
    (place / "stop").unlink()
    picture = data / "test" / "red" / "03.png"
    before = picture.read_bytes()
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(picture)
    with pytest.raises(Problem, match="has changed since"):
        train_here(place)
    run = runs.find("one")
    assert run.state == "failed"
    assert "bring the old data back" in str(run.reason)
    assert run.iteration == 1
    picture.write_bytes(before)
    assert train_here(place).state == "finished"


def test_a_loss_that_is_no_number_keeps_the_last_good_epoch(short, runs_folder):
    """Under one_cycle a far too high rate is reached after some epochs only."""
    far = replace(short.train, epochs=50, learning_rate=3, dropout=None)
    place = new(replace(short, train=far), runs_folder)
    with pytest.raises(Problem, match="lower learning rate"):
        train_here(place)
    run = runs.find("one")
    assert run.state == "failed"
    assert "lower learning rate" in str(run.reason)
    assert 1 <= run.epoch < 50
    last = torch.load(place / "last.pt", weights_only=True)["state"]
    assert last["position"]["epoch"] == run.epoch + 1
    for weights in (last["model"], load(run.best).model.state_dict()):
        assert all(value.isfinite().all() for value in weights.values())


def step(number):
    """A whole event."""
    return {
        "kind": "step", "epoch": 1, "iteration": number, "loss": 2.3, "learning_rate": 0.1
    }  # fmt: skip


def test_half_a_last_line_waits_for_its_end(tmp_path):
    file = tmp_path / "events.jsonl"
    assert runs.read_events(tmp_path) == ([], 0)
    first, second = (json.dumps(step(number)).encode() for number in (1, 2))
    file.write_bytes(first + b"\n" + second[:11])
    events, offset = runs.read_events(tmp_path)
    assert events == [step(1)]
    assert runs.read_events(tmp_path, offset) == ([], offset)
    with file.open("ab") as more:
        more.write(second[11:] + b"\n")
    events, offset = runs.read_events(tmp_path, offset)
    assert events == [step(2)]
    assert offset == file.stat().st_size


def test_events_that_were_cut_back_are_read_from_the_start(tmp_path):
    file = tmp_path / "events.jsonl"
    first, second = (json.dumps(step(number)).encode() + b"\n" for number in (1, 2))
    file.write_bytes(first + second)
    _events, offset = runs.read_events(tmp_path)
    file.write_bytes(first)
    assert runs.read_events(tmp_path, offset) == ([step(1)], len(first))


def test_half_a_line_and_what_was_not_saved_are_taken_back(short, runs_folder):
    place = new(short, runs_folder)
    (place / "stop").touch()
    learn(place, short, open_data(short.data, None))
    with (place / "events.jsonl").open("a") as file:
        file.write('{"kind":"step","epoch":1,"iteration":2,"loss":9,"learning_rate":1}\n{"kind":"s')
    run = train_here(place)
    steps = [e for e in runs.read_events(place)[0] if e["kind"] == "step"]
    assert [e["iteration"] for e in steps] == list(range(1, 13))
    assert all(e["loss"] < 9 for e in steps)
    assert run.state == "finished"


def test_a_full_disk_is_told_and_costs_nothing_that_was_there(short, runs_folder):
    """A limit on the size of files stands in for the disk: last.pt, 9 MB, does not fit."""
    resource = pytest.importorskip("resource")  # not on Windows
    place = new(short, runs_folder)
    (place / "stop").touch()
    learn(place, short, open_data(short.data, None))
    (place / "stop").unlink()
    before = (place / "last.pt").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, limits[1]))
    try:
        with pytest.raises(Problem, match="could not be written"):
            train_here(place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    run = runs.find("one")
    assert run.state == "failed"
    assert "free some space" in str(run.reason)
    assert (place / "last.pt").read_bytes() == before
    assert train_here(place).state == "finished"


def test_a_damaged_state_is_told(short, runs_folder):
    place = new(short, runs_folder)
    (place / "last.pt").write_bytes(b"half a fi")
    with pytest.raises(Problem, match="is damaged"):
        train_here(place)
    assert runs.find("one").state == "failed"


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: (f / "config.json").unlink(),
        lambda f: (f / "config.json").write_text("{"),
        lambda f: (f / "config.json").write_text('{"train": {"augmentation": 3}}'),
        lambda f: (f / "status.json").unlink(),
        lambda f: (f / "status.json").write_text("[]"),
        lambda f: (f / "status.json").write_text('{"state": "running", "created": 1}'),
        lambda f: (f / "status.json").write_text('{"state": "dancing", "created": 1}'),
        lambda f: write_status(f, state="finished"),
        lambda f: write_status(f, epoch=2),
        lambda f: [p.unlink() for p in f.iterdir()],
    ],
)
def test_a_half_deleted_run_is_called_damaged_and_can_be_deleted(short, runs_folder, damage):
    place = new(short, runs_folder)
    damage(place)
    (run,) = runs.list_runs()
    assert run.state == "damaged"
    assert "delete it" in str(run.reason)
    with pytest.raises(Problem):
        runs.resume("one")
    runs.delete("one")
    assert runs.list_runs() == []


def test_a_run_that_another_process_trains_is_left_alone(short, runs_folder):
    place = new(short, runs_folder)
    write_status(place, state="running", process={"host": "another", "pid": 999_999_999, "born": 0})
    assert runs.find("one").state == "running"  # it wrote something a moment ago
    with pytest.raises(Problem, match="already training"):
        train_here(place)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arch": "vgg"}, "known ones are cnn"),
        ({"attention": "love"}, "known ones are none"),
        ({"data": "nowhere"}, "no data folder nowhere"),
    ],
)
def test_a_run_that_could_not_begin_is_refused(runs_folder, changes, words):
    with pytest.raises(Problem, match=words):
        runs.start(replace(runs.RunConfig(), **changes))
    assert runs.list_runs() == []


def test_a_folder_for_runs_that_is_none_is_told(short, runs_folder):
    runs_folder.write_text("a file")
    with pytest.raises(Problem, match="CNNATTN_RUNS"):
        runs.start(short)
    assert runs.list_runs() == []


@pytest.mark.parametrize("name", ["../one", ".", "", "one/..", ".lock"])
def test_a_name_never_leads_out_of_the_folder(short, runs_folder, name):
    new(short, runs_folder)
    with pytest.raises(Problem, match="no run called"):
        runs.delete(name)


def test_the_rehearsal_is_the_built_in_samples():
    data = open_data("samples", None)
    assert "rehearsal" in data.name
    assert len(data.test.labels) == len(samples())
    assert [data.classes[i] for i in data.test.labels] == [s.label for s in samples()]
    assert len(data.train.labels) % len(samples()) == 0
    first = data.train.pictures[: len(data.train.labels) // len(samples())]
    assert (first == data.test.pictures[0]).all()


def test_memory_that_ran_out_while_saving_is_told_as_that(short, runs_folder, monkeypatch):
    def save(content, target):
        try:
            raise MemoryError
        finally:  # as torch.save's own end does
            raise RuntimeError("[enforce fail] . unexpected pos 4961792 vs 4961680")

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(Problem, match="memory ran out"):
        train_here(new(short, runs_folder))
