"""What an operation does to one picture, in figures and words; see ``operation``."""

from dataclasses import replace

import numpy as np

from cnnattn.data.pictures import to_input
from cnnattn.explain.analysis import Analysis, analyse
from cnnattn.explain.inside import Inside
from cnnattn.explain.trace import trace
from cnnattn.figures.heat.heat_matrix import Cell, Column
from cnnattn.figures.maps.channel_grid import Panel
from cnnattn.figures.scores.predictions import PredictionColumn
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.inside import around
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _, class_name, percent
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
