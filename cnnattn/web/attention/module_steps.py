"""The way through one attention module as steps of a figure, with their words and numbers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cnnattn.explain.inside import Inside
from cnnattn.figures.attention.pairs import PairGroup
from cnnattn.figures.attention.steps import Bars, Maps, Places, Step
from cnnattn.web.attention.inside import around_gate, gate_kind
from cnnattn.web.attention.pickers import Place
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _

Array = np.ndarray


def module_steps(
    model: Model,
    inside: Inside,
    gate: str | None,
    seen: Array,
    place: Place = (0, 0),
    channel: int = 0,
) -> list[Step]:
    """The module as a row of steps.

    Of an affinity the weights of ``place`` are shown over the picture, of a full gate those of
    ``channel``.
    """
    before, after = around_gate(inside, gate)
    hovers = channel_hovers(inside, gate, before, after)
    first = _maps(_("Maps before"), _size(before), before, hovers)
    last = _maps(_("Maps after"), _("each map × its gate"), after, hovers)
    if gate is None:
        last = replace(last, note=_("input + added"))
        return [first, *_adding(model, inside, seen, place, hovers), last]
    weights = inside.gates[gate]
    kind = gate_kind(weights)
    if kind == "channel":
        return [first, *_channel_steps(model, inside, gate, before, hovers), last]
    if kind == "place":
        last = replace(last, note=_("each map × the weights of the positions"))
        return [first, *_place_steps(before, weights[0], seen), last]
    note = _("weight per pixel of every map")
    full = Maps(_("Gate"), note, weights, range(len(weights)), hovers, _("weight"), "gate", (0, 1))
    one = Places(
        _("Channel {number}", number=channel),
        _("its weights, over the image"),
        seen,
        weights[channel],
        _place_hover(),
        _("weight"),
        (0.0, 1.0),
    )
    return [first, full, one, last]


def _size(maps: Array) -> str:
    count, height, width = maps.shape
    return _("{count} maps, {height}×{width}", count=count, height=height, width=width)


def _maps(title: str, note: str, maps: Array, hovers: Sequence[str], scale: str = "maps") -> Maps:
    return Maps(title, note, maps, range(len(maps)), hovers, _("activation"), scale)


def channel_hovers(inside: Inside, gate: str | None, before: Array, after: Array) -> list[str]:
    """Of each channel: its number, its means before and after, its gate or what is added."""
    weights = None if gate is None else inside.gates[gate]
    lines = [_("<b>Channel {number}</b>"), _("mean before: {before:.3f}")]
    numbers = {"before": before.mean((1, 2)), "after": after.mean((1, 2))}
    if weights is not None and len(weights) == len(before):
        lines.append(_("gate {gate:.3f}"))
        numbers["gate"] = weights.mean((1, 2))
    if inside.added is not None:
        lines.append(_("added: {added:+.3f}"))
        numbers["added"] = inside.added
    template = "<br>".join([*lines, _("mean after: {after:.3f}")])  # looked up once, not by channel
    return [
        template.format(number=c, **{name: values[c] for name, values in numbers.items()})
        for c in range(len(before))
    ]


def _channel_steps(
    model: Model, inside: Inside, gate: str, before: Array, hovers: Sequence[str]
) -> list[Step]:
    """Squeeze, excitation where there are hidden units, and the gate."""
    weights = inside.gates[gate].ravel()
    channels = len(weights)
    squeezed = before.mean((1, 2))[None]
    note = _("mean of each map: one number per channel")
    if inside.hidden is not None and len(inside.hidden) == 2:
        squeezed = np.stack([squeezed[0], before.max((1, 2))])
        note = _("mean (dark) and maximum (light) of each map")
    found_steps: list[Step] = [Bars(_("Squeeze"), note, squeezed, hovers, model.colour)]
    if inside.hidden is not None:
        units = inside.hidden.shape[1]
        found_steps.append(
            Bars(
                _("Excitation"),
                _("W₁, ReLU: {sizes}", sizes=f"{channels}\u00a0→\u00a0{units}"),
                inside.hidden,
                _unit_hovers(model, gate, inside.hidden),
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
    """Of each hidden unit: value, largest input weights, the gates that it raises and lowers."""
    module = model.checkpoint.model.get_submodule(gate)
    into, out = (getattr(module, layer).weight.float().numpy() for layer in ("fc1", "fc2"))
    hovers = []
    for unit in range(hidden.shape[1]):
        values = ", ".join(f"{value:.3f}" for value in hidden[:, unit])
        lines = [_("<b>Hidden unit {number}</b>: {values}", number=unit, values=values)]
        if not hidden[:, unit].any():
            lines.append(_("inactive for this image: ReLU sets it to 0"))
        inputs = np.argsort(-np.abs(into[unit]))[:count]
        strongest = ", ".join(f"{c} ({into[unit, c]:+.2f})" for c in inputs)
        lines.append(_("largest input weights: channels {channels}", channels=strongest))
        order = np.argsort(out[:, unit])
        for template, numbers in (
            (_("raises the gates of channels {channels}"), order[::-1][:count]),
            (_("lowers the gates of channels {channels}"), order[:count]),
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
            _("mean and maximum over all channels, per position"),
            squeezed, [-1, -1], names, _("activation"), "squeeze",
        ),
        Places(
            _("Gate"),
            _("weight per position, 0 … 1, the same for all channels"),
            seen, weights, _place_hover(), _("weight"), (0.0, 1.0),
        ),
    ]  # fmt: skip


def _place_hover() -> str:
    return _("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z:.4g}")


def _adding(
    model: Model, inside: Inside, seen: Array, place: Place, hovers: Sequence[str]
) -> list[Step]:
    """The steps of modules that add: global context and non-local."""
    added = inside.after - inside.before
    if inside.affinity is not None:
        height, width = inside.affinity.shape[:2]
        row, column = min(place[0], height - 1), min(place[1], width - 1)
        looks = _("from here, row {row}, column {column}", row="{row}", column="{column}")
        names = [looks.format(row=r, column=c) for r in range(height) for c in range(width)]
        return [
            Places(
                _("Where it looks"),
                _("attention weights of row {row}, column {column}: what it takes from each "
                  "position", row=row, column=column),
                seen, inside.affinity[row, column], _place_hover(), _("share"),
                choices=(height, width), chosen=(row, column), choice_hovers=names,
            ),
            _maps(_("Added"), _size(added), added, hovers, "added"),
        ]  # fmt: skip
    if inside.places is not None and inside.added is not None:
        return [
            Places(
                _("Context"),
                _("weight per position; they sum to 1"),
                seen, inside.places, _place_hover(), _("share"),
            ),
            Bars(
                _("Added"),
                _("weighted sum over positions, through two layers: one number per channel"),
                inside.added[None], hovers, model.colour,
            ),
        ]  # fmt: skip
    return [_maps(_("Added"), _size(added), added, hovers, "added")]


def channel_rows(inside: Inside, gate: str | None) -> list[dict[str, object]]:
    """The numbers of the way, a row a channel, for a table."""
    before, after = around_gate(inside, gate)
    columns = {_("channel"): np.arange(len(before)), _("mean before"): before.mean((1, 2))}
    if gate is not None and len(inside.gates[gate]) == len(before):
        columns[_("gate")] = inside.gates[gate].mean((1, 2))
    if inside.added is not None:
        columns[_("added")] = inside.added
    columns[_("mean after")] = after.mean((1, 2))
    return [
        {name: values[c].item() for name, values in columns.items()} for c in range(len(before))
    ]


def extremes(weights: Array, count: int = 3) -> tuple[list[int], list[int]]:
    """The channels with the largest and with the smallest gates, the most extreme first."""
    order = np.argsort(-weights, kind="stable")
    count = min(count, max(1, len(weights) // 2))
    return [int(c) for c in order[:count]], [int(c) for c in order[::-1][:count]]


def pair_groups(inside: Inside, gate: str) -> list[PairGroup]:
    """The channels with the largest and the smallest gates, before and after their gate."""
    before, after = around_gate(inside, gate)
    weights = inside.gates[gate].ravel()
    hovers = channel_hovers(inside, gate, before, after)
    titles = (_("Largest gates"), _("Smallest gates"))
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
