"""What the pages share: checkpoints, data and analyses, each read or computed once for all."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.data.datasets import Dataset, open_dataset
from cnnattn.data.pictures import to_input
from cnnattn.explain.analysis import Analysis, analyse
from cnnattn.explain.trace import trace
from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.nets.card import is_text
from cnnattn.nets.checkpoint import Checkpoint, load, read_card
from cnnattn.nets.models import STAGES, ModelSpec, Stage
from cnnattn.web.library.run_files import checkpoint_name, run_checkpoints, shown_name
from cnnattn.web.shell.text import attention_name

ROOT = Path(__file__).parents[3]
CHECKPOINTS = Path(os.environ.get("CNNATTN_CHECKPOINTS", ROOT / "checkpoints"))
DATA = Path(os.environ.get("CNNATTN_DATA", ROOT / "data"))
ARCHITECTURE_NAMES = {"cnn": "CNN", "resnet20": "ResNet-20"}


@dataclass(frozen=True)
class Model:
    """A checkpoint as the pages name and colour it."""

    name: str  # the file's stem or the run's id, which also stands in links
    file: Path
    checkpoint: Checkpoint

    @property
    def title(self) -> str:
        return title(self.name, self.checkpoint.spec)

    @property
    def colour(self) -> str:
        return ATTENTION_COLOURS[self.checkpoint.spec.attention]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.checkpoint.spec.classes

    @property
    def stages(self) -> tuple[Stage, ...]:
        return STAGES[self.checkpoint.spec.arch]

    @property
    def statistics(self) -> dict[str, Any]:
        """The mean and deviation of its pictures, for ``to_input`` and ``normalise``."""
        return _statistics(self.checkpoint)

    @property
    def version(self) -> str:
        """The file and when it was written: names what was computed from it."""
        return f"{self.file} {_modified(self.file)}"


def title(name: str, spec: ModelSpec) -> str:
    """What a checkpoint is called on the pages; its file's or run's name where that says more."""
    words = f"{ARCHITECTURE_NAMES[spec.arch]} · {attention_name(spec.attention)}"
    return words if name == f"{spec.arch}-{spec.attention}" else f"{words} ({shown_name(name)})"


def checkpoint_files() -> dict[str, Path]:
    """Name -> file of every checkpoint: of the folder, of the runs, and those opened here.

    Without those whose name is no text, which no page and no link could hold.
    """
    kinds = (".safetensors", ".pth", ".pt")
    found = sorted(file for file in CHECKPOINTS.glob("*") if file.suffix in kinds)
    shipped = [file for file in found if is_text(file.name)]
    opened = [f for f in st.session_state.get("opened_checkpoints", []) if f.is_file()]
    return {
        **{file.stem: file for file in shipped},
        **run_checkpoints(),
        **{file.stem: file for file in opened},
    }


def model(file: Path) -> Model:
    """The checkpoint in ``file``, read once for all sessions and again when the file changes.

    Raises Problem as ``load`` does.
    """
    return Model(checkpoint_name(file), file, _load(str(file), _modified(file)))


def spec(file: Path) -> ModelSpec:
    """Which network a checkpoint holds, without reading its weights where that is possible.

    Raises Problem as ``load`` does.
    """
    if file.suffix == ".safetensors":
        return _spec(str(file), _modified(file))
    return model(file).checkpoint.spec


def analysis(model: Model, seen: np.ndarray, target: int | None = None) -> Analysis:
    """What ``model`` does with a picture as it sees it, uint8 (32, 32, 3). Do not change it."""
    return _analysis(str(model.file), _modified(model.file), seen, target)


def dataset() -> Dataset | None:
    """The data set in the data folder, or None while there is none.

    Raises Problem for a damaged one.
    """
    folders = [entry for entry in DATA.glob("[!.]*") if entry.is_dir()]
    return _dataset(str(DATA)) if folders else None  # files may be of a download that goes on


def _modified(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


@st.cache_resource(max_entries=256, show_spinner=False)
def _spec(file: str, modified: int) -> ModelSpec:
    return read_card(file)[0]


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(file: str, modified: int) -> Checkpoint:
    return load(file)


@st.cache_resource(max_entries=64, show_spinner=False)
def _analysis(file: str, modified: int, seen: np.ndarray, target: int | None) -> Analysis:
    return look(_load(file, modified), seen, target)


def look(checkpoint: Checkpoint, seen: np.ndarray, target: int | None = None) -> Analysis:
    """All that the home page shows of one picture in one network."""
    stages = STAGES[checkpoint.spec.arch]
    layers = [layer for stage in stages for layer in stage.layers.values()]
    x = to_input(seen, **_statistics(checkpoint))
    return analyse(checkpoint.model, x, layers, stages[-1].output, target)


def _statistics(checkpoint: Checkpoint) -> dict[str, Any]:
    """Mean and deviation that the network was trained with, where its card tells them."""
    known = checkpoint.card.get("normalisation", {})
    return {name: tuple(value) for name, value in known.items()}


@st.cache_resource(max_entries=1, show_spinner=False)
def _dataset(folder: str) -> Dataset:
    return open_dataset(Path(folder), cache=ROOT / "data-cache")


def all_maps(model: Model, seen: np.ndarray) -> dict[str, np.ndarray]:
    """The output (C, H, W) of every layer of ``model`` that has one, in data order."""
    return _all_maps(str(model.file), _modified(model.file), seen)


@st.cache_resource(max_entries=16, show_spinner=False)
def _all_maps(file: str, modified: int, seen: np.ndarray) -> dict[str, np.ndarray]:
    checkpoint = _load(file, modified)
    names = [
        name
        for name, module in checkpoint.model.named_modules()
        if ".gate" not in name
        and (name.rsplit(".")[-1].startswith("attention") or not list(module.children()))
    ]
    outputs = trace(checkpoint.model, to_input(seen, **_statistics(checkpoint)), names).activations
    return {name: a[0].detach().numpy() for name, a in outputs.items() if a.ndim == 4}
