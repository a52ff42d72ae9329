"""The attention zoo compared: results over seeds, measured times, and what may be claimed."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.figures.scores.trade_off import Point
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import read_card
from cnnattn.problem import Problem
from cnnattn.training.results import (
    Difference,
    Result,
    comparable,
    difference,
    read_results,
    result_of,
    spread,
)
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.shell.text import _, attention_name, paragraph
from cnnattn.web.zoo import zoo
from cnnattn.web.zoo.zoo_words import attends_to


@dataclass(frozen=True)
class Comparison:
    """The networks of one architecture that were trained alike."""

    arch: str
    accuracies: dict[str, list[float]]  # kind -> 0 … 1, one a seed
    pictures: int  # in the test set
    epochs: int
    deviation: float  # of one and the same network over seeds; NaN if no network has two seeds
    freedom: int  # its degrees of freedom
    others: list[str]  # kinds whose networks were trained in another way

    @property
    def baseline(self) -> float:
        """Mean accuracy without attention."""
        return statistics.mean(self.accuracies["none"])

    def difference(self, kind: str) -> Difference:
        """How far a kind is from the network without attention."""
        return difference(
            self.accuracies["none"], self.accuracies[kind], self.deviation, self.freedom
        )


def compare(arch: str) -> Comparison | None:
    """All results of an architecture that may be compared, None without a baseline.

    Raises Problem for a damaged list of results.
    """
    known = [r for r in [*_shipped_results(), *_recorded()] if r.arch == arch]
    reference = next((r for r in known if r.attention == "none"), None)
    if reference is None:
        return None
    alike = comparable(known, reference)
    accuracies = {
        kind: [r.accuracy for r in alike if r.attention == kind]
        for kind in ATTENTION
        if any(r.attention == kind for r in alike)
    }
    deviation, freedom = spread(accuracies.values())
    others = {r.attention for r in known} - accuracies.keys()
    return Comparison(
        arch, accuracies, reference.pictures, reference.config["epochs"], deviation, freedom,
        [kind for kind in ATTENTION if kind in others],
    )  # fmt: skip


def _shipped_results() -> list[Result]:
    results = []
    for file in sorted(loaders.CHECKPOINTS.glob("*.safetensors")):
        with suppress(Problem):  # a file that is damaged, or whose card has no results
            results.append(result_of(*read_card(file)))
    return results


def _recorded() -> list[Result]:
    return read_results(loaders.CHECKPOINTS / "results.json")


def speed() -> Mapping[str, Any] | None:
    """What ``benchmarks/attention.py`` measured, None if that is not there or damaged."""
    with suppress(OSError, ValueError):
        found = json.loads((loaders.CHECKPOINTS / "speed.json").read_text("utf-8"))
        if isinstance(found, dict) and {"machine", "pictures", "milliseconds"} <= found.keys():
            return found
    return None


def milliseconds(arch: str, kind: str) -> float | None:
    """Measured time of this network for as many pictures as ``speed`` says."""
    return (speed() or {}).get("milliseconds", {}).get(arch, {}).get(kind)


def cost_titles() -> tuple[list[str], list[bool]]:
    """The titles of the drawn costs of ``points``, and which have a logarithmic axis."""
    times = speed()
    if times is None:
        return [_("Accuracy against added parameters")], [True]
    return [
        _("Accuracy against added parameters"),
        _("Accuracy against milliseconds for {pictures} pictures", pictures=times["pictures"]),
    ], [True, True]


def conditions(found: Comparison) -> str:
    """How the networks were trained, where the time was measured, and what was left out."""
    sentences = [
        _("All were trained for {epochs} epochs with the same recipe and tested on {pictures:,} "
          "pictures.", epochs=found.epochs, pictures=found.pictures),
    ]  # fmt: skip
    if times := speed():
        sentences.append(_("The time is that of one core of {machine}.", machine=times["machine"]))
    sentences.append(
        _("Multiply-adds count convolutions, linear layers and products of matrices; means, "
          "sigmoids and the product with the gate are not among them, but take time all the same.")
    )  # fmt: skip
    if found.others:
        sentences.append(
            _("Left out, since trained in another way: {names}.", names=_names(found.others))
        )
    return paragraph(sentences)


def points(found: Comparison) -> list[Point]:
    """A point a kind, with its costs: added parameters, measured milliseconds."""
    shown = []
    for kind, accuracies in found.accuracies.items():
        parameters, time = zoo.added(found.arch, kind)[0], milliseconds(found.arch, kind)
        lines = [
            f"<b>{attention_name(kind)}</b>",
            _("accuracy {accuracy}, seeds: {seeds}",
              accuracy=points_of(statistics.mean(accuracies)), seeds=len(accuracies)),
            _("{parameters:,} parameters added", parameters=parameters),
        ]  # fmt: skip
        if time is not None:
            lines.append(_("{time:.0f} ms", time=time))
        colour = ATTENTION_COLOURS[kind]
        shown.append(
            Point(attention_name(kind), colour, accuracies, [parameters, time], "<br>".join(lines))
        )
    return shown


def rows(found: Comparison) -> list[dict[str, object]]:
    """The comparison as a table, a row a kind."""
    table = []
    for kind, accuracies in found.accuracies.items():
        parameters, multiply_adds = zoo.added(found.arch, kind)
        several = len(accuracies) > 1
        table.append(
            {
                _("attention"): attention_name(kind),
                _("attends to"): attends_to(kind),
                _("added parameters"): parameters,
                _("added multiply-adds"): multiply_adds,
                _("milliseconds"): milliseconds(found.arch, kind),
                _("accuracy in %"): 100 * statistics.mean(accuracies),
                _("seeds"): len(accuracies),
                _("spread over seeds"): 100 * statistics.stdev(accuracies) if several else None,
                _("against none, points"): None if kind == "none"
                else 100 * found.difference(kind).value,
            }
        )  # fmt: skip
    return table


def formats() -> dict[str, Any]:
    """How the columns of ``rows`` are written, by their titles."""
    number = st.column_config.NumberColumn
    return {
        _("added parameters"): number(format="localized"),
        _("added multiply-adds"): number(format="localized"),
        _("milliseconds"): number(format="%.0f"),
        _("accuracy in %"): number(format="%.2f"),
        _("spread over seeds"): number(format="%.2f"),
        _("against none, points"): number(format="%+.2f"),
    }


def result_story(found: Comparison | None, kind: str) -> str:
    """How the network with this attention did, and whether that is more than chance."""
    if found is None or kind not in found.accuracies:
        return _("There is no result of this network yet.")
    mean = statistics.mean(found.accuracies[kind])
    gap = found.difference(kind)
    first = _(
        "**{accuracy}** of {pictures:,} test pictures are recognised, {difference:+.2f} points "
        "against the same network without attention.",
        accuracy=points_of(mean), pictures=found.pictures, difference=100 * gap.value,
    )  # fmt: skip
    return paragraph([first, _claim(gap)])


def _claim(gap: Difference) -> str:
    if math.isinf(gap.chance):
        return _("With one seed each, nobody can tell such a difference from chance.")
    if gap.larger_than_chance:
        return _(
            "That is more than other seeds alone would make of it: they part two such networks by "
            "up to {chance:.2f} points (19 times in 20).",
            chance=100 * gap.chance,
        )
    return _(
        "That is within the spread over seeds: chance alone parts two such networks by up to "
        "{chance:.2f} points (19 times in 20), so neither a gain nor a loss can be claimed.",
        chance=100 * gap.chance,
    )


def overall_story(found: Comparison) -> str:
    """Which kinds differ from the baseline by more than the spread over seeds."""
    kinds = [kind for kind in found.accuracies if kind != "none"]
    if not kinds:
        return _("There is no result of a network with attention yet.")
    if not found.freedom:
        return _(
            "Every network was trained with one seed, so the spread over seeds is not known: none "
            "of these differences is known to be more than chance."
        )
    gaps = {kind: found.difference(kind) for kind in kinds}
    spread_words = _(
        "One and the same network, trained with other seeds, varies by ±{deviation:.2f} points "
        "(standard deviation).",
        deviation=100 * found.deviation,
    )
    better = _names(
        [kind for kind, gap in gaps.items() if gap.larger_than_chance and gap.value > 0]
    )
    worse = _names([kind for kind, gap in gaps.items() if gap.larger_than_chance and gap.value < 0])
    within = _names([kind for kind, gap in gaps.items() if not gap.larger_than_chance])
    sentences = [spread_words]
    if better:
        sentences.append(_("Better by more than that explains: {names}.", names=better))
    if worse:
        sentences.append(_("Worse by more than that explains: {names}.", names=worse))
    if within:
        sentences.append(_("Not to be told from no attention: {names}.", names=within))
    return paragraph(sentences)


def _names(kinds: Sequence[str]) -> str:
    return _(", ").join(attention_name(kind) for kind in kinds)


def points_of(share: float) -> str:
    """0.8453 as “84.53 %”: of 10,000 pictures, every hundredth of a point is one picture."""
    return f"{100 * share:.2f} %"
