"""Sets of pictures with their true classes, as the models are measured on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from cnnattn.data.corrupt import CORRUPTIONS, corrupt
from cnnattn.data.datasets import CIFAR10_CLASSES, Dataset, Split, open_dataset
from cnnattn.data.pictures import input_picture
from cnnattn.data.samples import samples
from cnnattn.explain.statistics import match_classes
from cnnattn.places import CACHE
from cnnattn.web.library import checkpoints
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.folders import folder_state, readable_folder
from cnnattn.web.shell.text import _, class_name


@dataclass(frozen=True)
class PictureSet:
    """Pictures uint8 (N, H, W, 3) with their true classes."""

    name: str
    source: str  # "test", "samples" or "folder"
    classes: tuple[str, ...]
    split: Split
    names: tuple[str, ...] = ()  # of the samples
    fingerprint: str = ""  # of pictures, labels and classes: results are kept under it
    corrupted: bool = False

    def __len__(self) -> int:
        return len(self.split.labels)

    def label(self, index: int) -> str:
        """The true class of a picture."""
        return self.classes[self.split.labels[index]]

    def labels_for(self, model: Model) -> np.ndarray:
        """The model's number of every true class, int64 (N,); -1 where it has no such class."""
        return match_classes(self.classes, model.classes).numbers[self.split.labels]

    def link(self, index: int, view: Mapping[str, str]) -> str | None:
        """Address of the page Compare with this picture; None where it cannot be chosen there."""
        if self.source == "folder":
            return None
        if self.source == "samples":
            return "./?" + urlencode({"sample": self.names[index], **view})
        name = self.label(index)
        place = {"source": "test", "test_class": name, f"test_{name}": index}
        return "./?" + urlencode({**place, **view})


def read_picture_set(source: str, folder: str = "") -> PictureSet | None:
    """The test pictures of the data folder (None while there are none), the samples, or a folder.

    Raises Problem for a folder that is no data set or holds no test pictures.
    """
    if source == "samples":
        return _samples()
    if source == "folder":
        place = readable_folder(folder)
        return _folder(str(place), folder_state(place))
    data = checkpoints.dataset()
    if data is None:
        return None
    return _test_pictures(str(checkpoints.DATA), folder_state(checkpoints.DATA), data)


def with_common_classes(models: Sequence[Model], picture_set: PictureSet) -> list[Model]:
    """The models that know at least one class of the set, so that it says something about them."""
    return [model for model in models if {*model.classes} & {*picture_set.classes}]


def no_common_class(model: Model, picture_set: PictureSet) -> str:
    """Why the set says nothing about the model."""
    return _(
        "{model} knows none of the classes of these images, so they cannot test it. They are: "
        "{classes}.",
        model=model.title,
        classes=listed(picture_set.classes),
    )


def listed(names: Sequence[str], most: int = 12) -> str:
    """Classes in the reader's language, at most so many."""
    shown = [class_name(name) for name in names[:most]]
    return _(", ").join([*shown, "…"] if len(names) > most else shown)


@st.cache_resource(show_spinner=False)
def _samples() -> PictureSet:
    found = samples()
    labels = np.array([CIFAR10_CLASSES.index(sample.label) for sample in found])
    split = Split(np.stack([input_picture(sample.picture) for sample in found]), labels)
    names = tuple(sample.name for sample in found)
    return _marked(PictureSet("samples", "samples", CIFAR10_CLASSES, split, names))


@st.cache_resource(max_entries=2, show_spinner=False)
def _test_pictures(folder: str, state: str, _data: Dataset) -> PictureSet:
    return _marked(PictureSet(_data.name, "test", _data.classes, _data.test))


@st.cache_resource(max_entries=2, show_spinner=False)
def _folder(folder: str, state: str) -> PictureSet:
    data = open_dataset(readable_folder(folder), cache=CACHE)
    return _marked(PictureSet(data.name, "folder", data.classes, data.test))


def _marked(picture_set: PictureSet) -> PictureSet:
    """The set with a fingerprint of all that an answer depends on."""
    digest = hashlib.sha256(repr((picture_set.classes, picture_set.split.pictures.shape)).encode())
    digest.update(picture_set.split.pictures.tobytes())
    digest.update(picture_set.split.labels.tobytes())
    return replace(picture_set, fingerprint=digest.hexdigest()[:24])


def corrupted_set(picture_set: PictureSet, kind: str, percent: int) -> PictureSet:
    """The same pictures, corrupted by ``percent`` of the most; see ``cnnattn.data.corrupt``."""
    if kind not in CORRUPTIONS or not percent:
        return picture_set
    return _corrupted(picture_set.fingerprint, kind, percent, picture_set)


@st.cache_resource(max_entries=2, show_spinner=False)
def _corrupted(fingerprint: str, kind: str, percent: int, _found: PictureSet) -> PictureSet:
    pictures = _found.split.pictures
    parts = range(0, len(pictures), 1000)  # noise takes a dozen times the memory of the pictures
    worse = [corrupt(pictures[i : i + 1000], kind, percent / 100, seed=i) for i in parts]
    return replace(
        _found,
        split=Split(np.concatenate(worse), _found.split.labels),
        fingerprint=f"{fingerprint} {kind} {percent}",
        corrupted=True,
    )
