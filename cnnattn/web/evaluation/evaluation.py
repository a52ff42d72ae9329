"""What the pages Evaluation and Prototypes measure on: sets of pictures, and models' answers."""

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from torch import Tensor

from cnnattn.data.corrupt import CORRUPTIONS, corrupt
from cnnattn.data.datasets import CIFAR10_CLASSES, Split, open_dataset
from cnnattn.data.pictures import as_seen, normalise
from cnnattn.data.samples import samples
from cnnattn.explain.evaluation import logits_of
from cnnattn.explain.statistics import (
    Match,
    Share,
    confusion,
    cross_entropy,
    match_classes,
    share,
    softmax,
)
from cnnattn.web.evaluation.folders import readable_folder
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import ROOT, Model
from cnnattn.web.library.jobs import Result, keep, kept_result, result_or_offer


@dataclass(frozen=True)
class PictureSet:
    """Pictures uint8 (N, 32, 32, 3) with their true classes, as the models are measured on."""

    name: str
    source: str  # "test", "samples" or "folder"
    classes: tuple[str, ...]
    split: Split
    names: tuple[str, ...] = ()  # of the samples
    fingerprint: str = ""
    corrupted: bool = False

    def __len__(self) -> int:
        return len(self.split.labels)

    def label(self, index: int) -> str:
        """The true class of a picture."""
        return self.classes[self.split.labels[index]]

    def link(self, index: int, view: Mapping[str, str]) -> str | None:
        """Address of the page Compare with this picture; None where it cannot be chosen there."""
        if self.source == "folder":
            return None
        if self.source == "samples":
            return "./?" + urlencode({"sample": self.names[index], **view})
        name = self.label(index)
        place = {"source": "test", "test_class": name, f"test_{name}": index}
        return "./?" + urlencode({**place, **view})


def picture_set(source: str, folder: str = "") -> PictureSet | None:
    """The test pictures of the data folder (None while there are none), the samples, or a folder.

    Raises Problem for a folder that is no data set or holds no test pictures.
    """
    if source == "samples":
        return _samples()
    if source == "folder":
        return _folder(folder)
    data = loaders.dataset()
    return None if data is None else _test_pictures(str(loaders.DATA))


@st.cache_resource(show_spinner=False)
def _samples() -> PictureSet:
    found = samples()
    labels = np.array([CIFAR10_CLASSES.index(sample.label) for sample in found])
    split = Split(np.stack([as_seen(sample.picture) for sample in found]), labels)
    names = tuple(sample.name for sample in found)
    return _marked(PictureSet("samples", "samples", CIFAR10_CLASSES, split, names))


@st.cache_resource(max_entries=2, show_spinner=False)
def _test_pictures(folder: str) -> PictureSet:
    data = loaders.dataset()
    assert data is not None
    return _marked(PictureSet(data.name, "test", data.classes, data.test))


@st.cache_resource(max_entries=2, show_spinner=False)
def _folder(folder: str) -> PictureSet:
    data = open_dataset(readable_folder(folder), cache=ROOT / "data-cache")
    return _marked(PictureSet(data.name, "folder", data.classes, data.test))


def _marked(found: PictureSet) -> PictureSet:
    """The set with a fingerprint of all that an answer depends on, under which answers are kept."""
    digest = hashlib.sha256(repr((found.classes, found.split.pictures.shape)).encode())
    digest.update(found.split.pictures.tobytes())
    digest.update(found.split.labels.tobytes())
    return replace(found, fingerprint=digest.hexdigest()[:24])


def made_worse(found: PictureSet, kind: str, percent: int) -> PictureSet:
    """The same pictures, corrupted by ``percent`` of the most; see ``cnnattn.data.corrupt``."""
    if kind not in CORRUPTIONS or not percent:
        return found
    return _made_worse(found.fingerprint, kind, percent, found)


@st.cache_resource(max_entries=2, show_spinner=False)
def _made_worse(fingerprint: str, kind: str, percent: int, _found: PictureSet) -> PictureSet:
    pictures = _found.split.pictures
    parts = range(0, len(pictures), 1000)  # noise takes a dozen times the memory of the pictures
    worse = [corrupt(pictures[i : i + 1000], kind, percent / 100, seed=i) for i in parts]
    return replace(
        _found,
        split=Split(np.concatenate(worse), _found.split.labels),
        fingerprint=f"{fingerprint} {kind} {percent}",
        corrupted=True,
    )


@dataclass(frozen=True)
class Answers:
    """What one model says of every picture of a set; arrays (N,) unless said otherwise."""

    model: Model
    match: Match
    labels: np.ndarray  # the model's number of the true class, -1 where it has no such class
    logits: np.ndarray  # (N, the model's classes)

    @cached_property
    def known(self) -> np.ndarray:
        """Which pictures are of a class that the model has: only these count."""
        return self.labels >= 0

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(N, the model's classes)"""
        return softmax(self.logits)

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.logits.argmax(1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class."""
        return self.probabilities.max(1)

    @cached_property
    def right(self) -> np.ndarray:
        return self.predicted == self.labels


@dataclass(frozen=True)
class Score:
    """One model's results on a set, measured or as its card has them."""

    model: Model
    accuracy: Share
    loss: float
    confusion: np.ndarray  # int64 (C, C) over the model's classes, rows true
    answers: Answers | None  # None: from the card, which has no single answers


def scores(
    models: Sequence[Model], found: PictureSet | None, answers: Mapping[str, Answers]
) -> list[Score]:
    """What is known of each model: measured where there are answers, else its card's.

    Models of which nothing is known are left out.
    """
    known = []
    for model in models:
        if model.name in answers:
            known.append(_measured(answers[model.name]))
        elif (results := _of_card(model, found)) is not None:
            known.append(results)
    return known


def knowing(models: Sequence[Model], found: PictureSet) -> list[Model]:
    """The models that know at least one class of the set, so that it says something about them."""
    return [model for model in models if {*model.classes} & {*found.classes}]


def _measured(answers: Answers) -> Score:
    of, labels = answers.known, answers.labels[answers.known]
    return Score(
        answers.model,
        share(int(answers.right[of].sum()), len(labels)),
        cross_entropy(answers.logits[of], labels),
        confusion(labels, answers.predicted[of], len(answers.model.classes)),
        answers,
    )


def _of_card(model: Model, found: PictureSet | None) -> Score | None:
    """The card's results, where they are of this very test set, or there is no set to measure."""
    card = model.checkpoint.card
    results = card.get("results")
    if results is None or (found and (found.corrupted or found.source != "test")):
        return None
    if found and (card.get("data"), results["pictures"]) != (found.name, len(found)):
        return None
    counts = np.array(results["confusion"], np.int64)
    return Score(
        model,
        share(int(np.diag(counts).sum()), int(counts.sum())),
        float(results["loss"]),
        counts,
        None,
    )


def answers_or_offer(
    models: Sequence[Model], found: PictureSet, button: str, explanation: str
) -> dict[str, Answers]:
    """The answers of each model by its name; while some lack, a button to get them, or progress.

    The samples are so few that they are answered at once.
    """

    def work(model: Model) -> Generator[float, None, Result]:
        pictures = found.split.pictures
        logits = yield from logits_of(model.checkpoint.model, pictures, model_input(model))
        return {"logits": logits}

    what = f"logits {found.fingerprint}"
    if found.source == "samples":
        results = {model.name: at_once(what, work, model) for model in models}
    else:
        results = each_or_offer(models, what, work, button, explanation)
    return {
        model.name: _answers(model, found, results[model.name]["logits"])
        for model in models
        if model.name in results
    }


def at_once(
    what: str, work: Callable[[Model], Generator[float, None, Result]], model: Model
) -> Result:
    """The result of quick work, computed in the page and remembered; named as in the next one."""
    return _at_once(_key(what, model), work, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _at_once(
    key: str, _work: Callable[[Model], Generator[float, None, Result]], _model: Model
) -> Result:
    steps = _work(_model)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _answers(model: Model, found: PictureSet, logits: np.ndarray) -> Answers:
    match = match_classes(found.classes, model.classes)
    return Answers(model, match, match.numbers[found.split.labels], logits)


def each_or_offer(
    models: Sequence[Model],
    what: str,
    work: Callable[[Model], Generator[float, None, Result]],
    button: str,
    explanation: str,
) -> dict[str, Result]:
    """Results of ``work`` by the model's name, each kept for itself; one button for all that lack.

    ``what`` names all that the result depends on but for the model.
    """
    keys = {model.name: _key(what, model) for model in models}
    results = {name: kept_result(key) for name, key in keys.items()}

    def in_turn() -> Generator[float, None, Result]:
        together: Result = {}
        for i, model in enumerate(models):
            key = keys[model.name]
            result = kept_result(key)  # another session may have asked for it in the meantime
            if result is None:
                result = yield from part_of(work(model), i / len(models), 1 / len(models))
                keep(key, result)
            together |= {f"{model.name}\n{name}": array for name, array in result.items()}
        return together

    if None in results.values():
        # The job's key stays the same while one model after the other gets its result, and is not
        # that of a single model, whose result has another form.
        all_keys = "\n".join(["together", *keys.values()])
        together = result_or_offer(all_keys, in_turn, button, explanation) or {}
        for name, array in together.items():
            of, _line, part = name.partition("\n")
            results[of] = (results[of] or {}) | {part: array}
    return {name: result for name, result in results.items() if result is not None}


def part_of(
    steps: Generator[float, None, Any], start: float, size: float
) -> Generator[float, None, Any]:
    """The same work as a part, of this ``size`` 0 … 1, of a larger one."""
    try:
        while True:
            yield start + size * next(steps)
    except StopIteration as end:
        return end.value


def _key(what: str, model: Model) -> str:
    return f"{what} {model.version}"


def model_input(model: Model) -> Callable[[Tensor], Tensor]:
    """How pictures become the input of this model: normalised by the statistics on its card."""
    card = model.checkpoint.card.get("normalisation", {})
    statistics: dict[str, Any] = {name: tuple(values) for name, values in card.items()}
    return lambda pictures: normalise(pictures, **statistics)
