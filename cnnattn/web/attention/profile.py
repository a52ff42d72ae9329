"""The class profile: what the gates of a model are for each class, from its card or measured."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from cnnattn.data.datasets import Split
from cnnattn.data.pictures import normalise
from cnnattn.explain.gates import Profile, gate_profile_steps
from cnnattn.explain.profile import ClassDifference, class_difference, clustered
from cnnattn.figures.attention.class_profile import ClassGates
from cnnattn.problem import Problem
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result, result_or_offer
from cnnattn.web.shell.text import _, class_name, percent

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
        yield normalise(torch.from_numpy(pictures), **model.statistics), torch.from_numpy(labels)


def no_test_pictures() -> None:
    """Say that there is nothing to measure on."""
    st.info(
        _(
            "The CIFAR-10 test pictures are not here yet. With a network, run once: "
            "`python -m cnnattn download`"
        )
    )


def class_gates(model: Model) -> Profile | None:
    """The profile from the card, else measured in the background; None while there is none."""
    card = model.checkpoint.card.get("results", {}).get("gates")
    if card:
        return {
            name: (np.array(found["mean"]), np.array(found["spread"]))
            for name, found in card.items()
        }
    split = test_split(model)
    if split is None:
        no_test_pictures()
        return None
    found = result_or_offer(
        f"gate profile of {model.version} on {loaders.DATA} ({len(split.labels)})",
        lambda: _measure(model, split),
        _("Measure the class profile"),
        _("This model has no class profile on its card yet. Measuring it runs all {count} test "
          "pictures through the network, once, behind the pages.", count=len(split.labels)),
    )  # fmt: skip
    if found is None:
        return None
    names = [key.removesuffix(" mean") for key in found if key.endswith(" mean")]
    return {name: (found[f"{name} mean"], found[f"{name} spread"]) for name in names}


def _measure(model: Model, split: Split) -> Generator[float, None, Result]:
    steps = gate_profile_steps(
        model.checkpoint.model, batches(model, split), classes=len(model.classes)
    )
    while True:
        try:
            yield next(steps) / len(split.labels)
        except StopIteration as end:
            profile: Profile = end.value
            return {
                f"{name} {what}": array
                for name, pair in profile.items()
                for what, array in zip(("mean", "spread"), pair, strict=True)
            }


def gate_label(name: str) -> str:
    """A gate’s place in the network: "2", or "2.1" for the first block of the second stage."""
    stage, *block = re.findall(r"\d+", name)
    return ".".join([stage, *(str(int(number) + 1) for number in block)])


def orders() -> dict[str, str]:
    """How the channels of a profile can be sorted."""
    return {
        "number": _("By number"),
        "gate": _("By mean gate"),
        "classes": _("By how far classes differ"),
        "alike": _("Alike side by side"),
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
    def hover(self) -> str:
        """The three numbers in words."""
        return "<br>".join(
            [
                _("<b>Stage {stage}</b>", stage=self.name),
                _("share of the variance between the classes: {share}",
                  share=percent(self.found.share)),
                _("a class differs from the mean of all by ±{gate:.4f}", gate=self.found.between),
                _("a picture differs from its class by ±{gate:.4f}", gate=self.found.within),
            ]
        )  # fmt: skip


def stage_differences(profile: Profile) -> list[StageDifference]:
    """The one number of every gate, in the order of the data."""
    return [
        StageDifference(name, gate_label(name), class_difference(mean, spread))
        for name, (mean, spread) in profile.items()
    ]


def paper_story(stages: list[StageDifference]) -> str:
    """What the paper found about early and late gates, held against what is measured here."""
    first, last = stages[0].found, stages[-1].found
    if not np.isfinite([first.share, last.share]).all():
        return _("The gates of this model are not numbers, so the classes cannot be compared.")
    story = _(
        "The SE paper (arXiv 1709.01507, section 7.2) found that early gates are nearly the same "
        "for all classes, and late ones belong to certain classes. Here the class explains "
        "**{first}** of the gates’ variance in the first stage and **{last}** in the last: ",
        first=percent(first.share), last=percent(last.share),
    )  # fmt: skip
    step = last.share - first.share
    if len(stages) < 2 or abs(step) < 0.05:
        story += _("no such rise.")
    elif step > 0:
        story += _("a rise as in the paper.")
    else:
        story += _("the other way round.")
    most = max(stages, key=lambda stage: stage.found.share)
    if most is not stages[-1] and most.found.share > first.share + 0.05:
        story += " " + _(
            "It is highest in stage {stage} ({share}) and falls behind it; the paper’s very last "
            "blocks, too, treat all classes nearly alike.",
            stage=most.name, share=percent(most.found.share),
        )  # fmt: skip
    if last.between < LITTLE:
        story += " " + _(
            "But look at the size: in the last stage a class’s mean gate is only ±{gate:.4f} away "
            "from the mean of all classes. A difference may be regular and yet too small to "
            "matter.",
            gate=last.between,
        )  # fmt: skip
    return story


def hover() -> str:
    """Under the pointer on a profile: class, channel, gate and spread."""
    return _(
        "<b>{name}</b>, channel {channel}<br>gate {gate} ± {spread}",
        name="{name}", channel="%{customdata[0]}", gate="%{customdata[1]:.4f}",
        spread="%{customdata[2]:.4f}",
    )  # fmt: skip
