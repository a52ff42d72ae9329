"""The gates of a stage in words: how they are spread, and how much they vary between images."""

from collections.abc import Mapping

import numpy as np

from cnnattn.explain.gate_variability import GateVariability, recorded_variability
from cnnattn.explain.inside import Inside
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.inside import around_gate, gate_kind
from cnnattn.web.attention.module_steps import extremes
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _, paragraph, percent

Array = np.ndarray
FLAT = 0.02  # gates that span less do nothing that the next layer could not do


def is_flat(weights: Array) -> bool:
    """Whether several gates are so alike that they decide nothing."""
    return weights.size > 1 and float(np.ptp(weights)) < FLAT


def gate_story(weights: Array) -> str:
    """Of gates per channel (C,): how they are spread, and which are the largest and smallest."""
    low, mean, high = float(weights.min()), float(weights.mean()), float(weights.max())
    if len(weights) == 1:
        return _(
            "This stage has one channel, and its gate is {gate:.3f}: there is no other "
            "channel to compare it with.",
            gate=mean,
        )
    if is_flat(weights):
        return _(
            "All gates lie between {low:.3f} and {high:.3f}: the module multiplies every channel "
            "by nearly the same number, which the next layer could do by itself. For this image, "
            "the attention of this stage decides nothing.",
            low=low,
            high=high,
        )
    largest, smallest = extremes(weights, 1)
    return _(
        "Relative to the mean gate of {mean:.2f}, channel **{largest}** is emphasised most "
        "({high:.2f}) and channel **{smallest}** least ({low:.2f}). A sigmoid stays below 1, so "
        "every map is attenuated; what counts is which ones less.",
        mean=mean,
        largest=largest[0],
        smallest=smallest[0],
        low=low,
        high=high,
    )


def position_story(weights: Array) -> str:
    """The same of a gate with positions, (1, H, W) or (C, H, W)."""
    low, mean, high = float(weights.min()), float(weights.mean()), float(weights.max())
    if is_flat(weights):
        return _(
            "All weights lie between {low:.3f} and {high:.3f}: every position is multiplied by "
            "nearly the same number. For this image, the attention of this stage decides nothing.",
            low=low,
            high=high,
        )
    channel, row, column = np.unravel_index(int(weights.argmax()), weights.shape)
    if gate_kind(weights) == "place":
        return _(
            "The weights of the positions run from {low:.2f} to {high:.2f}, mean {mean:.2f}; the "
            "largest is at row {row}, column {column}.",
            low=low,
            high=high,
            mean=mean,
            row=row,
            column=column,
        )
    return _(
        "The weights of the pixels run from {low:.2f} to {high:.2f}, mean {mean:.2f}; the largest "
        "is in channel {channel} at row {row}, column {column}.",
        low=low,
        high=high,
        mean=mean,
        channel=channel,
        row=row,
        column=column,
    )


def variability(model: Model) -> Mapping[str, GateVariability]:
    """Gate -> how much it varies over the pictures that the model was tested on, as its card tells
    it."""
    return recorded_variability(model.checkpoint.card.get("results", {}))


def variability_story(varies: GateVariability, memorised: bool = False) -> str:
    """How much a module attends: how far its gates move from image to image.

    ``memorised``: these are the images that the model was trained on.
    """
    values = {"deviation": varies.over_pictures, "share": percent(varies.explained)}
    told = [
        _(
            "Over the images that the model was trained on (quick demo), each of these gates "
            "varies by **±{deviation:.2g}** from image to image; the class explains {share} of "
            "that variance.",
            **values,
        )
        if memorised
        else _(
            "Over the test images, each of these gates varies by **±{deviation:.2g}** from image "
            "to image; the class explains {share} of that variance.",
            **values,
        )
    ]
    if varies.over_places is not None:
        told.append(
            _(
                "Within one image it varies by ±{deviation:.2g} from position to position.",
                deviation=varies.over_places,
            )
        )
    if varies.open is not None and varies.shut is not None:
        told.append(
            _(
                "{open} of the gates are nearly open (above 0.9), {shut} nearly shut (below 0.1).",
                open=percent(varies.open),
                shut=percent(varies.shut),
            )
        )
    if varies.hardly_attends:
        told.append(_("They are nearly constants: this module hardly attends."))
    return paragraph(told)


def stage_title(stage: Stage) -> str:
    """What a stage is called in a sentence; of a ResNet with the block that is shown."""
    if stage.block:
        return _("stage {stage} (block {block})", stage=stage.name, block=stage.block)
    return _("stage {stage}", stage=stage.name)


def module_words(model: Model, stage: Stage, inside: Inside, gate: str | None) -> str:
    """What there is to see of a module in figures, for somebody who cannot see it."""
    before, after = around_gate(inside, gate)
    told = [
        _("The attention of {model} in {stage}, step by step, from {count} feature maps of "
          "{height}×{width} with mean activation {before:.3f} to maps with mean {after:.3f}",
          model=model.title, stage=stage_title(stage), count=len(before), height=before.shape[1],
          width=before.shape[2], before=before.mean(), after=after.mean())
    ]  # fmt: skip
    if gate is not None:
        weights = inside.gates[gate]
        told.append(
            _(
                "gates from {low:.2f} to {high:.2f}, mean {mean:.2f}",
                low=weights.min(),
                high=weights.max(),
                mean=weights.mean(),
            )
        )
    elif inside.affinity is not None or inside.added is not None:
        told.append(
            _(
                "the module adds from {low:+.2f} to {high:+.2f}",
                low=(after - before).min(),
                high=(after - before).max(),
            )
        )
    return "; ".join(told)
