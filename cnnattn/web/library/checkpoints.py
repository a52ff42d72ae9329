"""What the pages share: checkpoints, data and analyses, each read or computed once for all."""

from collections.abc import Container, Hashable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.data.datasets import Dataset, open_dataset
from cnnattn.data.pictures import input_picture, to_input
from cnnattn.explain.analysis import Analysis, analyse
from cnnattn.explain.trace import trace
from cnnattn.nets.architectures import ARCHITECTURES, Stage
from cnnattn.nets.card import is_text
from cnnattn.nets.checkpoint import Checkpoint, load, read_card
from cnnattn.nets.models import ModelSpec
from cnnattn.places import CACHE, CHECKPOINTS, DATA
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.library.folders import folder_state
from cnnattn.web.library.run_files import checkpoint_name, run_checkpoints, shown_name
from cnnattn.web.library.shared import Shared, key_of, shared
from cnnattn.web.shell.text import _


@dataclass(frozen=True)
class Model:
    """A checkpoint as the pages name and colour it."""

    name: str  # the file's stem or the run's id, which also stands in links
    file: Path
    checkpoint: Checkpoint

    @cached_property
    def title(self) -> str:
        return title(self.name, self.checkpoint.spec)

    @cached_property
    def key(self) -> Hashable:
        """All that a page may show of it, for what is shared between sessions."""
        return self.name, self.title, self.version

    @property
    def colour(self) -> str:
        return KINDS[self.checkpoint.spec.attention].colour

    @property
    def classes(self) -> tuple[str, ...]:
        return self.checkpoint.spec.classes

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self.checkpoint.architecture.stages

    @property
    def input(self) -> dict[str, Any]:
        """Size, mean and deviation of its pictures, for ``to_input`` and ``to_inputs``."""
        return self.checkpoint.input

    @property
    def version(self) -> str:
        """Of the very bytes that it was read from: names what is computed from it, in memory and on
        disk, even after its file has been replaced."""
        return self.checkpoint.version

    def input_picture(self, picture: np.ndarray) -> np.ndarray:
        """A picture, uint8 (H, W, 3), at the size that it takes: uint8 (size, size, 3)."""
        return input_picture(picture, self.checkpoint.architecture.size)


def architecture_name(arch: str) -> str:
    """What an architecture is called on the pages."""
    return _(ARCHITECTURES[arch].title)


def title(name: str, spec: ModelSpec) -> str:
    """What a checkpoint is called on the pages; its file's or run's name where that says more."""
    words = f"{architecture_name(spec.arch)} · {KINDS[spec.attention].name}"
    return words if name == f"{spec.arch}-{spec.attention}" else f"{words} ({shown_name(name)})"


def checkpoint_files() -> dict[str, Path]:
    """Name -> file of every checkpoint: of the folder, of the runs, and those opened here.

    No two have one name: of several, the shipped one keeps it. Without those whose name is no text,
    which no page and no link could hold.
    """
    kinds = (".safetensors", ".pth", ".pt")
    shipped = sorted(
        (file for file in CHECKPOINTS.glob("*") if file.suffix in kinds and is_text(file.name)),
        key=lambda file: (kinds.index(file.suffix), file.name),
    )
    opened = [f for f in st.session_state.get("opened_checkpoints", []) if f.is_file()]
    found: dict[str, Path] = {}
    for file in (*shipped, *run_checkpoints().values(), *opened):
        found[free_name(checkpoint_name(file), found)] = file
    return found


def free_name(name: str, taken: Container[str]) -> str:
    """The name, or the first of "name-own", "name-own-2", … that is not taken."""
    others = (f"{name}-own-{number}" for number in count(2))
    return next(each for each in chain([name, f"{name}-own"], others) if each not in taken)


def listed_name(file: Path) -> str:
    """The name of a file in ``checkpoint_files``; of one that is not there, its own."""
    found = (name for name, listed in checkpoint_files().items() if listed == file)
    return next(found, checkpoint_name(file))


def model(file: Path, name: str = "") -> Model:
    """The checkpoint in ``file``, read once for all sessions and again when the file changes.

    ``name`` is that of ``checkpoint_files``, if it comes from there. Raises Problem as ``load``
    does.
    """
    return Model(name or checkpoint_name(file), file, _load(str(file), _state(file)))


def spec(file: Path) -> ModelSpec:
    """Which network a checkpoint holds, without reading its weights where that is possible.

    Raises Problem as ``load`` does.
    """
    if file.suffix == ".safetensors":
        return _spec(str(file), _state(file))
    return model(file).checkpoint.spec


_analyses, _maps = Shared(64), Shared(16)


def analysed(model: Model, picture: np.ndarray, target: int | None = None) -> Analysis:
    """What ``model`` does with a picture, uint8 (H, W, 3). Do not change it."""
    seen = model.input_picture(picture)
    key = (model.version, key_of(seen), target)
    return _analyses.get(key, lambda: analyse_uncached(model.checkpoint, seen, target))


def dataset() -> Dataset | None:
    """The data set in the data folder, or None while there is none; read again when it changes.

    Raises Problem for a damaged one.
    """
    folders = [entry for entry in DATA.glob("[!.]*") if entry.is_dir()]
    if not folders:
        return None
    return _dataset(str(DATA), folder_state(DATA))  # files may be of a download that goes on


def _state(file: Path) -> tuple[int, ...]:
    """Differs once the file is written anew. It only tells when to read again: what is computed
    from a model goes by the version of the bytes that were read."""
    with suppress(OSError, ValueError):
        status = file.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino
    return ()


@shared(Shared(256))
def _spec(file: str, state: tuple[int, ...]) -> ModelSpec:
    return read_card(file)[0]


@shared(Shared(16))
def _load(file: str, state: tuple[int, ...]) -> Checkpoint:
    return load(file)


def analyse_uncached(
    checkpoint: Checkpoint, picture: np.ndarray, target: int | None = None
) -> Analysis:
    """All that the home page shows of one picture in one network, computed anew."""
    stages = checkpoint.architecture.stages
    layers = [layer for stage in stages for layer in stage.layers.values()]
    x = to_input(picture, **checkpoint.input)
    return analyse(checkpoint.model, x, layers, stages[-1].output, target)


@st.cache_resource(max_entries=1, show_spinner=False)
def _dataset(folder: str, state: str) -> Dataset:
    return open_dataset(Path(folder), cache=CACHE)


def all_maps(model: Model, picture: np.ndarray) -> dict[str, np.ndarray]:
    """The output (C, H, W) of every layer of ``model`` that has one, in data order."""
    seen = model.input_picture(picture)
    return _maps.get((model.version, key_of(seen)), lambda: _all_maps(model.checkpoint, seen))


def _all_maps(checkpoint: Checkpoint, picture: np.ndarray) -> dict[str, np.ndarray]:
    attentions = {name for s in checkpoint.architecture.stages for name in s.attentions}
    names = [
        name
        for name, module in checkpoint.model.named_modules()
        if name in attentions or not (list(module.children()) or ".gate" in name)
    ]
    outputs = trace(checkpoint.model, to_input(picture, **checkpoint.input), names).activations
    return {name: a[0].detach().numpy() for name, a in outputs.items() if a.ndim == 4}
