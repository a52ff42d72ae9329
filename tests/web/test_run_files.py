"""Runs among the checkpoints: at once there, under names of their own."""

from pathlib import Path

import pytest

from cnnattn.training import runs
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_folder import RunConfig
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.run_files import checkpoint_name, run_checkpoints, shown_name, snapshots

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "checkpoints/cnn-se.safetensors"


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    """A run with a best checkpoint and snapshots of three epochs (the shipped network's)."""
    monkeypatch.setattr(runs, "RUNS", tmp_path)
    folder = runs.create(RunConfig("cnn", "se", train=TrainConfig(seed=4)))
    (folder / "snapshots").mkdir()
    for name in ("best", *(f"snapshots/epoch-{i:04}" for i in (1, 2, 10))):
        (folder / f"{name}.safetensors").write_bytes(SHIPPED.read_bytes())
    return folder


def test_a_run_with_a_checkpoint_is_in_the_pickers_at_once(run):
    waiting = runs.create(RunConfig())
    (runs.RUNS / ".deleted-x").mkdir()
    (runs.RUNS / ".deleted-x" / "best.safetensors").write_bytes(b"")
    assert run_checkpoints() == {run.name: run / "best.safetensors"}
    files = loaders.checkpoint_files()
    assert files[run.name] == run / "best.safetensors"
    assert waiting.name not in files
    assert "cnn-se" in files


def test_names_and_titles_tell_runs_epochs_and_shipped_models_apart(run):
    best, second = run / "best.safetensors", run / "snapshots/epoch-0002.safetensors"
    assert checkpoint_name(SHIPPED) == "cnn-se"
    assert checkpoint_name(best) == run.name
    assert checkpoint_name(second) == f"{run.name}@2"
    began = f"{runs.find(run.name).created:%m-%d %H:%M}"
    assert loaders.model(best).title == f"CNN · SE (fast, seed 4, {began})"
    assert loaders.model(second).title == f"CNN · SE (fast, seed 4, {began}, epoch 2)"
    assert loaders.model(SHIPPED).title == "CNN · SE"
    runs.rename(run.name, "our best")
    assert shown_name(run.name) == "our best"
    assert loaders.model(second).title == "CNN · SE (our best, epoch 2)"


def test_snapshots_are_found_by_epoch_for_runs_only(run):
    assert list(snapshots(run / "best.safetensors")) == [1, 2, 10]
    assert snapshots(SHIPPED) == {}
