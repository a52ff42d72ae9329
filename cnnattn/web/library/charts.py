"""Analyses into figures: the words, numbers and colours that the figures wing does not know."""

from collections.abc import Sequence

import numpy as np

from cnnattn.explain.analysis import Analysis
from cnnattn.explain.channels import channel_numbers, strongest
from cnnattn.figures.heat.heat_matrix import Cell, Column
from cnnattn.figures.maps.channel_grid import Panel
from cnnattn.figures.maps.network_path import PathLayer
from cnnattn.figures.scores.predictions import Prediction, PredictionColumn
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.inside import around
from cnnattn.web.library.checkpoints import Model, analysed
from cnnattn.web.shell.text import _, class_name, percent

Pair = tuple[Model, Analysis]


def pairs_of(models: Sequence[Model], picture: np.ndarray) -> list[Pair]:
    """Each model with what it does with a picture, uint8 (H, W, 3)."""
    return [(model, analysed(model, picture)) for model in models]


def verdict(pairs: Sequence[Pair], label: str | None) -> str:
    """In a sentence or two: what each model says, whether that is right, whether they agree."""
    said = [model.classes[int(analysis.probabilities.argmax())] for model, analysis in pairs]
    each = _(", ").join(
        _(
            "{model} predicts **{label}** ({sure})",
            model=model.title,
            label=class_name(name),
            sure=percent(float(analysis.probabilities.max())),
        )
        for (model, analysis), name in zip(pairs, said, strict=True)
    )
    agree, alone = len(set(said)) == 1, len(said) == 1
    if label is None and alone:
        return _("{each}.", each=each)
    if label is None:
        return (
            _("Same prediction: {each}.", each=each)
            if agree
            else _("Different predictions: {each}.", each=each)
        )
    truth = class_name(label)
    right = sum(name == label for name in said)
    if alone:
        return (
            _("Correct: {each}.", each=each)
            if right
            else _("Wrong: {each}. True class: {truth}.", each=each, truth=truth)
        )
    if right == len(said):
        return _("All correct: {each}.", each=each)
    if agree:
        return _("All wrong: {each}. True class: {truth}.", each=each, truth=truth)
    if right:
        return _("Different predictions: {each}. True class: {truth}.", each=each, truth=truth)
    return _("All wrong, each differently: {each}. True class: {truth}.", each=each, truth=truth)


def stage_title(stage: Stage) -> str:
    """What a stage is called; of a ResNet with the block that is shown."""
    if stage.block:
        return _("Stage {stage} (block {block})", stage=stage.name, block=stage.block)
    return _("Stage {stage}", stage=stage.name)


def _panel_title(model: Model, stage: Stage) -> str:
    if not stage.block:
        return model.title
    return f"{model.title} · " + _("block {block}", block=stage.block)


def with_stage(pairs: Sequence[Pair], index: int) -> list[Pair]:
    """Those whose network has so many stages."""
    return [pair for pair in pairs if index < len(pair[0].stages)]


def widest_stage(pairs: Sequence[Pair]) -> int:
    """Index of the stage whose gates, of the first model that has any, differ most (by deviation);
    0 where no model has gates."""
    for model, analysis in pairs:
        spreads = [
            float(analysis.channel_gates[stage.gate].std())
            if stage.gate in analysis.channel_gates
            else -1.0
            for stage in model.stages
        ]
        if max(spreads) >= 0:
            return int(np.argmax(spreads))
    return 0


def why_own_scales(panels: Sequence[tuple[str, np.ndarray]], percentile: float = 99.5) -> str:
    """Why maps, each with its model's title, cannot share one colour scale; "" where they can.

    Signed beside unsigned maps bleach all others; a model whose values are below a sixth of the
    largest would be black.
    """
    if len({bool((maps < 0).any()) for _title, maps in panels}) > 1:
        return _(
            "Each model has its own colour scale: some maps have negative values, others none."
        )
    tops = [float(np.percentile(np.abs(maps), percentile)) for _title, maps in panels]
    faint = [title for (title, _maps), top in zip(panels, tops, strict=True) if top < max(tops) / 6]
    if faint:
        return _(
            "Each model has its own colour scale: on a shared one, {models} would be black.",
            models=_(", ").join(faint),
        )
    return ""


def grid_alt(pairs: Sequence[Pair], index: int) -> str:
    """What a channel grid and its gates show, in words."""
    told = []
    pairs = with_stage(pairs, index)
    for model, analysis in pairs:
        stage = model.stages[index]
        gates = analysis.channel_gates.get(stage.gate)
        told.append(
            _("{model}: no gate per channel", model=model.title)
            if gates is None
            else _(
                "{model}: gates from {low:.2f} to {high:.2f}, mean {mean:.2f}, largest at "
                "channel {channel}",
                model=model.title,
                low=gates.min(),
                high=gates.max(),
                mean=gates.mean(),
                channel=int(gates.argmax()),
            )
        )
    title = stage_title(pairs[0][0].stages[index])
    return _(
        "Feature maps of {stage}, one tile per channel. {told}.", stage=title, told="; ".join(told)
    )


def role_names() -> dict[str, str]:
    """What the layers of a stage are called."""
    return {
        "conv": _("Convolution"),
        "bn": _("Batch norm"),
        "relu": _("ReLU"),
        "attention": _("Attention"),
    }


def shown_channels(maps: np.ndarray, which: str, count: int) -> np.ndarray:
    """Channel numbers to show: "all", the "first" ``count``, or the ``count`` "strongest"."""
    if which == "strongest":
        return strongest(maps, count)
    return np.arange(len(maps) if which == "all" else min(count, len(maps)))


def grid_panel(pair: Pair, stage: Stage, role: str, which: str, count: int) -> Panel:
    """One model's column of the channel grid, with its gates or the reason why it has none."""
    model, analysis = pair
    maps = analysis.maps[stage.layers[role]]
    channels = shown_channels(maps, which, count)
    gates = analysis.channel_gates.get(stage.gate)
    hovers = _channel_hovers(maps, channels, gates)
    return Panel(
        title=_panel_title(model, stage),
        colour=model.colour,
        maps=maps[channels],
        channels=[int(c) for c in channels],
        hovers=hovers,
        gates=None if gates is None else gates[channels],
        gate_hovers=hovers,
        note=_no_bars(model) if gates is None else "",
    )


def _no_bars(model: Model) -> str:
    reason = KINDS[model.checkpoint.spec.attention].no_bars
    return _(reason) if reason else ""


def _channel_hovers(
    maps: np.ndarray, channels: np.ndarray, gates: np.ndarray | None = None
) -> list[str]:
    """Under the pointer on each of the ``channels`` of ``maps``, with its gate if there are any."""
    numbers = channel_numbers(maps)
    # Looked up once: translating each line of 128 channels anew would take 15 ms.
    lines = [_("<b>Channel {number}</b>"), _("mean {mean:.3f}, max {max:.3f}"), _("zeros: {share}")]
    template = "<br>".join([*lines, *([] if gates is None else [_("gate {gate:.3f}")])])
    return [
        template.format(
            number=c,
            mean=numbers.mean[c],
            max=numbers.max[c],
            share=percent(numbers.zeros[c]),
            gate=0 if gates is None else gates[c],
        )
        for c in channels
    ]


def channel_story(pair: Pair, stage: Stage, role: str, channel: int) -> str:
    """One channel in words: mean, maximum, share of zeros, and what its gate does to it."""
    model, analysis = pair
    maps = analysis.maps[stage.layers[role]]
    if channel >= len(maps):
        return _(
            "This stage of {model} has only {count} channels.", model=model.title, count=len(maps)
        )
    numbers = channel_numbers(maps[[channel]])
    story = _(
        "mean {mean:.3f} · max {max:.3f} · zeros {zeros}",
        mean=numbers.mean[0],
        max=numbers.max[0],
        zeros=percent(numbers.zeros[0]),
    )
    gates = analysis.channel_gates.get(stage.gate)
    if gates is None:
        return story
    before, after = (analysis.maps[layer][channel].mean() for layer in around(stage))
    return (
        story
        + " · "
        + _(
            "gate {gate:.3f}: mean {before:.3f} before, {after:.3f} after",
            gate=gates[channel],
            before=before,
            after=after,
        )
    )


def prediction_column(pair: Pair, label: str | None, count: int = 5) -> PredictionColumn:
    """The ``count`` most probable classes of one model; marks say what is right or wrong."""
    model, analysis = pair
    order = np.argsort(-analysis.probabilities, kind="stable")[:count]
    return PredictionColumn(model.title, model.colour, prediction_bars(*pair, order, label))


def prediction_bars(
    model: Model, analysis: Analysis, classes: np.ndarray, label: str | None
) -> list[Prediction]:
    """A bar for each of the model's ``classes`` (their numbers), marked as right or wrong where the
    true class is known."""
    predicted = int(analysis.probabilities.argmax())
    bars = []
    for c in classes:
        name = model.classes[c]
        mark = "" if label is None else "✓" if name == label else "✗" if c == predicted else ""
        bars.append(
            Prediction(
                class_name(name),
                float(analysis.probabilities[c]),
                percent(float(analysis.probabilities[c])),
                name == label,
                c == predicted,
                mark,
                is_judged=label is not None,
            )
        )
    return bars


def heat_column(
    model: Model, picture: np.ndarray, below: np.ndarray, target: str, top: int
) -> Column:
    """Grad-CAM and the ``top`` strongest channels of the last stage of one model.

    They are drawn over ``below``, the square ``picture``. ``target`` is a class name, or
    "predicted" for the model's own prediction.
    """
    number = model.classes.index(target) if target in model.classes else None
    analysis = analysed(model, picture, number)
    maps = analysis.maps[model.stages[-1].output]
    size = "×".join(map(str, analysis.cam.shape))
    explained = f"{class_name(model.classes[analysis.target])} · {size}"
    cam = Cell(below, analysis.cam, ["Grad-CAM", explained])
    channels = [
        Cell(below, maps[c], [_("Channel {number}", number=c), size]) for c in strongest(maps, top)
    ]
    return Column(model.title, model.colour, [cam, *channels])


def value_hover() -> str:
    """What stands under the pointer on a heat map."""
    return _("value {number}", number="%{customdata:.4g}")


def target_name(name: str) -> str:
    """A class to explain, or "predicted", in words."""
    return _("each model's own prediction") if name == "predicted" else class_name(name)


def sample_title(name: str) -> str:
    """A sample's name, "cat-1", as its class in the reader's language and its number."""
    label, _dash, number = name.rpartition("-")
    return f"{class_name(label)} {number}"


def path_layers(maps: dict[str, np.ndarray]) -> list[PathLayer]:
    """The layers of a network for the drawn path, with their sizes.

    Layers of a block ("stage1.0.conv1") are labelled once, by the block's name.
    """
    layers, before = [], ""
    for name, values in maps.items():
        channels, height, width = values.shape
        block, _dot, layer = name.rpartition(".")
        hover = f"<b>{name}</b><br>{channels}×{height}×{width}"
        label = "" if block and block == before else block or name
        kind = layer.rstrip("0123456789")
        layers.append(PathLayer(name, label, channels, height, width, kind, hover))
        before = block
    return layers


def layer_panel(model: Model, maps: np.ndarray) -> Panel:
    """Every channel of one layer as a column of a channel grid, without gates."""
    hovers = _channel_hovers(maps, np.arange(len(maps)))
    return Panel(model.title, model.colour, maps, range(len(maps)), hovers)


def kernels_of(model: Model, layer: str) -> np.ndarray | None:
    """The weights (C, inputs, h, w) of a convolution, None of any other layer."""
    weight = getattr(model.checkpoint.model.get_submodule(layer), "weight", None)
    return weight.numpy() if weight is not None and weight.ndim == 4 else None


def heat_alt(columns: Sequence[Column]) -> str:
    """Which heat maps stand over the picture, in words."""
    told = [
        f"{column.title}: "
        + _(", ").join(
            _("{title} (strongest at the {place})", title=" ".join(cell.words),
              place=strongest_place(cell.cam))
            for cell in column.cells if cell.cam is not None
        )
        for column in columns
    ]  # fmt: skip
    return _("Heat maps over the image. {told}.", told="; ".join(told))


def strongest_place(cam: np.ndarray) -> str:
    """Where the largest value of a heat map (h, w) lies, in words."""
    row, column = np.unravel_index(int(cam.argmax()), cam.shape)
    down = [_("top"), _("middle"), _("bottom")][int(3 * row / cam.shape[0])]
    along = [_("left side"), _("centre"), _("right side")][int(3 * column / cam.shape[1])]
    return _("{down} {along}", down=down, along=along)
