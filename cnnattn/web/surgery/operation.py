"""A gate surgery: what is asked for, by widgets and clicks, and the edits that do it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch

from cnnattn.data.samples import samples
from cnnattn.explain.gates import gate_names
from cnnattn.explain.inside import Inside
from cnnattn.explain.surgery import (
    borrowed,
    bypassed,
    in_turn,
    scaled,
    scaled_places,
    shuffled,
    skipped,
)
from cnnattn.explain.trace import Edit
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.inside import around, gate_kind, inside_of
from cnnattn.web.lab.ways import factors_text, read_factors
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell import url_state
from cnnattn.web.shell.text import _


@dataclass(frozen=True)
class Operation:
    """What to change at one stage. ``gate`` is the gate's name, None where there is none."""

    stage: Stage
    gate: str | None
    kind: str | None  # "channel", "place" or "pixel": what the gate weighs
    source: str = "own"  # where the gates come from: "own", "ones", "shuffled" or "borrowed"
    seed: int = 0  # of the shuffling
    lender: str = ""  # the sample whose gates are borrowed
    factors: tuple[tuple[int, float], ...] = ()  # channel, and what it is multiplied by
    places: tuple[tuple[int, float], ...] = ()  # the same for positions, row by row, of a gate

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels that are scaled."""
        return tuple(channel for channel, _factor in self.factors)

    @property
    def layer(self) -> str:
        """Where channels are scaled: at the gate if it has channels, else behind the module."""
        if self.gate is not None and self.kind != "place":
            return self.gate
        return self.stage.layers["attention"]

    @property
    def skips(self) -> bool:
        """Whether a module without gates is left out as a whole."""
        return self.gate is None and self.source == "ones"

    @property
    def nothing(self) -> bool:
        """Whether nothing is changed."""
        changed = self.factors + self.places
        return self.source == "own" and all(factor == 1 for _number, factor in changed)


def _sources(model: Model, gate: str | None) -> dict[str, str]:
    """Where the gates can come from at this stage; nothing where there is no module at all."""
    if model.checkpoint.spec.attention == "none":
        return {}
    if gate is None:
        return {"own": _("Original"), "ones": _("Left out")}
    return {
        "own": _("Original"),
        "ones": _("All 1 (bypass)"),
        "shuffled": _("Shuffled"),
        "borrowed": _("From another image"),
    }


def edits_of(model: Model, operation: Operation) -> dict[str, Edit]:
    """The operation as edits, to be used in one run at a time."""
    stage, gate = operation.stage, operation.gate
    edits: dict[str, Edit] = {}
    if operation.source == "ones":
        network, (before, module) = model.checkpoint.model, around(stage)
        own = gate_names(network, module)
        edits = dict.fromkeys(own, bypassed) if own else skipped(before, module)
    elif gate is not None and operation.source == "shuffled":
        edits[gate] = shuffled(operation.seed)
    elif gate is not None and operation.source == "borrowed":
        picture = next(s.picture for s in samples() if s.name == operation.lender)
        weights = inside_of(model, picture, stage).gates[gate]
        edits[gate] = borrowed(torch.from_numpy(weights)[None])
    if gate is not None and operation.places:
        painted = scaled_places(dict(operation.places))
        edits[gate] = in_turn(edits[gate], painted) if gate in edits else painted
    if operation.factors:
        cut = scaled(dict(operation.factors))
        layer = operation.layer
        edits[layer] = in_turn(edits[layer], cut) if layer in edits else cut
    return edits


def pick_operation(
    model: Model, stage: Stage, gate: str | None, inside: Inside, opening: Callable[[], Operation]
) -> Operation:
    """Widgets for what to change at the stage, whose attention does ``inside`` with the picture.

    Until somebody touches one of them they show the ``opening`` experiment.
    """
    kind = None if gate is None else gate_kind(inside.gates[gate])
    channels = len(inside.before)
    offered = _sources(model, gate)
    source, seed, lender, cut, share = "own", 0, "", [], 0
    by_hand = _dragged("by_hand")
    if is_untouched():
        experiment = opening()
        source, cut = experiment.source, [str(c) for c in experiment.channels]
        st.session_state.update({"cut": cut, "pass_on": share})
        if offered:
            st.session_state["gates_from"] = source
    with st.container(horizontal=True, vertical_alignment="top"):
        if offered:
            source = url_state.one_of(
                st.segmented_control,
                _("Gate values"),
                offered,
                "gates_from",
                source,
                on_change=_touch,
            )
        if source == "shuffled":
            seed = url_state.number(_("Shuffle number"), "shuffle", 0, 0, 999, width=120)
        if source == "borrowed":
            lender = url_state.one_of(
                st.selectbox,
                _("From"),
                [sample.name for sample in samples()],
                "lender",
                "ship-1",
                width=180,
                format_func=charts.sample_title,
            )
        share = url_state.number(
            _("Scale to (%)"), "pass_on", 0, 0, 300, step=25, width=150, on_change=_touch
        )
        with st.container(width=340):
            numbers = url_state.some_of(
                _("Channels to scale"),
                [str(c) for c in range(channels)],
                "cut",
                cut,
                placeholder=_("None; or click a tile or a bar below"),
                on_change=_touch,
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = {
            "strongest": _("Zero the strongest"),
            "quarter": _("Zero the top 25%"),
            "half": _("Zero the bottom 50%"),
        }
        for name, chosen in presets(gate, kind, inside).items():
            st.button(labels[name], on_click=_zero, args=(chosen,), key=f"{name}_off")
        st.button(_("Reset"), on_click=_reset, icon=":material/undo:", key="reset")
    by_hand = {channel: factor for channel, factor in by_hand.items() if channel < channels}
    if by_hand:
        listed = (f"{channel} (×{factor:.2f})" for channel, factor in sorted(by_hand.items()))
        st.caption(_("Sliders moved by hand, channel (factor): {list}", list=_(", ").join(listed)))
    factors = dict.fromkeys(map(int, numbers), share / 100) | by_hand
    places: dict[int, float] = {}
    if gate is not None and kind == "place":
        weights = inside.gates[gate].size
        places = {n: factor for n, factor in _dragged("by_place").items() if n < weights}
    if places:
        st.caption(
            _(
                "Weights of {count} of {total} positions changed by hand; Reset takes that back.",
                count=len(places),
                total=weights,
            )
        )
    return Operation(
        stage,
        gate,
        kind,
        source,
        seed,
        lender,
        tuple(sorted(factors.items())),
        tuple(sorted(places.items())),
    )


def presets(gate: str | None, kind: str | None, inside: Inside) -> dict[str, list[int]]:
    """The channels that each preset sets to zero, by their gates or, without, their mean maps."""
    strengths = inside.after.mean((1, 2))
    if gate is not None and kind == "channel":
        strengths = inside.gates[gate].ravel()
    ranking = np.argsort(-strengths, kind="stable").tolist()
    channels = len(ranking)
    return {
        "strongest": ranking[:1],
        "quarter": ranking[: max(1, channels // 4)],
        "half": ranking[(channels + 1) // 2 :],
    }


def is_untouched() -> bool:
    """Whether the page shows its opening experiment: nobody, and no link, asked for another."""
    asked = ("gates_from", "cut", "pass_on", "shuffle", "lender", "by_hand", "by_place")
    if "experiment" not in st.query_params and any(key in st.query_params for key in asked):
        _touch()
    return _experiment() == "opening"


def _experiment() -> str:
    """Whose experiment it is, as the link says: a choice that no widget shows."""
    return url_state.kept("experiment", "opening", ("opening", "own").__contains__)


def _dragged(key: str) -> dict[int, float]:
    """Channel ("by_hand"), or position row by row ("by_place") -> the factor that its slider was
    dragged to, as the link says."""
    return read_factors(url_state.kept(key, "", _are_factors))


def _are_factors(text: str) -> bool:
    try:
        return all(c >= 0 and 0 <= factor <= 1e6 for c, factor in read_factors(text).items())
    except ValueError:
        return False


def move(factors: Mapping[str, float]) -> None:
    """Faders were dragged: these channels are scaled by these factors, and no others."""
    _touch()
    numbered = {int(channel): factor for channel, factor in sorted(factors.items())}
    shares = {round(100 * factor, 6) for factor in numbered.values()}
    share = shares.pop() if len(shares) == 1 else 0
    if not (share <= 300 and float(share).is_integer()):
        share = 0
    # What the widgets can show, one share for some channels, they do.
    there = [c for c, factor in numbered.items() if round(100 * factor, 6) == share]
    state = st.session_state
    state["cut"], state["pass_on"] = [str(c) for c in there], int(share)
    state["by_hand"] = factors_text({c: f for c, f in numbered.items() if c not in there})


def _touch() -> None:
    """From now on the operation is the visitor's own."""
    st.session_state["experiment"] = "own"
    url_state.stay("gate_stage")  # the opening experiment chose it


def _zero(numbers: Sequence[int]) -> None:
    """Set these channels to zero, and no others."""
    _touch()
    st.session_state["cut"], st.session_state["pass_on"] = [str(c) for c in numbers], 0
    st.session_state["by_hand"] = st.session_state["by_place"] = ""


def _reset() -> None:
    """Back to the network as it is."""
    _zero([])
    st.session_state["gates_from"] = "own"


def click(channel: int) -> None:
    """The channel of a clicked tile or bar joins the changed ones, or leaves them."""
    _touch()
    number, own = str(channel), st.session_state.get("cut", [])
    dragged = read_factors(st.session_state.get("by_hand", ""))
    if dragged.pop(channel, None) is not None:
        st.session_state["by_hand"] = factors_text(dragged)
        return
    st.session_state["cut"] = [c for c in own if c != number] + [number] * (number not in own)
