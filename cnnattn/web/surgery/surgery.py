"""What came of a gate surgery, in figures and words; see ``operation`` for what is done."""

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import streamlit as st
import torch

from cnnattn.data.datasets import Split
from cnnattn.data.pictures import to_input
from cnnattn.explain.analysis import Analysis, analyse
from cnnattn.explain.inside import Inside
from cnnattn.explain.surgery import Ablation, ablate_each, confusions
from cnnattn.figures.heat.overlays import Overlay, OverlayColumn
from cnnattn.figures.maps.channel_grid import Panel
from cnnattn.figures.scores.predictions import Prediction, PredictionColumn
from cnnattn.nets.models import Stage
from cnnattn.web.attention.profile import batches
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result
from cnnattn.web.shell.text import _, class_name, percent
from cnnattn.web.surgery.operation import Operation, edits_of

Array = np.ndarray


def operate(model: Model, seen: Array, operation: Operation, target: int) -> Analysis:
    """What the model does with a picture after the operation; the heat map is of ``target``."""
    layers = [layer for stage in model.stages for layer in stage.layers.values()]
    if operation.gate:
        layers.append(operation.gate)
    x = to_input(seen, **model.statistics)
    edits = edits_of(model, operation)
    return analyse(model.checkpoint.model, x, layers, model.stages[-1].output, target, edits=edits)


def ablation(model: Model, seen: Array, layer: str) -> Ablation:
    """The scores of a picture without each channel of a layer. Do not change it."""
    return _ablation(model, model.version, seen, layer)


@st.cache_resource(max_entries=64, show_spinner=False)
def _ablation(_model: Model, version: str, seen: Array, layer: str) -> Ablation:
    return ablate_each(_model.checkpoint.model, to_input(seen, **_model.statistics), layer)


def answers(
    model: Model, before: Analysis, after: Analysis, label: str | None, count: int = 5
) -> list[PredictionColumn]:
    """The likeliest classes of before or after, in the order of before, in two columns."""
    pairs = np.stack([before.probabilities, after.probabilities])
    shown = np.argsort(-pairs.max(0), kind="stable")[:count]
    shown = shown[np.argsort(-before.probabilities[shown], kind="stable")]
    columns = []
    for title, probabilities in zip((_("Before"), _("After")), pairs, strict=True):
        bars = []
        for c in shown:
            name, said = model.classes[c], c == probabilities.argmax()
            true = name == label
            mark = "" if label is None else "✓" if true else "✗" if said else ""
            bars.append(
                Prediction(class_name(name), float(probabilities[c]), true, bool(said), mark)
            )
        columns.append(PredictionColumn(title, model.colour, bars))
    return columns


def outcome(model: Model, before: Analysis, after: Analysis, operation: Operation) -> str:
    """In a sentence: what the operation did to the prediction."""
    old, new = (int(found.probabilities.argmax()) for found in (before, after))
    p, q = float(before.probabilities[old]), float(after.probabilities[old])
    said = class_name(model.classes[old])
    if operation.nothing:
        return _("Nothing is changed: the model predicts **{label}** ({sure}).",
                 label=said, sure=percent(p))  # fmt: skip
    if old == new:
        return _("The prediction is unchanged: **{label}**, {before} before, {after} after.",
                 label=said, before=percent(p), after=percent(q))  # fmt: skip
    return _(
        "The prediction flips: **{label}** goes from {before} to {after}, and the model now "
        "predicts **{now}** ({sure}).",
        label=said, before=percent(p), after=percent(q), now=class_name(model.classes[new]),
        sure=percent(float(after.probabilities[new])),
    )  # fmt: skip


def map_panels(model: Model, before: Analysis, after: Analysis, stage: Stage) -> list[Panel]:
    """The maps behind the attention, with their gates, before and after."""
    return [
        replace(charts.grid_panel((model, found), stage, "attention", "all", 0), title=title)
        for title, found in ((_("Before"), before), (_("After"), after))
    ]


def map_columns(
    model: Model, before: Analysis, after: Analysis, operation: Operation, own: Inside
) -> list[OverlayColumn]:
    """Grad-CAM before and after, and beside it the gate if it is a spatial one (``own`` before)."""
    hover = _("value {number}", number="%{customdata:.4g}")
    columns = []
    for title, found in ((_("Before"), before), (_("After"), after)):
        size = "×".join(map(str, found.cam.shape))
        name = f"Grad-CAM: {class_name(model.classes[found.target])}<br>{size}"
        shown = [Overlay(name, found.cam, hover=hover)]
        if operation.gate and operation.kind == "place":
            gate = (own.gates if found is before else found.maps)[operation.gate][0]
            size = "×".join(map(str, gate.shape))
            shown.append(Overlay(_("Spatial gate") + f"<br>{size}", gate, hover=hover))
        columns.append(OverlayColumn(title, model.colour, shown))
    return columns


def loss_hovers(
    model: Model, found: Ablation, target: int, gates: Array | None, order: Array
) -> list[str]:
    """Of each channel in turn: what becomes of the class without it, and its gate, if any (C,)."""
    whole = _probabilities(found.whole)[target]
    without = _probabilities(found.without)[:, target]
    label = class_name(model.classes[target])
    # Looked up once, not by channel.
    title, share = _("<b>Without channel {number}</b>"), _("{label}: {before} → {after}")
    score = _("logit: {before:.3f} → {after:.3f}")
    gate = _("gate {gate:.3f}")
    return [
        "<br>".join(
            [
                title.format(number=c),
                share.format(label=label, before=f"{whole:.2%}", after=f"{without[c]:.2%}"),
                score.format(before=found.whole[target], after=found.without[c, target]),
                *([] if gates is None else [gate.format(gate=gates[c])]),
            ]
        )
        for c in order
    ]


def loss_rows(found: Ablation, target: int) -> list[dict[str, object]]:
    """What the class loses without each channel, a row a channel, for a table."""
    probability, score = found.loss(target), found.loss(target, probability=False)
    return [
        {
            _("channel"): c,
            _("drop in probability"): float(probability[c]),
            _("drop in logit"): float(score[c]),
        }
        for c in range(len(score))
    ]


def loss_story(model: Model, found: Ablation, target: int) -> str:
    """In words: which channel the class depends on most, and how many hardly matter."""
    losses = found.loss(target)
    worst = int(losses.argmax())
    whole = float(_probabilities(found.whole)[target])
    label = class_name(model.classes[target])
    if len(losses) == 1:
        return _("This stage has one channel; without it, “{label}” goes from {before} to {after}.",
                 label=label, before=percent(whole), after=percent(whole - losses[0]))  # fmt: skip
    idle = int((np.abs(losses) < 0.01).sum())
    if losses[worst] < 0.01:
        return _(
            "No single channel matters: whichever one is set to zero, “{label}” ({before}) drops "
            "by less than one percentage point. The others compensate.",
            label=label, before=percent(whole),
        )  # fmt: skip
    return _(
        "“{label}” depends most on channel **{channel}**: zeroing it takes p from {before} "
        "to {after}. Of {count} channels, {idle} change it by less than one percentage point "
        "when they alone are zero.",
        label=label, channel=worst, before=percent(whole), after=percent(whole - losses[worst]),
        count=len(losses), idle=idle,
    )  # fmt: skip


def _probabilities(logits: Array) -> Array:
    return torch.from_numpy(logits.astype(np.float64)).softmax(-1).numpy()


def on_test_set(model: Model, operation: Operation, split: Split) -> Generator[float, None, Result]:
    """The operation on all pictures, for a job: confusion matrices "before" and "after"."""
    steps = confusions(
        model.checkpoint.model, batches(model, split), len(model.classes),
        edits_of(model, operation),
    )  # fmt: skip
    while True:
        try:
            yield next(steps) / len(split.labels)
        except StopIteration as end:
            return end.value


def test_story(model: Model, result: Result) -> str:
    """In a sentence: accuracy before and after, and who suffers most."""
    before, after = (np.trace(result[k]) / result[k].sum() for k in ("before", "after"))
    change = class_changes(result)
    worst = int(np.nanargmin(change))
    story = _("On {count} test images: **{before}** correct before, **{after}** after.",
              count=int(result["before"].sum()), before=f"{before:.2%}", after=f"{after:.2%}",
              )  # fmt: skip
    if change[worst] < 0:
        label, points = class_name(model.classes[worst]), 100 * change[worst]
        story += " " + _(
            "“{label}” drops most: {points:+.1f} percentage points.", label=label, points=points
        )
    return story


def class_changes(result: Result) -> Array:
    """By class, how much its share of right answers rises (-1 … 1); NaN without pictures."""
    with np.errstate(invalid="ignore"):
        right = [np.diag(result[k]) / result[k].sum(1) for k in ("before", "after")]
    return right[1] - right[0]


def change_hovers(model: Model, result: Result) -> list[str]:
    """Of each class: right answers before and after, and what it is taken for now."""
    hovers = []
    for c, name in enumerate(model.classes):
        before, after = result["before"][c], result["after"][c]
        lines = [
            f"<b>{class_name(name)}</b>",
            _("correct: {before} → {after} of {count}", before=before[c], after=after[c],
              count=before.sum()),
        ]  # fmt: skip
        grown = after - before
        grown[c] = 0
        if grown.max() > 0:
            other = class_name(model.classes[int(grown.argmax())])
            lines.append(_("more often predicted as: {label} (+{count})", label=other,
                           count=grown.max()))  # fmt: skip
        hovers.append("<br>".join(lines))
    return hovers
