"""Run folders that somebody has touched: each is told as damaged, and the others go on."""

import errno
import json
import os

import pytest

from cnnattn.problem import Problem
from cnnattn.training import run_folder, runs
from cnnattn.training.run_folder import read_events, read_run
from tests.fuzz.run_folders import STATUS, events, write_run


@pytest.fixture
def run(runs_folder):
    return write_run(runs_folder / "20250101-000000-cnn-se-0")


def change(run, name, /, **changes):
    file = run / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_a_whole_run_is_read_as_it_was_written(run):
    found = read_run(run)
    assert (found.state, found.iteration, found.iterations) == ("stopped", 8, 12)
    assert read_events(run)[0] == events()


@pytest.mark.parametrize(
    "line",
    [
        "123",
        "null",
        "{}",
        "[]",
        '"step"',
        "[" * 100_000,
        '{"kind": "step"}',
        '{"kind": [1]}',
        json.dumps({**events()[0], "iteration": "3"}),
        json.dumps({**events()[0], "iteration": 10**30}),
        json.dumps({**events()[0], "loss": float("nan")}),
        json.dumps({**events()[0], "loss": None}),
        json.dumps({**events()[4], "seconds": True}),
        json.dumps({**events()[4], "epoch": 1.5}),
        json.dumps({**events()[4], "test_accuracy": [1]}),
        "\ud800",
        "9" * 5000,
    ],
)
def test_a_line_that_is_no_event_is_left_out(run, line):
    lines = (run / "events.jsonl").read_text().splitlines()
    lines.insert(3, line)
    (run / "events.jsonl").write_bytes(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))
    assert read_events(run)[0] == events()


def test_events_read_in_pieces_are_all_events(run):
    size = (run / "events.jsonl").stat().st_size
    for most in (200, 300, size):
        found, offset = [], 0
        while True:
            more, after = read_events(run, offset, most)
            if after == offset:
                break
            found, offset = found + more, after
        assert (found, offset) == (events(), size)


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("status.json", {"created": 1e20}),
        ("status.json", {"created": "today"}),
        ("status.json", {"created": None}),
        ("progress.json", {"epoch": "1"}),
        ("progress.json", {"iterations": 1e9}),
        ("progress.json", {"accuracy": 3}),
        ("status.json", {"process": {"host": 3}}),
        ("status.json", {"state": ["running"]}),
        ("status.json", {"problem": {"template": "{0}", "values": {}}}),
        ("status.json", {"problem": {"template": "{x.__class__}", "values": {"x": 1}}}),
        ("status.json", {"problem": {"template": "{x:>999999999}", "values": {"x": 1}}}),
        ("status.json", {"problem": {"template": "{", "values": {}}}),
        ("status.json", {"problem": {"template": 3, "values": {}}}),
        ("status.json", {"problem": {"template": "a", "values": []}}),
        ("progress.json", {"seconds_left": "long"}),
        ("progress.json", {"iteration": -1}),
        ("config.json", {"name": "\ud800"}),
        ("config.json", {"name": 3}),
        ("config.json", {"arch": ["cnn"]}),
        ("config.json", {"train": {}}),
        ("config.json", {"train": None}),
    ],
)
def test_nonsense_is_damage_and_the_others_are_listed(run, runs_folder, file, changes):
    other = write_run(runs_folder / "20250101-000000-cnn-se-1")
    change(run, file, **changes)
    found = {each.id: each for each in runs.list_runs()}
    assert found[other.name].state == "stopped"
    assert found[run.name].state == "damaged"
    assert "is not a whole run" in str(found[run.name].reason)
    assert found[run.name].created.year > 2000


@pytest.mark.parametrize("text", ["[" * 100_000, "null", "[1]", "", "{", '{"a":' * 100_000])
@pytest.mark.parametrize("file", ["status.json", "config.json"])
def test_a_file_that_is_no_list_of_entries_is_damage(run, file, text):
    (run / file).write_text(text)
    assert read_run(run).state == "damaged"


def test_a_reason_is_still_told(run):
    change(run, "status.json", state="failed", problem=STATUS["problem"], epoch=0)
    assert str(read_run(run).reason) == "The loss became nan in epoch 3."


@pytest.mark.parametrize("name", ["x" * 300, "a/b", "..", ".", "", "\0", "\ud800", ".new-1"])
def test_an_odd_run_id_is_one_sentence(runs_folder, run, name):
    for action in (runs.find, runs.stop, runs.resume, runs.delete):
        with pytest.raises(Problem, match="no run called"):
            action(name)


def test_a_name_that_cannot_be_written_is_written_as_far_as_it_can(run):
    runs.rename(run.name, "a\ud800b")
    assert runs.find(run.name).config.name == "a?b"
    runs.rename(run.name, "x" * 10_000)
    assert len(runs.find(run.name).config.name) == 100


def test_deleting_a_link_to_a_run_leaves_the_run(run, runs_folder, tmp_path):
    elsewhere = write_run(tmp_path / "elsewhere" / "mine")
    link = runs_folder / "20250101-000000-cnn-se-7"
    link.symlink_to(elsewhere)
    assert runs.find(link.name).state == "stopped"
    runs.delete(link.name)
    assert read_run(elsewhere).state == "stopped"
    assert sorted(os.listdir(runs_folder)) == [".lock", run.name]


def test_a_run_with_the_longest_name_is_deleted(runs_folder):
    folder = write_run(runs_folder / ("r" * 255))
    runs.delete(folder.name)
    assert os.listdir(runs_folder) == [".lock"]


def test_a_start_on_a_full_disk_leaves_nothing(runs_folder, short, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Problem, match="No space left"):
        runs.create(short)
    assert os.listdir(runs_folder) == []


def test_resume_waits_for_a_process_that_is_ending(run, monkeypatch):
    change(run, "status.json", state="running", process={"host": "h", "pid": 1, "born": 1.0})
    answers = iter([True, True, False])
    monkeypatch.setattr(run_folder, "is_alive", lambda *_: next(answers, False))
    monkeypatch.setattr(runs, "_start_next", lambda: None)
    runs.resume(run.name)
    assert json.loads((run / "status.json").read_text())["state"] == "queued"


def test_resume_does_not_wait_for_ever(run, monkeypatch):
    change(run, "status.json", state="running", process={"host": "h", "pid": 1, "born": 1.0})
    monkeypatch.setattr(run_folder, "is_alive", lambda *_: True)
    monkeypatch.setattr(runs, "ENDING", 0.05)
    with pytest.raises(Problem, match="cannot be resumed"):
        runs.resume(run.name)
