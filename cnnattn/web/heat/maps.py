"""What the page Heat maps computes: maps by any method, how faithful they are; each kept."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from cnnattn.data.pictures import to_input, to_inputs
from cnnattn.data.samples import samples
from cnnattn.explain.cam import CAMS, enlarge, heatmap, heatmaps
from cnnattn.explain.faithfulness import confidence_through, curves, hard_masks
from cnnattn.explain.input_maps import completeness
from cnnattn.explain.randomisation import cascade, rank_correlation, similarity
from cnnattn.explain.study import controls, measures, study
from cnnattn.explain.target import confidence
from cnnattn.problem import Problem
from cnnattn.web.library.checkpoints import Model, analysed
from cnnattn.web.library.jobs import Result, each_or_offer
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.shell.text import _

STEPS = 16  # of a curve beside a map: 64 would show no more on so small pictures
Choice = int | tuple[int, int]


@dataclass(frozen=True)
class Display:
    """How maps are drawn."""

    strength: float  # largest alpha, 0 … 1
    smooth: bool
    signed: bool
    shared: bool


@dataclass(frozen=True)
class Measured:
    """How faithful one map is: ``study.MEASURES`` by name, and the two curves (steps + 1,)."""

    values: dict[str, float]
    deletion: np.ndarray
    insertion: np.ndarray


@dataclass(frozen=True)
class Explained:
    """One model's maps of one picture."""

    model: Model
    layer: str
    target: Choice
    sure: float  # confidence in the target, 0 … 1
    maps: dict[str, np.ndarray]  # method -> (h, w), of those that there are
    problems: dict[str, Problem]  # method -> why there is none
    measured: dict[str, Measured]  # of the maps, and of the controls


def layer_at(model: Model, place: str) -> str:
    """The layer that ``place`` names: the output of the stage of that name, or a layer itself."""
    return next((stage.output for stage in model.stages if stage.name == place), place)


def resolve(model: Model, seen: np.ndarray, wanted: str, against: str, label: str | None) -> Choice:
    """The class to explain: "predicted", "true" or a name; ``against`` "none", "second" or a name.

    "second" is the most probable class but for the first. Raises Problem for a class that the model
    does not have, and for one against itself.
    """
    probabilities = analysed(model, seen).probabilities
    name = {"predicted": None, "true": label}.get(wanted, wanted)
    first = int(probabilities.argmax()) if name is None else _number(model, name)
    if against == "none":
        return first
    if against == "second":
        others = np.where(np.arange(len(probabilities)) == first, -1, probabilities)
        return first, int(others.argmax())
    other = _number(model, against)
    if other == first:
        raise Problem(
            "{model}: “{name}” cannot be contrasted with itself; choose another class.",
            model=model.title,
            name=model.classes[first],
        )
    return first, other


def explain(
    model: Model,
    seen: np.ndarray,
    layer: str,
    target: Choice,
    methods: Sequence[str],
    mask: np.ndarray | None = None,
) -> Explained:
    """Maps of ``seen``, uint8 (H, W, 3), by each method, with their measures and the controls'.

    ``mask``, bool (H, W), is where the object is, if that is known.
    """
    seen = model.input_picture(seen)
    maps, problems = {}, {}
    for method in methods:
        try:
            maps[method] = one_map(model, seen, layer, target, method)
        except Problem as problem:
            problems[method] = problem
    size = min((cam.shape for cam in maps.values()), default=seen.shape[:2])
    every = maps | {name: cam[0].numpy() for name, cam in controls(size).items()}
    measured = {
        name: _measured(model.version, seen, cam, target, mask, model)
        for name, cam in every.items()
    }
    sure = confidence(torch.from_numpy(analysed(model, seen).probabilities).log(), target)
    return Explained(model, layer, target, float(sure), maps, problems, measured)


def one_map(model: Model, seen: np.ndarray, layer: str, target: Choice, method: str) -> np.ndarray:
    """The map float32 (h, w) of one method. Raises Problem as ``heatmap`` does."""
    seen = model.input_picture(seen)
    if method in CAMS:  # all of them come from one run
        return _cams(model.version, seen, layer, target, model)[method]
    return _slow(model.version, seen, layer, target, method, model)


@st.cache_resource(max_entries=256, show_spinner=False)
def _cams(
    version: str, seen: np.ndarray, layer: str, target: Choice, _model: Model
) -> dict[str, np.ndarray]:
    x = network_input(_model, seen)
    maps = heatmaps(_model.checkpoint.model, x, target, layer, list(CAMS))
    return {method: cam[0].numpy() for method, cam in maps.items()}


@st.cache_resource(max_entries=256, show_spinner=False)
def _slow(
    version: str, seen: np.ndarray, layer: str, target: Choice, method: str, _model: Model
) -> np.ndarray:
    x = network_input(_model, seen)
    return heatmap(_model.checkpoint.model, x, target, layer, method)[0].numpy()


@st.cache_resource(max_entries=512, show_spinner=False)
def _measured(
    version: str,
    seen: np.ndarray,
    cam: np.ndarray,
    target: Choice,
    mask: np.ndarray | None,
    _model: Model,
) -> Measured:
    network, x = _model.checkpoint.model, network_input(_model, seen)
    maps = enlarge(torch.from_numpy(cam)[None], seen.shape[:2])
    found = curves(network, x, maps, target, STEPS)
    on = None if mask is None else torch.tensor(mask)
    values = measures(network, x, maps, target, found, on)
    return Measured(
        {name: float(value) for name, value in values.items()},
        found.deletion[0].numpy(),
        found.insertion[0].numpy(),
    )


def network_input(model: Model, seen: np.ndarray) -> Tensor:
    """A picture as the model takes it, float32 (1, 3, H, W)."""
    return to_input(seen, **model.input)


def through(
    model: Model, seen: np.ndarray, cams: Sequence[np.ndarray], target: Choice, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """What is kept of the picture above ``threshold`` of each map's maximum, bool (maps, H, W),
    and the confidence with nothing else, (maps,)."""
    seen = model.input_picture(seen)
    size = seen.shape[:2]
    masks = torch.cat([hard_masks(torch.from_numpy(cam)[None], size, threshold) for cam in cams])
    x = network_input(model, seen)
    return masks.numpy(), confidence_through(model.checkpoint.model, x, masks, target)[1].numpy()


def completeness_of(explained: Explained, seen: np.ndarray) -> tuple[float, float]:
    """What the map of integrated gradients adds up to, and what it should."""
    cam = torch.from_numpy(explained.maps["integrated_gradients"])[None]
    x = network_input(explained.model, seen)
    total, due = completeness(explained.model.checkpoint.model, x, explained.target, cam)
    return float(total), float(due)


@dataclass(frozen=True)
class Shuffled:
    """The map after a step of shuffling weights, and how like the first one it still is."""

    layer: str  # shuffled last; "" at first
    cam: np.ndarray  # (h, w)
    rank: float  # Spearman's correlation, -1 … 1
    structure: float  # structural similarity, up to 1


def shuffled(explained: Explained, seen: np.ndarray, method: str) -> list[Shuffled]:
    """The map of one method while the model's weights are shuffled from the last layer on."""
    model = explained.model
    seen = model.input_picture(seen)
    return _shuffled(model.version, seen, explained.layer, explained.target, method, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _shuffled(
    version: str, seen: np.ndarray, layer: str, target: Choice, method: str, _model: Model
) -> list[Shuffled]:
    x = network_input(_model, seen)
    steps = list(cascade(_model.checkpoint.model, x, target, layer, method))
    first = steps[0][1]
    return [
        Shuffled(
            name,
            cam[0].numpy(),
            rank_correlation(first, cam),
            similarity(*(enlarge(each, seen.shape[:2])[0] for each in (first, cam))),
        )
        for name, cam in steps
    ]


def study_or_offer(
    models: Sequence[Model],
    picture_set: PictureSet,
    place: str,
    methods: Sequence[str],
    count: int,
) -> dict[str, Result]:
    """``study`` of each model by its name, on ``count`` pictures spread evenly over the set."""
    index = np.linspace(0, len(picture_set) - 1, min(count, len(picture_set))).round().astype(int)
    masks: list[np.ndarray] = []
    if picture_set.source == "samples":
        by_name = {sample.name: sample.mask for sample in samples()}
        masks = [by_name[picture_set.names[i]] for i in index]

    def work(model: Model) -> Generator[float, None, Result]:
        x = to_inputs(torch.from_numpy(picture_set.split.pictures[index]), **model.input)
        network = model.checkpoint.model
        return (yield from study(network, x, layer_at(model, place), methods, masks, STEPS))

    what = f"heat maps {picture_set.fingerprint} {len(index)} {place} {methods} {STEPS}"
    return each_or_offer(
        models,
        what,
        work,
        _("Measure on {count:,} images", count=len(index)),
        _(
            "Methods × images × models: {methods} × {count:,} × {models} = {maps:,} heat maps, "
            "measured in the background. The result is saved.",
            methods=len(methods),
            count=len(index),
            models=len(models),
            maps=len(methods) * len(index) * len(models),
        ),
    )


def _number(model: Model, name: str | None) -> int:
    if name is None or name not in model.classes:
        raise Problem(
            "{model} does not have the class “{name}”, so it cannot explain it; choose another.",
            model=model.title,
            name=name,
        )
    return model.classes.index(name)
