"""The class profile: what the gates of a model are for each class, from its card or measured."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cnnattn.data.datasets import Split
from cnnattn.data.pictures import to_inputs
from cnnattn.explain.gates import Profile, gate_profile_steps
from cnnattn.explain.profile import ClassDifference, class_difference, clustered
from cnnattn.figures.attention.class_profile import ClassGates
from cnnattn.problem import Problem
from cnnattn.training.run_folder import is_tested_on_training_pictures
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.get_data import say_how_to_get_pictures
from cnnattn.web.library.jobs import Result, part_of, result_or_offer
from cnnattn.web.library.picture_sets import read_picture_set
from cnnattn.web.shell.text import _, class_name, paragraph, percent

BATCH = 200  # pictures: more would not fit into the processor's cache
LITTLE = 0.01  # in gates: classes that lie nearer to each other are hardly treated differently


def test_split(model: Model) -> Split | None:
    """The test pictures of the data folder, None while there are none.

    Raises Problem for a damaged data set and for one whose classes are not the model's.
    """
    data = loaders.dataset()
    if data is not None and data.classes != model.classes:
        raise Problem(
            "The data set has other classes than {model} ({classes}), so it cannot be measured "
            "on it; open a data set with the same classes.",
            model=model.title,
            classes=", ".join(model.classes),
        )
    return None if data is None else data.test


def batches(model: Model, split: Split) -> Iterator[tuple[Tensor, Tensor]]:
    """The pictures as the model wants them, with their labels."""
    for start in range(0, len(split.labels), BATCH):
        part = slice(start, start + BATCH)
        pictures, labels = split.pictures[part], split.labels[part]
        yield to_inputs(torch.from_numpy(pictures), **model.input), torch.from_numpy(labels)


@dataclass(frozen=True)
class ClassProfile:
    """What the gates are for each class, and on how many pictures of each that was measured."""

    gates: Profile
    counts: np.ndarray | None  # (classes,); None: not told, so the classes count alike
    memorised: bool  # these pictures are those that the model was trained on


def on_training_pictures(model: Model) -> bool:
    """Whether what its card tells was measured on the pictures that the model was trained on."""
    card = model.checkpoint.card
    return bool(card.get("results")) and is_tested_on_training_pictures(card)


def class_gates(model: Model) -> ClassProfile | None:
    """The profile from the card, else measured in the background; None while there is none."""
    results = model.checkpoint.card.get("results", {})
    if card := results.get("gates"):
        gates = {
            name: (np.array(found["mean"]), np.array(found["spread"]))
            for name, found in card.items()
        }
        confusion = results.get("confusion")
        counts = None if confusion is None else np.sum(confusion, axis=1)
        return ClassProfile(gates, counts, on_training_pictures(model))
    split = test_split(model)
    if split is None:
        say_how_to_get_pictures("profile_")
        return None
    tested = read_picture_set("test")
    assert tested is not None
    found = result_or_offer(
        f"gate profile of {model.version} on {tested.fingerprint}",
        lambda: _measure(model, split),
        _("Measure the class profile"),
        _(
            "This model has no class profile on its card yet. Measuring it runs all {count} test "
            "images through the network once, in the background.",
            count=len(split.labels),
        ),
    )
    if found is None:
        return None
    names = [key.removesuffix(" mean") for key in found if key.endswith(" mean")]
    gates = {name: (found[f"{name} mean"], found[f"{name} spread"]) for name in names}
    return ClassProfile(gates, np.bincount(split.labels, minlength=len(model.classes)), False)


def _measure(model: Model, split: Split) -> Generator[float, None, Result]:
    steps = gate_profile_steps(
        model.checkpoint.model, batches(model, split), classes=len(model.classes)
    )
    profile = yield from part_of(steps, 0, 1 / len(split.labels))
    return {
        f"{name} {what}": array
        for name, pair in profile.items()
        for what, array in zip(("mean", "spread"), pair, strict=True)
    }


def gate_label(model: Model, name: str) -> str:
    """A gate’s place in the network: "2", or "2.1" for the first block of the second stage."""
    found = model.checkpoint.architecture.stage_of(name)
    return found[0].label(found[1]) if found else name


def orders() -> dict[str, str]:
    """How the channels of a profile can be sorted."""
    return {
        "number": _("By number"),
        "gate": _("By mean gate"),
        "classes": _("By between-class spread"),
        "alike": _("Clustered"),
    }


def sorted_gates(
    model: Model, mean: np.ndarray, spread: np.ndarray, order: str, differences: bool
) -> tuple[ClassGates, list[int]]:
    """One stage's profile as drawn, and the class (label) of each of its rows."""
    rows = np.arange(len(mean))
    channels = np.arange(mean.shape[1])
    apart = mean - np.nanmean(mean, axis=0)
    if order == "gate":
        channels = np.argsort(-np.nanmean(mean, axis=0), kind="stable")
    elif order == "classes":
        channels = np.argsort(-np.nanstd(mean, axis=0), kind="stable")
    elif order == "alike":
        rows, channels = clustered(apart), clustered(apart.T)
    place = np.ix_(rows, channels)
    names = [class_name(model.classes[row]) for row in rows]
    drawn = apart if differences else mean
    gates = ClassGates(
        names, channels.tolist(), drawn[place], mean[place], spread[place], signed=differences
    )
    return gates, rows.tolist()


@dataclass(frozen=True)
class StageDifference:
    """How far the classes differ at one gate, with its name on the page and its words."""

    gate: str
    name: str
    found: ClassDifference

    @property
    def title(self) -> str:
        """The stage, or in a ResNet the block, as it is called in a sentence."""
        if "." in self.name:
            return _("block {block}", block=self.name)
        return _("stage {stage}", stage=self.name)

    @property
    def hover(self) -> str:
        """The three numbers in words."""
        return "<br>".join(
            [
                f"<b>{self.title}</b>",
                _("share of variance explained by class: {share}", share=percent(self.found.share)),
                _("class means deviate from their average by ±{gate:.4f}", gate=self.found.between),
                _("images deviate from their class mean by ±{gate:.4f}", gate=self.found.within),
            ]
        )


def stage_differences(model: Model, profile: ClassProfile) -> list[StageDifference]:
    """The one number of every gate, in the order of the data."""
    return [
        StageDifference(
            name, gate_label(model, name), class_difference(mean, spread, profile.counts)
        )
        for name, (mean, spread) in profile.gates.items()
    ]


def story(stages: list[StageDifference], profile: ClassProfile) -> str:
    """What the classes explain of early and late gates, in words."""
    if not np.isfinite([stages[0].found.share, stages[-1].found.share]).all():
        return _("The gates of this model are not numbers, so the classes cannot be compared.")
    return _memorised_story(stages) if profile.memorised else paper_story(stages)


def _memorised_story(stages: list[StageDifference]) -> str:
    """Of gates on training pictures: what is measured, and that it is nothing to judge by."""
    return _(
        "Measured on the images that the model was trained on (quick demo), because it has no "
        "test images of its own: there the class explains **{first}** of the gate variance in the "
        "first {unit} and **{last}** in the last. What it would be on other images, these numbers "
        "do not tell, so they are not compared with the paper.",
        first=percent(stages[0].found.share),
        last=percent(stages[-1].found.share),
        unit=_unit(stages),
    )


def _unit(stages: list[StageDifference]) -> str:
    return _("block") if "." in stages[0].name else _("stage")


def paper_story(stages: list[StageDifference]) -> str:
    """What the paper found about early and late gates, held against what is measured here."""
    first, last = stages[0].found, stages[-1].found
    unit = _unit(stages)
    found = _(
        "The SE paper (arXiv 1709.01507, section 7.2) found that early gates are nearly the same "
        "for all classes, and late ones class-specific. Here the class explains **{first}** of "
        "the gate variance in the first {unit} and **{last}** in the last: ",
        first=percent(first.share),
        last=percent(last.share),
        unit=unit,
    )
    step = last.share - first.share
    if len(stages) < 2 or abs(step) < 0.05:
        found += _("no such rise.")
    elif step > 0:
        found += _("a rise, as in the paper.")
    else:
        found += _("a fall, unlike in the paper.")
    told = [found]
    most = max(stages, key=lambda stage: stage.found.share)
    if most is not stages[-1] and most.found.share > first.share + 0.05:
        told.append(
            _(
                "It is highest in {stage} ({share}) and drops afterwards; in the paper, too, the "
                "very last blocks treat all classes nearly alike.",
                stage=most.title,
                share=percent(most.found.share),
            )
        )
    if last.between < LITTLE:
        told.append(
            _(
                "But the differences are small: in the last {unit} the mean gate of a class "
                "deviates from the average of all classes by only ±{gate:.4f}, too "
                "little to matter.",
                unit=unit,
                gate=last.between,
            )
        )
    return paragraph(told)


def hover() -> str:
    """Under the pointer on a profile: class, channel, gate and spread."""
    return _(
        "<b>{name}</b>, channel {channel}<br>gate {gate} ± {spread}",
        name="{name}",
        channel="%{customdata[0]}",
        gate="%{customdata[1]:.4f}",
        spread="%{customdata[2]:.4f}",
    )
