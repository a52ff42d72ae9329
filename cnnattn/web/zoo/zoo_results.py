"""The attention zoo compared: results over seeds, measured times, how much the gates vary."""

import json
import math
import statistics
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnattn.explain.gate_variability import GateVariability, recorded_variability
from cnnattn.figures.scores.trade_off import Point
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import read_card
from cnnattn.problem import Problem
from cnnattn.training.comparison import (
    Difference,
    differences,
    have_same_seeds,
    residual,
    spread,
)
from cnnattn.training.results import Result, comparable, read_results, result_of
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.shell.text import _
from cnnattn.web.zoo import zoo

COST, VARIABILITY = "cost", "variability"
AXES = (COST, VARIABILITY)  # what accuracy is drawn against


@dataclass(frozen=True)
class Comparison:
    """The networks of one architecture that were trained alike."""

    arch: str
    accuracies: dict[str, dict[int, float]]  # kind -> seed -> 0 … 1
    pictures: int  # in the test set
    epochs: int
    deviation: float  # of the same network over seeds; NaN if no network has two seeds
    left: float  # the same, where all kinds have the same seeds without what these have in common
    differences: dict[str, Difference]  # kind -> against no attention
    variability: dict[str, GateVariability]  # kind -> of its shipped network's last channel gate
    others: list[str]  # kinds whose networks were trained in another way

    @property
    def baseline(self) -> float:
        """Mean accuracy without attention."""
        return self.mean("none")

    def mean(self, kind: str) -> float:
        """Mean accuracy of a kind over its seeds."""
        return statistics.mean(self.accuracies[kind].values())


def compare(arch: str) -> Comparison | None:
    """All results of an architecture that may be compared, None without a baseline.

    Raises Problem for a damaged list of results.
    """
    cards = _shipped()
    shipped = [card.result for card in cards.values() if card.result is not None]
    known = [r for r in [*shipped, *_recorded()] if r.arch == arch]
    reference = next((r for r in known if r.attention == "none"), None)
    if reference is None:
        return None
    alike = comparable(known, reference)
    accuracies = {
        kind: {r.seed: r.accuracy for r in alike if r.attention == kind}
        for kind in ATTENTION
        if any(r.attention == kind for r in alike)
    }
    deviation, _freedom = spread([[*found.values()] for found in accuracies.values()])
    paired = have_same_seeds(accuracies.values())
    left = residual([*accuracies.values()])[0] if paired and len(accuracies) > 1 else deviation
    others = {r.attention for r in known} - accuracies.keys()
    return Comparison(
        arch,
        accuracies,
        reference.pictures,
        reference.config["epochs"],
        deviation,
        left,
        differences(accuracies, "none"),
        {
            kind: card.variability
            for kind in accuracies
            if (card := cards.get(f"{arch}-{kind}")) and card.variability
        },
        [kind for kind in ATTENTION if kind in others],
    )


def deviation_elsewhere(arch: str) -> float:
    """The largest deviation over seeds of another architecture's networks, NaN if none is known."""
    found = [compare(other) for other in ARCHITECTURES if other != arch]
    known = [each.left for each in found if each is not None and math.isfinite(each.left)]
    return max(known, default=math.nan)


@dataclass(frozen=True)
class _Card:
    """What the comparison takes from one checkpoint's card."""

    result: Result | None  # None if the card does not tell how the network was trained
    variability: GateVariability | None  # of its last gate (of CBAM, the channel gate)


@st.cache_data(max_entries=64, show_spinner=False)
def _card(file: str, modified: int) -> _Card:
    result, known = None, []
    with suppress(Problem):  # a damaged file
        spec, card = read_card(file)
        gates = recorded_variability(card.get("results", {}))
        known = [gate for name, gate in gates.items() if not name.endswith(".spatial.gate")]
        with suppress(Problem):  # a card without results
            result = result_of(spec, card)
    known = [gate for gate in known[-1:] if math.isfinite(gate.over_pictures)]
    return _Card(result, known[0] if known else None)


def _shipped() -> dict[str, _Card]:
    """Name of a checkpoint that ships -> what its card tells."""
    files = sorted(loaders.CHECKPOINTS.glob("*.safetensors"))
    return {file.stem: _card(str(file), file.stat().st_mtime_ns) for file in files}


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


def axis_name(axis: str) -> str:
    """What accuracy is drawn against, as a choice."""
    return {COST: _("cost"), VARIABILITY: _("gate variability")}[axis]


def axis_titles(axis: str) -> tuple[list[str], list[bool]]:
    """The titles of the panels that ``points`` are drawn in, and which are logarithmic."""
    if axis == VARIABILITY:
        return [_("Accuracy vs. gate variability (last stage)")], [False]
    parameters, times = _("Accuracy vs. added parameters"), speed()
    if times is None:
        return [parameters], [True]
    time = _("Accuracy vs. milliseconds for {pictures} images", pictures=times["pictures"])
    return [parameters, time], [True, True]


def points(comparison: Comparison, axis: str) -> list[Point]:
    """A point per kind, with its costs (added parameters, measured milliseconds) or, on the axis
    of gate variability, with that."""
    shown = []
    for kind, accuracies in comparison.accuracies.items():
        parameters, time = zoo.added(comparison.arch, kind)[0], milliseconds(comparison.arch, kind)
        gate = comparison.variability.get(kind)
        gap = comparison.differences.get(kind)
        lines = [
            f"<b>{KINDS[kind].name}</b>",
            _("accuracy {accuracy}, seeds: {seeds}",
              accuracy=percent_of(comparison.mean(kind)), seeds=len(accuracies)),
            _("{parameters:,} parameters added", parameters=parameters),
        ]  # fmt: skip
        if time is not None:
            lines.append(_("{time:.0f} ms", time=time))
        if gate is not None:
            lines.append(_("gates vary by ±{deviation:.3f}", deviation=gate.over_pictures))
        variability = None if gate is None else gate.over_pictures
        costs = [parameters, time] if axis == COST else [variability]
        shown.append(
            Point(
                KINDS[kind].name,
                KINDS[kind].colour,
                [*accuracies.values()],
                costs,
                "<br>".join(lines),
                math.inf if gap is None else gap.chance,
            )
        )
    return shown


def rows(comparison: Comparison) -> list[dict[str, object]]:
    """The comparison as a table, a row per kind."""
    table = []
    for kind, accuracies in comparison.accuracies.items():
        parameters, multiply_adds = zoo.added(comparison.arch, kind)
        gap, gate = comparison.differences.get(kind), comparison.variability.get(kind)
        deviation = statistics.stdev(accuracies.values()) if len(accuracies) > 1 else None
        table.append(
            {
                _("attention"): KINDS[kind].name,
                _("accuracy (%)"): 100 * comparison.mean(kind),
                _("seeds"): len(accuracies),
                _("SD over seeds (pp)"): None if deviation is None else 100 * deviation,
                _("Δ vs. none (pp)"): None if gap is None else 100 * gap.value,
                _("chance (±pp)"): 100 * gap.chance
                if gap is not None and math.isfinite(gap.chance)
                else None,
                _("gate variability"): None if gate is None else gate.over_pictures,
                _("added parameters"): parameters,
                _("added multiply-adds"): multiply_adds,
                _("milliseconds"): milliseconds(comparison.arch, kind),
                _("attends to"): _(KINDS[kind].attends),
            }
        )
    return table


def formats() -> dict[str, Any]:
    """How the columns of ``rows`` are written and what they mean, by their titles."""
    number = st.column_config.NumberColumn
    return {
        _("added parameters"): number(format="localized"),
        _("added multiply-adds"): number(format="localized"),
        _("milliseconds"): number(format="%.0f"),
        _("accuracy (%)"): number(
            format="%.2f", help=_("Share of the test images that are classified correctly.")
        ),
        _("SD over seeds (pp)"): number(
            format="%.2f",
            help=_("Standard deviation of the accuracy over seeds, in percentage points."),
        ),
        _("Δ vs. none (pp)"): number(
            format="%+.2f",
            help=_("Difference to the network without attention, in percentage points."),
        ),
        _("chance (±pp)"): number(
            format="%.2f",
            help=_("Smaller differences than this cannot be told from seed noise."),
        ),
        _("gate variability"): number(
            format="±%.3f",
            help=_(
                "Standard deviation of a gate over the test images, averaged over the channels of "
                "the last stage. 0: the gates are constants, nothing is attended to."
            ),
        ),
    }


def percent_of(share: float) -> str:
    """0.8453 as “84.53%”: of 10,000 images, every hundredth of a point is one image."""
    return f"{share:.2%}"
