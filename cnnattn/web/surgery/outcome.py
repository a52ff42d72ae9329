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
from cnnattn.explain.trace import trace
from cnnattn.figures.heat.heat_matrix import Cell, Column
from cnnattn.figures.maps.channel_grid import Panel
from cnnattn.figures.scores.predictions import PredictionColumn
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.inside import around
from cnnattn.web.attention.profile import batches
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result, at_once, each_or_offer, part_of
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.shell.text import _, class_name, paragraph, percent
from cnnattn.web.surgery.operation import Operation, edits_of

Array = np.ndarray


def operate(model: Model, seen: Array, operation: Operation, target: int) -> Analysis:
    """What the model does with a picture after the operation; the heat map is of ``target``."""
    layers = [layer for stage in model.stages for layer in stage.layers.values()]
    if operation.gate:
        layers.append(operation.gate)
    x = to_input(seen, **model.input)
    edits = edits_of(model, operation)
    return analyse(model.checkpoint.model, x, layers, model.stages[-1].output, target, edits=edits)


def replaced_gates(model: Model, seen: Array, operation: Operation) -> dict[str, Array | str]:
    """Gates -> the weights that the operation puts in their place, before it scales channels.

    A module that is left out -> the layer before it, whose maps take the place of its own.
    """
    if operation.skips:
        before, module = around(operation.stage)
        return {module: before}
    edits = edits_of(model, replace(operation, factors=()))
    x = to_input(model.input_picture(seen), **model.input)
    captured = trace(model.checkpoint.model, x, list(edits), edits).activations if edits else {}
    return {gate: weights[0].detach().numpy() for gate, weights in captured.items()}


def replaced_in_words(operation: Operation) -> str:
    """Where the gates of the stage come from, if not from the network itself; "" if so."""
    stage = operation.stage.name
    if operation.skips:
        return _("module of stage {stage} left out", stage=stage)
    return {
        "own": "",
        "ones": _("all gates of stage {stage} set to 1", stage=stage),
        "shuffled": _("gates of stage {stage} shuffled", stage=stage),
        "borrowed": _("gates of stage {stage} taken from another image", stage=stage),
    }[operation.source]


def ablation(model: Model, seen: Array, layer: str) -> Ablation:
    """The scores of a picture without each channel of a layer. Do not change it."""
    return _ablation(model, model.version, model.input_picture(seen), layer)


@st.cache_resource(max_entries=64, show_spinner=False)
def _ablation(_model: Model, version: str, seen: Array, layer: str) -> Ablation:
    return ablate_each(_model.checkpoint.model, to_input(seen, **_model.input), layer)


def answers(
    model: Model, before: Analysis, after: Analysis, label: str | None, count: int = 5
) -> list[PredictionColumn]:
    """The likeliest classes of before or after, in the order of before, in two columns."""
    pairs = np.stack([before.probabilities, after.probabilities])
    shown = np.argsort(-pairs.max(0), kind="stable")[:count]
    shown = shown[np.argsort(-before.probabilities[shown], kind="stable")]
    return [
        PredictionColumn(title, model.colour, charts.prediction_bars(model, analysis, shown, label))
        for title, analysis in ((_("Before"), before), (_("After"), after))
    ]


def outcome(model: Model, before: Analysis, after: Analysis, operation: Operation) -> str:
    """In a sentence: what the operation did to the prediction."""
    old, new = (int(analysis.probabilities.argmax()) for analysis in (before, after))
    p, q = float(before.probabilities[old]), float(after.probabilities[old])
    said = class_name(model.classes[old])
    if operation.nothing:
        return _(
            "Nothing is changed: the model predicts **{label}** ({sure}).",
            label=said,
            sure=percent(p),
        )
    if old == new:
        return _(
            "The prediction is unchanged: **{label}**, {before} before, {after} after.",
            label=said,
            before=percent(p),
            after=percent(q),
        )
    return _(
        "The prediction flips: **{label}** goes from {before} to {after}, and the model now "
        "predicts **{now}** ({sure}).",
        label=said,
        before=percent(p),
        after=percent(q),
        now=class_name(model.classes[new]),
        sure=percent(float(after.probabilities[new])),
    )


def map_panels(model: Model, before: Analysis, after: Analysis, stage: Stage) -> list[Panel]:
    """The maps behind the attention, with their gates, before and after."""
    return [
        replace(charts.grid_panel((model, analysis), stage, "attention", "all", 0), title=title)
        for title, analysis in ((_("Before"), before), (_("After"), after))
    ]


def map_columns(
    model: Model, seen: Array, before: Analysis, after: Analysis, operation: Operation, own: Inside
) -> list[Column]:
    """Grad-CAM before and after, and beside it the gate if it is a spatial one (``own`` before).

    All over ``seen``, the picture as the model sees it.
    """
    columns = []
    for title, analysis in ((_("Before"), before), (_("After"), after)):
        size = "×".join(map(str, analysis.cam.shape))
        name = f"Grad-CAM: {class_name(model.classes[analysis.target])}"
        shown = [Cell(seen, analysis.cam, [name, size])]
        if operation.gate and operation.kind == "place":
            gate = (own.gates if analysis is before else analysis.maps)[operation.gate][0]
            size = "×".join(map(str, gate.shape))
            shown.append(Cell(seen, gate, [_("Spatial gate"), size]))
        columns.append(Column(title, model.colour, shown))
    return columns


def maps_alt(model: Model, before: Analysis, after: Analysis, stage: Stage) -> str:
    """The feature maps and gates before and after, in words."""
    told = []
    for title, analysis in ((_("Before"), before), (_("After"), after)):
        gates = analysis.channel_gates.get(stage.gate)
        maps = analysis.maps[stage.layers["attention"]]
        zeros = int((maps == 0).all((1, 2)).sum())
        words = _(
            "mean activation {mean:.3f}, {zeros} of {count} channels all zero",
            mean=maps.mean(),
            zeros=zeros,
            count=len(maps),
        )
        if gates is not None:
            words += _(", ") + _(
                "gates from {low:.2f} to {high:.2f}", low=gates.min(), high=gates.max()
            )
        told.append(f"{title}: {words}")
    return _(
        "Feature maps of {stage}, one tile per channel. {told}.",
        stage=charts.stage_title(stage),
        told=_("; ").join(told),
    )


def heat_alt(model: Model, before: Analysis, after: Analysis) -> str:
    """What the two heat maps explain, and how alike they are."""
    pair = np.stack([before.cam.ravel(), after.cam.ravel()])
    alike = np.corrcoef(pair)[0, 1] if (pair.std(1) > 0).all() else np.nan
    return _(
        "Grad-CAM for {label} before and after; correlation of the two maps: {alike}.",
        label=class_name(model.classes[before.target]),
        alike="–" if np.isnan(alike) else f"{alike:.2f}",
    )


def answer_rows(model: Model, before: Analysis, after: Analysis) -> list[dict[str, object]]:
    """The probability of every class before and after."""
    return [
        {
            _("class"): class_name(name),
            _("Before"): float(before.probabilities[c]),
            _("After"): float(after.probabilities[c]),
        }
        for c, name in enumerate(model.classes)
    ]


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


def on_pictures(
    model: Model, operation: Operation, picture_set: PictureSet
) -> Generator[float, None, Result]:
    """The operation on all pictures of a class that the model has, for a job: confusion matrices
    "before" and "after"."""
    labels = picture_set.labels_for(model)
    known = labels >= 0
    split = Split(picture_set.split.pictures[known], labels[known])
    steps = confusions(
        model.checkpoint.model,
        batches(model, split),
        len(model.classes),
        edits_of(model, operation),
    )
    return (yield from part_of(steps, 0, 1 / len(split.labels)))


def on_pictures_or_offer(
    model: Model, operation: Operation, picture_set: PictureSet
) -> Result | None:
    """The result of ``on_pictures``; the few samples at once, else behind the page."""
    what = f"surgery {operation} on {picture_set.fingerprint}"

    def work(model: Model) -> Generator[float, None, Result]:
        return on_pictures(model, operation, picture_set)

    if picture_set.source == "samples":
        return at_once(what, work, model)
    return each_or_offer(
        [model],
        what,
        work,
        _("Measure on {count:,} images", count=len(picture_set)),
        _("This takes some seconds, in the background. The result is saved."),
    ).get(model.name)


def test_story(model: Model, result: Result) -> str:
    """In a sentence: accuracy before and after, and who suffers most."""
    before, after = (np.trace(result[k]) / result[k].sum() for k in ("before", "after"))
    change = class_changes(result)
    worst = int(np.nanargmin(change))
    story = _(
        "On {count} images: **{before}** correct before, **{after}** after.",
        count=int(result["before"].sum()),
        before=percent(before, 1),
        after=percent(after, 1),
    )
    if change[worst] >= 0:
        return story
    label, points = class_name(model.classes[worst]), -100 * change[worst]
    most = _("“{label}” drops most: by {points:.1f} percentage points.", label=label, points=points)
    return paragraph([story, most])


def class_changes(result: Result) -> Array:
    """By class, how much its share of right answers rises (-1 … 1); NaN without pictures."""
    with np.errstate(invalid="ignore"):
        right = [np.diag(result[k]) / result[k].sum(1) for k in ("before", "after")]
    return right[1] - right[0]


def change_rows(model: Model, result: Result) -> list[dict[str, object]]:
    """The correct predictions of every class before and after."""
    return [
        {
            _("class"): class_name(name),
            _("images"): int(result["before"][c].sum()),
            _("correct before"): int(result["before"][c, c]),
            _("correct after"): int(result["after"][c, c]),
        }
        for c, name in enumerate(model.classes)
    ]


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
            lines.append(
                _("more often predicted as: {label} (+{count})", label=other, count=grown.max())
            )
        hovers.append("<br>".join(lines))
    return hovers
