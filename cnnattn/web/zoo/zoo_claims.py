"""What may be claimed of the compared networks, in sentences."""

import math
from collections.abc import Sequence

from cnnattn.explain.gate_variability import HARDLY
from cnnattn.training.comparison import Difference, seeds_needed
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.shell.text import _, paragraph, percent
from cnnattn.web.zoo.zoo import has_gates
from cnnattn.web.zoo.zoo_results import (
    VARIABILITY,
    Comparison,
    deviation_elsewhere,
    percent_of,
    speed,
)


def result_story(comparison: Comparison | None, kind: str) -> str:
    """How the network with this attention did, and whether that is more than chance."""
    if comparison is None or kind not in comparison.accuracies:
        return _("There is no result of this network yet.")
    gap = comparison.differences[kind]
    seeds = (len(comparison.accuracies[kind]), len(comparison.accuracies["none"]))
    first = _(
        "**{accuracy}** of {pictures:,} test images are classified correctly ({seeds}), "
        "{difference:+.2f} percentage points against the same network without attention "
        "({others}).",
        accuracy=percent_of(comparison.mean(kind)),
        pictures=comparison.pictures,
        seeds=_mean_over(seeds[0]),
        difference=100 * gap.value,
        others=_mean_over(seeds[1]),
    )
    return paragraph([first, _claim(gap, seeds, len(comparison.differences))])


def _mean_over(seeds: int) -> str:
    return _("one seed") if seeds == 1 else _("mean over {seeds} seeds", seeds=seeds)


def _claim(gap: Difference, seeds: tuple[int, int], comparisons: int) -> str:
    """What a difference of means over so many ``seeds`` (of the kind, of no attention) tells.

    Its bound holds for such means: two single networks differ by more.
    """
    if math.isinf(gap.chance):
        return _("With one seed per kind, no difference can be told from chance.")
    certainty = (
        "95%"
        if comparisons == 1
        else _("95%, Holm's correction for {comparisons} comparisons", comparisons=comparisons)
    )
    first, second = seeds
    over = str(first) if first == second else _("{first} and {second}", first=first, second=second)
    values = {"seeds": over, "chance": 100 * gap.chance, "certainty": certainty}
    if gap.larger_than_chance:
        return _(
            "That is more than seed noise explains: by chance alone, the means of two equally good "
            "kinds (seeds: {seeds}) differ by up to {chance:.2f} points ({certainty}).",
            **values,
        )
    return _(
        "By chance alone, the means of two equally good kinds (seeds: {seeds}) differ by up to "
        "{chance:.2f} points ({certainty}), so neither a gain nor a loss can be claimed.",
        **values,
    )


def attending_story(comparison: Comparison | None, kind: str) -> str:
    """How much this module attends, in a sentence or two; nothing without a trained network."""
    if comparison is None or kind not in comparison.accuracies:
        return ""
    if not has_gates(comparison.arch, kind):
        return _("It adds to the feature maps and has no gates, so there is no gate variability.")
    gate = comparison.variability.get(kind)
    if gate is None:
        return _("The model card does not tell how much its gates vary.")
    if gate.hardly_attends:
        return _(
            "It hardly attends: from image to image, the gates of its last stage vary by only "
            "±{deviation:.3f} (below {threshold}), so they are nearly constants.",
            deviation=gate.over_pictures,
            threshold=HARDLY,
        )
    return _(
        "From image to image, the gates of its last stage vary by ±{deviation:.3f}; the class "
        "explains {share} of that variance.",
        deviation=gate.over_pictures,
        share=percent(gate.explained),
    )


def overall_story(comparison: Comparison) -> str:
    """Which kinds differ from the baseline by more than seed noise, and what would tell more."""
    gaps = comparison.differences
    if not gaps:
        return _("There is no result of a network with attention yet.")
    if all(math.isinf(gap.chance) for gap in gaps.values()):
        unknown = _(
            "Every kind was trained with one seed, so seed noise is not known: no difference can "
            "be told from chance."
        )
        elsewhere = deviation_elsewhere(comparison.arch)
        if math.isnan(elsewhere):
            return paragraph([unknown, _("At least two seeds per kind are needed to measure it.")])
        return paragraph([unknown, _plan(elsewhere, len(gaps))])
    sentences = [
        _(
            "The same network, trained with other seeds, varies by ±{deviation:.2f} percentage "
            "points (standard deviation).",
            deviation=100 * comparison.deviation,
        )
    ]
    beyond = {kind: gap.value for kind, gap in gaps.items() if gap.larger_than_chance}
    if better := [kind for kind, value in beyond.items() if value > 0]:
        sentences.append(_("Better than seed noise explains: {names}.", names=names(better)))
    if worse := [kind for kind, value in beyond.items() if value < 0]:
        sentences.append(_("Worse than seed noise explains: {names}.", names=names(worse)))
    if within := [kind for kind in gaps if kind not in beyond]:
        sentences.append(_("Indistinguishable from no attention: {names}.", names=names(within)))
    return paragraph([*sentences, _plan(comparison.left, len(gaps))])


def _plan(deviation: float, comparisons: int) -> str:
    return _(
        "To tell a difference of half a point from chance (power 80%), {seeds} seeds of each kind "
        "are needed at a deviation of ±{deviation:.2f} points.",
        seeds=seeds_needed(deviation, comparisons),
        deviation=100 * deviation,
    )


def conditions(comparison: Comparison) -> str:
    """How the networks were trained and compared, where time was measured, what was left out."""
    sentences = [
        _("All were trained for {epochs} epochs with the same recipe and tested on {pictures:,} "
          "images.", epochs=comparison.epochs, pictures=comparison.pictures),
    ]  # fmt: skip
    gaps = [gap for gap in comparison.differences.values() if math.isfinite(gap.chance)]
    if gaps:
        sentences += [
            _("The grey band is the one by which it is decided: within it, a difference from the "
              "dashed line (no attention) is put down to the seeds (95% for all comparisons "
              "together, by Holm's correction)."),
            _("Networks with the same seed are compared with each other, then averaged.")
            if gaps[0].paired
            else _("Means are compared without pairing, since not all kinds have the same seeds."),
        ]  # fmt: skip
    if times := speed():
        sentences.append(_("The time is that of one core of {machine}.", machine=times["machine"]))
    sentences.append(
        _(
            "Multiply-adds count convolutions, linear layers and matrix products; means, sigmoids "
            "and the product with the gate are not counted, but take time all the same."
        )
    )
    if comparison.others:
        sentences.append(
            _("Left out, since trained in another way: {names}.", names=names(comparison.others))
        )
    return paragraph(sentences)


def variability_conditions(comparison: Comparison) -> str:
    """What gate variability is, and why some kinds have none."""
    lacking = [kind for kind in comparison.differences if kind not in comparison.variability]
    without = [kind for kind in lacking if not has_gates(comparison.arch, kind)]
    unknown = [kind for kind in lacking if kind not in without]
    sentences = [
        _("Gate variability: the standard deviation of a gate over the test images, averaged over "
          "the last stage, of the network that ships (for CBAM, of its channel gates).")
    ]  # fmt: skip
    if without:
        sentences.append(
            _("Without a value, since they add and have no gates: {names}.", names=names(without))
        )
    if unknown:
        sentences.append(
            _(
                "Without a value, since their model cards do not tell it: {names}.",
                names=names(unknown),
            )
        )
    return paragraph(sentences)


def figure_words(comparison: Comparison, axis: str) -> str:
    """The main numbers of the figure, for those who cannot see it."""
    each = [
        f"{KINDS[kind].name} {percent_of(comparison.mean(kind))}"
        + (
            f" (±{comparison.variability[kind].over_pictures:.3f})"
            if axis == VARIABILITY and kind in comparison.variability
            else ""
        )
        for kind in comparison.accuracies
    ]
    return _(
        "Mean accuracy: {each}. {story}", each="; ".join(each), story=overall_story(comparison)
    )


def names(kinds: Sequence[str]) -> str:
    """Kinds as they are called in titles."""
    return _(", ").join(KINDS[kind].name for kind in kinds)
