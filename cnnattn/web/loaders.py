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
from cnnattn.figures.palette import ATTENTION_COLOURS
from cnnattn.nets.checkpoint import Checkpoint, load
from cnnattn.nets.models import STAGES, Stage
from cnnattn.web.text import attention_name

ROOT = Path(__file__).parents[2]
CHECKPOINTS = Path(os.environ.get("CNNATTN_CHECKPOINTS", ROOT / "checkpoints"))
DATA = Path(os.environ.get("CNNATTN_DATA", ROOT / "data"))


@dataclass(frozen=True)
class Model:
    """A checkpoint as the pages name and colour it."""

    name: str  # the file's stem, which also stands in links
    file: Path
    checkpoint: Checkpoint

    @property
    def title(self) -> str:
        spec = self.checkpoint.spec
        arch = {"cnn": "CNN", "resnet20": "ResNet-20"}[spec.arch]
        title = f"{arch} · {attention_name(spec.attention)}"
        return title if self.name == f"{spec.arch}-{spec.attention}" else f"{title} ({self.name})"

    @property
    def colour(self) -> str:
        return ATTENTION_COLOURS[self.checkpoint.spec.attention]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.checkpoint.spec.classes

    @property
    def stages(self) -> tuple[Stage, ...]:
        return STAGES[self.checkpoint.spec.arch]


def checkpoint_files() -> dict[str, Path]:
    """Name -> file of every checkpoint there is: those of the folder, and those opened here."""
    kinds = (".safetensors", ".pth", ".pt")
    shipped = sorted(file for file in CHECKPOINTS.glob("*") if file.suffix in kinds)
    opened = st.session_state.get("opened_checkpoints", [])
    return {file.stem: file for file in (*shipped, *opened)}


def model(file: Path) -> Model:
    """The checkpoint in ``file``, read once for all sessions and again when the file changes.

    Raises Problem as ``load`` does.
    """
    modified = file.stat().st_mtime_ns if file.exists() else 0
    return Model(file.stem, file, _load(str(file), modified))


def analysis(model: Model, seen: np.ndarray, target: int | None = None) -> Analysis:
    """What ``model`` does with a picture as it sees it, uint8 (32, 32, 3). Do not change it."""
    return _analysis(str(model.file), model.file.stat().st_mtime_ns, seen, target)


def dataset() -> Dataset | None:
    """The data set in the data folder, or None while there is none.

    Raises Problem for a damaged one.
    """
    return _dataset(str(DATA)) if DATA.is_dir() and any(DATA.iterdir()) else None


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
    normalisation = checkpoint.card.get("normalisation", {})
    statistics: dict[str, Any] = {name: tuple(value) for name, value in normalisation.items()}
    x = to_input(seen, **statistics)
    return analyse(checkpoint.model, x, layers, stages[-1].output, target)


@st.cache_resource(max_entries=1, show_spinner=False)
def _dataset(folder: str) -> Dataset:
    return open_dataset(Path(folder), cache=ROOT / "data-cache")


def all_maps(model: Model, seen: np.ndarray) -> dict[str, np.ndarray]:
    """The output (C, H, W) of every layer of ``model`` that has one, in data order."""
    return _all_maps(str(model.file), model.file.stat().st_mtime_ns, seen)


@st.cache_resource(max_entries=16, show_spinner=False)
def _all_maps(file: str, modified: int, seen: np.ndarray) -> dict[str, np.ndarray]:
    checkpoint = _load(file, modified)
    names = [
        name
        for name, module in checkpoint.model.named_modules()
        if ".gate" not in name
        and (name.rsplit(".")[-1].startswith("attention") or not list(module.children()))
    ]
    outputs = trace(checkpoint.model, to_input(seen), names).activations
    return {name: a[0].detach().numpy() for name, a in outputs.items() if a.ndim == 4}
