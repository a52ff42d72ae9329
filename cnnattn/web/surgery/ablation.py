"""What becomes of a class without each channel of a layer, in figures and words."""

import numpy as np
import streamlit as st
import torch

from cnnattn.data.pictures import to_input
from cnnattn.explain.surgery import Ablation, ablate_each
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _, class_name, percent

Array = np.ndarray


def ablation(model: Model, seen: Array, layer: str) -> Ablation:
    """The scores of a picture without each channel of a layer. Do not change it."""
    return _ablation(model, model.version, model.input_picture(seen), layer)


@st.cache_resource(max_entries=64, show_spinner=False)
def _ablation(_model: Model, version: str, seen: Array, layer: str) -> Ablation:
    return ablate_each(_model.checkpoint.model, to_input(seen, **_model.input), layer)


def loss_hovers(
    model: Model, ablation: Ablation, target: int, gates: Array | None, order: Array
) -> list[str]:
    """Of each channel in turn: what becomes of the class without it, and its gate, if any (C,)."""
    whole = _probabilities(ablation.whole)[target]
    without = _probabilities(ablation.without)[:, target]
    label = class_name(model.classes[target])
    # Looked up once, not by channel.
    title, share = _("<b>Without channel {number}</b>"), _("{label}: {before} → {after}")
    score = _("logit: {before:.3f} → {after:.3f}")
    gate = _("gate {gate:.3f}")
    return [
        "<br>".join(
            [
                title.format(number=c),
                share.format(label=label, before=percent(whole, 1), after=percent(without[c], 1)),
                score.format(before=ablation.whole[target], after=ablation.without[c, target]),
                *([] if gates is None else [gate.format(gate=gates[c])]),
            ]
        )
        for c in order
    ]


def loss_rows(ablation: Ablation, target: int) -> list[dict[str, object]]:
    """What the class loses without each channel, a row a channel, for a table."""
    probability, score = ablation.loss(target), ablation.loss(target, probability=False)
    return [
        {
            _("channel"): c,
            _("drop in probability"): float(probability[c]),
            _("drop in logit"): float(score[c]),
        }
        for c in range(len(score))
    ]


def loss_story(model: Model, ablation: Ablation, target: int) -> str:
    """In words: which channel the class depends on most, and how many hardly matter."""
    losses = ablation.loss(target)
    worst = int(losses.argmax())
    whole = float(_probabilities(ablation.whole)[target])
    label = class_name(model.classes[target])
    if len(losses) == 1:
        return _(
            "This stage has one channel; without it, “{label}” goes from {before} to {after}.",
            label=label,
            before=percent(whole),
            after=percent(whole - losses[0]),
        )
    idle = int((np.abs(losses) < 0.01).sum())
    if losses[worst] < 0.01:
        return _(
            "No single channel matters: whichever one is set to zero, “{label}” ({before}) drops "
            "by less than one percentage point. The others compensate.",
            label=label,
            before=percent(whole),
        )
    return _(
        "“{label}” depends most on channel **{channel}**: zeroing it takes p from {before} "
        "to {after}. Of {count} channels, {idle} change it by less than one percentage point "
        "when they alone are zero.",
        label=label,
        channel=worst,
        before=percent(whole),
        after=percent(whole - losses[worst]),
        count=len(losses),
        idle=idle,
    )


def _probabilities(logits: Array) -> Array:
    return torch.from_numpy(logits.astype(np.float64)).softmax(-1).numpy()
