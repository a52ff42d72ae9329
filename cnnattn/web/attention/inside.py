"""The way through one attention module: the steps, the numbers and the words that go with them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import streamlit as st

from cnnattn.data.pictures import to_input
from cnnattn.explain.inside import Inside, look_inside
from cnnattn.figures.attention.pairs import PairGroup
from cnnattn.figures.attention.steps import Bars, Maps, Places, Step
from cnnattn.nets.models import ModelSpec, Stage
from cnnattn.problem import Problem
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.text import _

Array = np.ndarray
Place = tuple[int, int]  # row and column
FLAT = 0.02  # gates that span less do nothing that the next layer could not do


def inside(model: Model, seen: Array, stage: Stage) -> Inside:
    """What the attention of a stage does with a picture, uint8 (32, 32, 3). Do not change it."""
    return _inside(model, model.version, seen, *around(stage))


@st.cache_resource(max_entries=64, show_spinner=False)
def _inside(_model: Model, version: str, seen: Array, before: str, module: str) -> Inside:
    x = to_input(seen, **_model.statistics)
    return look_inside(_model.checkpoint.model, x, before, module)


def around(stage: Stage) -> tuple[str, str]:
    """The layers whose maps go into the attention of a stage and come out of it."""
    layers = list(stage.layers.values())
    at = layers.index(stage.layers["attention"])
    return layers[at - 1], layers[at]


def pick_stage(model: Model, default: str = "1") -> Stage:
    """The stage whose attention is looked at; ``default`` until the visitor or a link chooses."""
    view.follow("gate_stage", default)
    stages = {stage.name: stage for stage in model.stages}
    name = view.one_of(
        st.segmented_control, _("Stage"), list(stages), "gate_stage", default,
        format_func=lambda name: _label(stages[name]),
    )  # fmt: skip
    return stages[name]


def _label(stage: Stage) -> str:
    """A stage's number, and in ResNet-20 which block of it is shown: "1 (block 1.3)"."""
    if not stage.block:
        return stage.name
    return _("{stage} (block {block})", stage=stage.name, block=stage.block)


def pick_gate(found: Inside) -> str | None:
    """The gate that is looked at: a choice where a module has several, None where it has none."""
    gates = list(found.gates)
    if len(gates) < 2:
        return gates[0] if gates else None
    number = view.one_of(
        st.segmented_control, _("Gate"), [str(i) for i in range(len(gates))], "gate", "0",
        format_func=lambda i: gate_title(found, gates[int(i)]),
    )  # fmt: skip
    return gates[int(number)]


def gate_kind(gate: Array) -> str:
    """What a gate weighs: "channel" (C, 1, 1), "place" (1, H, W), or "pixel" (C, H, W)."""
    if gate.shape[1:] == (1, 1):
        return "channel"
    return "place" if gate.shape[0] == 1 else "pixel"


def gate_title(found: Inside, name: str) -> str:
    """What a gate of a module with several is called."""
    kinds = {"channel": _("Channel gate"), "place": _("Spatial gate"), "pixel": _("Full gate")}
    return kinds[gate_kind(found.gates[name])]


def around_gate(found: Inside, gate: str | None) -> tuple[Array, Array]:
    """The maps that one gate of a module is given, and those that it leaves."""
    if gate is None:
        return found.before, found.after
    before = found.before
    for name, weights in found.gates.items():
        if name == gate:
            return before, before * weights
        before = before * weights
    raise KeyError(gate)


def steps(
    model: Model,
    found: Inside,
    gate: str | None,
    seen: Array,
    place: Place = (0, 0),
    channel: int = 0,
) -> list[Step]:
    """The module as a row of steps.

    Of an affinity the weights of ``place`` are shown over the picture, of a full gate those of
    ``channel``.
    """
    before, after = around_gate(found, gate)
    hovers = _channel_hovers(found, gate, before, after)
    first = _maps(_("Maps before"), _size(before), before, hovers)
    last = _maps(_("Maps after"), _("each map × its gate"), after, hovers)
    if gate is None:
        last = replace(last, note=_("before + added"))
        return [first, *_adding(model, found, seen, place, hovers), last]
    weights = found.gates[gate]
    kind = gate_kind(weights)
    if kind == "channel":
        return [first, *_channel_steps(model, found, gate, before, hovers), last]
    if kind == "place":
        last = replace(last, note=_("each map × the weights of the places"))
        return [first, *_place_steps(before, weights[0], seen), last]
    note = _("a weight a pixel of every map")
    full = Maps(_("Gate"), note, weights, range(len(weights)), hovers, _("weight"), "gate", (0, 1))
    one = Places(
        _("Channel {number}", number=channel), _("its weights, over the picture"),
        seen, weights[channel], _place_hover(), _("weight"), (0.0, 1.0),
    )  # fmt: skip
    return [first, full, one, last]


def _size(maps: Array) -> str:
    count, height, width = maps.shape
    return _("{count} maps, {height}×{width}", count=count, height=height, width=width)


def _maps(title: str, note: str, maps: Array, hovers: Sequence[str], scale: str = "maps") -> Maps:
    return Maps(title, note, maps, range(len(maps)), hovers, _("activation"), scale)


def _channel_hovers(found: Inside, gate: str | None, before: Array, after: Array) -> list[str]:
    weights = None if gate is None else found.gates[gate]
    lines = [_("<b>Channel {number}</b>"), _("mean before: {before:.3f}")]
    numbers = {"before": before.mean((1, 2)), "after": after.mean((1, 2))}
    if weights is not None and len(weights) == len(before):
        lines.append(_("gate {gate:.3f}"))
        numbers["gate"] = weights.mean((1, 2))
    if found.added is not None:
        lines.append(_("added: {added:+.3f}"))
        numbers["added"] = found.added
    template = "<br>".join([*lines, _("mean after: {after:.3f}")])  # looked up once, not by channel
    return [
        template.format(number=c, **{name: values[c] for name, values in numbers.items()})
        for c in range(len(before))
    ]


def _channel_steps(
    model: Model, found: Inside, gate: str, before: Array, hovers: Sequence[str]
) -> list[Step]:
    """Squeeze, excitation where there are hidden units, and the gate."""
    weights = found.gates[gate].ravel()
    channels = len(weights)
    squeezed = before.mean((1, 2))[None]
    note = _("each map’s mean: one number a channel")
    if found.hidden is not None and len(found.hidden) == 2:
        squeezed = np.stack([squeezed[0], before.max((1, 2))])
        note = _("each map’s mean (strong) and maximum (faint)")
    found_steps: list[Step] = [Bars(_("Squeeze"), note, squeezed, hovers, model.colour)]
    if found.hidden is not None:
        units = found.hidden.shape[1]
        found_steps.append(
            Bars(
                _("Excitation"),
                _("W₁, ReLU: {sizes}", sizes=f"{channels}\u00a0→\u00a0{units}"),
                found.hidden,
                _unit_hovers(model, gate, found.hidden),
                model.colour,
                channels=False,
            )
        )
        note = _("W₂, sigmoid: {sizes}; dashed: mean", sizes=f"{units}\u00a0→\u00a0{channels}")
    else:
        note = _("a kernel along the channels, sigmoid; dashed: mean")
    mean = float(np.mean(weights))
    bars = Bars(_("Gate"), note, weights[None], hovers, model.colour, (0.0, 1.0), mark=mean)
    return [*found_steps, bars]


def _unit_hovers(model: Model, gate: str, hidden: Array, count: int = 3) -> list[str]:
    """Of each hidden unit: its value, whom it listens to, whom it raises and damps."""
    module = model.checkpoint.model.get_submodule(gate)
    into, out = (getattr(module, layer).weight.float().numpy() for layer in ("fc1", "fc2"))
    hovers = []
    for unit in range(hidden.shape[1]):
        values = ", ".join(f"{value:.3f}" for value in hidden[:, unit])
        lines = [_("<b>Hidden unit {number}</b>: {values}", number=unit, values=values)]
        if not hidden[:, unit].any():
            lines.append(_("ReLU has cut it off: it is silent for this picture"))
        listens = np.argsort(-np.abs(into[unit]))[:count]
        heard = ", ".join(f"{c} ({into[unit, c]:+.2f})" for c in listens)
        lines.append(_("listens most to channels {channels}", channels=heard))
        order = np.argsort(out[:, unit])
        for template, numbers in (
            (_("raises channels {channels}"), order[::-1][:count]),
            (_("damps channels {channels}"), order[:count]),
        ):
            named = ", ".join(f"{c} ({out[c, unit]:+.2f})" for c in numbers)
            lines.append(template.format(channels=named))
        hovers.append("<br>".join(lines))
    return hovers


def _place_steps(before: Array, weights: Array, seen: Array) -> list[Step]:
    """What a spatial gate squeezes the channels to, and its weights over the picture."""
    squeezed = np.stack([before.mean(0), before.max(0)])
    names = [_("mean over the channels"), _("maximum over the channels")]
    return [
        Maps(
            _("Squeeze"),
            _("at each place, the mean and the maximum over all channels"),
            squeezed, [-1, -1], names, _("activation"), "squeeze",
        ),
        Places(
            _("Gate"),
            _("a weight a place, 0 … 1, the same for all channels"),
            seen, weights, _place_hover(), _("weight"), (0.0, 1.0),
        ),
    ]  # fmt: skip


def _place_hover() -> str:
    return _("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z:.4g}")


def _adding(
    model: Model, found: Inside, seen: Array, place: Place, hovers: Sequence[str]
) -> list[Step]:
    """The steps of modules that add: global context and non-local."""
    added = found.after - found.before
    if found.affinity is not None:
        height, width = found.affinity.shape[:2]
        row, column = min(place[0], height - 1), min(place[1], width - 1)
        looks = _("from here, row {row}, column {column}", row="{row}", column="{column}")
        names = [looks.format(row=r, column=c) for r in range(height) for c in range(width)]
        return [
            Places(
                _("Where it looks"),
                _("affinity of row {row}, column {column}: how much it takes from each place",
                  row=row, column=column),
                seen, found.affinity[row, column], _place_hover(), _("share"),
                choices=(height, width), chosen=(row, column), choice_hovers=names,
            ),
            _maps(_("Added"), _size(added), added, hovers, "added"),
        ]  # fmt: skip
    if found.places is not None and found.added is not None:
        return [
            Places(
                _("Context"),
                _("how much each place counts, all together 1"),
                seen, found.places, _place_hover(), _("share"),
            ),
            Bars(
                _("Added"),
                _("the weighted sum of all places, through two layers: one number a channel"),
                found.added[None], hovers, model.colour,
            ),
        ]  # fmt: skip
    return [_maps(_("Added"), _size(added), added, hovers, "added")]


def channel_rows(found: Inside, gate: str | None) -> list[dict[str, object]]:
    """The numbers of the way, a row a channel, for a table."""
    before, after = around_gate(found, gate)
    columns = {_("channel"): np.arange(len(before)), _("mean before"): before.mean((1, 2))}
    if gate is not None and len(found.gates[gate]) == len(before):
        columns[_("gate")] = found.gates[gate].mean((1, 2))
    if found.added is not None:
        columns[_("added")] = found.added
    columns[_("mean after")] = after.mean((1, 2))
    return [
        {name: values[c].item() for name, values in columns.items()} for c in range(len(before))
    ]


def extremes(weights: Array, count: int = 3) -> tuple[list[int], list[int]]:
    """The channels with the largest and with the smallest gates, the most extreme first."""
    order = np.argsort(-weights, kind="stable")
    count = min(count, max(1, len(weights) // 2))
    return [int(c) for c in order[:count]], [int(c) for c in order[::-1][:count]]


def pair_groups(found: Inside, gate: str) -> list[PairGroup]:
    """The strongest raised and the strongest damped channels, before and after their gate."""
    before, after = around_gate(found, gate)
    weights = found.gates[gate].ravel()
    hovers = _channel_hovers(found, gate, before, after)
    titles = (_("Passed most"), _("Damped most"))
    return [
        PairGroup(
            title,
            before[channels],
            after[channels],
            channels,
            [f"{c}<br>{weights[c]:.2f}" for c in channels],
            [hovers[c] for c in channels],
        )
        for title, channels in zip(titles, extremes(weights), strict=True)
    ]


def gate_story(weights: Array) -> str:
    """In words: how the gates of a stage are spread, and who is first and last."""
    low, mean, high = float(weights.min()), float(weights.mean()), float(weights.max())
    if len(weights) == 1:
        return _("This stage has one channel, and its gate is {gate:.3f}: there is nothing to "
                 "weigh it against.", gate=mean)  # fmt: skip
    if high - low < FLAT:
        return _(
            "All gates lie between {low:.3f} and {high:.3f}: the module multiplies every channel "
            "by nearly the same number, which the next layer could do by itself. For this "
            "picture, this stage has nothing to say.",
            low=low, high=high,
        )  # fmt: skip
    raised, damped = extremes(weights, 1)
    return _(
        "A sigmoid stays below 1, so every map loses something; what counts is who loses less. "
        "Against the mean gate of {mean:.2f}, channel **{raised}** is raised most ({high:.2f}) and "
        "channel **{damped}** damped most ({low:.2f}).",
        mean=mean, raised=raised[0], damped=damped[0], low=low, high=high,
    )  # fmt: skip


def with_attention(models: Sequence[Model]) -> dict[str, Model]:
    """Those of the chosen models that have attention; if none has, say which have, and stop."""
    having = {model.name: model for model in models if _has_attention(model.checkpoint.spec)}
    if not having:
        others = []
        for name, file in loaders.checkpoint_files().items():
            with suppress(Problem):
                if _has_attention(loaders.spec(file)):
                    others.append(loaders.title(name, loaders.spec(file)))
        st.info(
            _("None of the chosen models has attention. These have: {models}. Choose one of them "
              "in the sidebar.", models=_(", ").join(others) or "–"),
            icon=":material/arrow_back:",
        )  # fmt: skip
        end_page()
    return having


def _has_attention(spec: ModelSpec) -> bool:
    return spec.attention != "none"


def sound(found: Inside) -> bool:
    """Whether all maps and gates are numbers."""
    arrays = [found.before, found.after, *found.gates.values()]
    return all(np.isfinite(array).all() for array in arrays)


def unsound(model: Model) -> str:
    """What to say of a model whose maps or gates are not numbers."""
    return _(
        "The maps or gates of {model} are not numbers here (NaN or infinite), so there is nothing "
        "to draw: its training went astray or its file is damaged; train it again or choose "
        "another model.",
        model=model.title,
    )
