"""What the runs leave to the other pages: their checkpoints, and what those are called."""

from pathlib import Path

import streamlit as st

from cnnattn.nets.card import is_text
from cnnattn.training import runs
from cnnattn.training.run_folder import Run, read_run
from cnnattn.web.shell.text import _

BEST = "best.safetensors"


def run_checkpoints() -> dict[str, Path]:
    """Run id -> the best checkpoint so far, of finished, stopped and running runs, newest first."""
    return {
        file.parent.name: file
        for file in sorted(runs.RUNS.glob(f"[!.]*/{BEST}"), reverse=True)
        if is_text(file.parent.name)
    }


def snapshots(best: Path) -> dict[int, Path]:
    """Epoch -> checkpoint after it, rising, of the run whose best checkpoint this is, if it is."""
    if best.name != BEST or best.parent.parent != runs.RUNS:
        return {}
    files = sorted(best.parent.glob("snapshots/epoch-*.safetensors"))
    return {_epoch(file): file for file in files if file.stem.rpartition("-")[2].isdecimal()}


def checkpoint_name(file: Path) -> str:
    """What a checkpoint is called in links: its file's stem, a run's id, or "id@epoch"."""
    if file.name == BEST and file.parent.parent == runs.RUNS:
        return file.parent.name
    if file.parent.name == "snapshots" and file.parents[2] == runs.RUNS:
        return f"{file.parents[1].name}@{_epoch(file)}"
    return file.stem


def shown_name(name: str) -> str:
    """What a checkpoint of that name is called on the pages: a run by its name, others as it is."""
    run_id, _at, epoch = name.partition("@")
    folder = runs.RUNS / run_id
    config = folder / "config.json"
    if not run_id or not config.is_file():
        return name
    called = _called(str(folder), config.stat().st_mtime_ns) or run_words(read_run(folder))
    return _("{name}, epoch {epoch}", name=called, epoch=epoch) if epoch else called


def run_words(run: Run) -> str:
    """A run's given name, else its recipe, its seed if that is not 0, and when it began."""
    how = run.config.train
    what = {"recipe": recipe_name(how.recipe), "began": f"{run.created:%m-%d %H:%M}"}
    if run.config.name:
        return run.config.name
    if how.seed:
        return _("{recipe}, seed {seed}, {began}", seed=how.seed, **what)
    return _("{recipe}, {began}", **what)


def recipe_name(recipe: str) -> str:
    """A recipe in the reader's language."""
    names = {
        "fast": _("fast"),
        "tutorial": _("tutorial"),
        "rehearsal": _("quick demo"),
        "custom": _("custom"),
    }
    return names.get(recipe, recipe)


def _epoch(snapshot: Path) -> int:
    return int(snapshot.stem.rpartition("-")[2])


@st.cache_resource(max_entries=256, show_spinner=False)
def _called(folder: str, modified: int) -> str:
    return read_run(Path(folder)).config.name
