"""A gate surgery: what is asked for, by widgets and clicks, and the edits that do it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch

from cnnattn.data.pictures import as_seen
from cnnattn.data.samples import samples
from cnnattn.explain.gates import gate_names
from cnnattn.explain.inside import Inside
from cnnattn.explain.surgery import borrowed, bypassed, in_turn, scaled, shuffled, skipped
from cnnattn.explain.trace import Edit
from cnnattn.nets.models import Stage
from cnnattn.web.attention.inside import around, gate_kind, inside
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell import url_state as view
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
    channels: tuple[int, ...] = ()
    factor: float = 0.0  # what those channels are multiplied by

    @property
    def layer(self) -> str:
        """Where channels are scaled: at the gate if it has channels, else behind the module."""
        if self.gate is not None and self.kind != "place":
            return self.gate
        return self.stage.layers["attention"]

    @property
    def nothing(self) -> bool:
        """Whether nothing is changed."""
        return self.source == "own" and (not self.channels or self.factor == 1)


def _sources(model: Model, gate: str | None) -> dict[str, str]:
    """Where the gates can come from at this stage; nothing where there is no module at all."""
    if model.checkpoint.spec.attention == "none":
        return {}
    if gate is None:
        return {"own": _("As it is"), "ones": _("Left out")}
    return {
        "own": _("Its own"),
        "ones": _("All 1 (bypass)"),
        "shuffled": _("Shuffled"),
        "borrowed": _("Another picture’s"),
    }


def edits_of(model: Model, operation: Operation) -> dict[str, Edit]:
    """The operation as edits, to be used in one run at a time."""
    stage, gate = operation.stage, operation.gate
    edits: dict[str, Edit] = {}
    if operation.source == "ones":
        network, (before, module) = model.checkpoint.model, around(stage)
        own = [name for name in gate_names(network) if name.startswith(module + ".")]
        edits = dict.fromkeys(own, bypassed) if own else skipped(before, module)
    elif gate is not None and operation.source == "shuffled":
        edits[gate] = shuffled(operation.seed)
    elif gate is not None and operation.source == "borrowed":
        picture = next(s.picture for s in samples() if s.name == operation.lender)
        weights = inside(model, as_seen(picture), stage).gates[gate]
        edits[gate] = borrowed(torch.from_numpy(weights)[None])
    if operation.channels:
        cut = scaled(dict.fromkeys(operation.channels, operation.factor))
        layer = operation.layer
        edits[layer] = in_turn(edits[layer], cut) if layer in edits else cut
    return edits


def pick_operation(model: Model, stage: Stage, gate: str | None, found: Inside) -> Operation:
    """Widgets for what to change at the stage, whose attention does ``found`` with the picture."""
    kind = None if gate is None else gate_kind(found.gates[gate])
    channels = len(found.before)
    offered = _sources(model, gate)
    source, seed, lender = "own", 0, ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if offered:
            source = view.one_of(
                st.segmented_control, _("Where the gates come from"), list(offered), "gates_from",
                "own", format_func=offered.__getitem__,
            )  # fmt: skip
        if source == "shuffled":
            seed = view.number(_("Shuffle"), "shuffle", 0, 0, 999, width=120)
        if source == "borrowed":
            lender = view.one_of(
                st.selectbox, _("From"), [sample.name for sample in samples()], "lender", "ship-1",
                width=180, format_func=charts.sample_title,
            )  # fmt: skip
    strengths = found.after.mean((1, 2))
    if gate is not None and kind == "channel":
        strengths = found.gates[gate].ravel()
    ranking = np.argsort(-strengths, kind="stable").tolist()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=420):
            numbers = view.some_of(
                _("Channels to change"), [str(c) for c in range(channels)], "cut", [],
                placeholder=_("None; or click a tile or a bar below"),
            )  # fmt: skip
        share = view.number(_("Let through, in percent"), "pass_on", 0, 0, 300, step=25, width=170)
        for label, key, chosen in (
            (_("Strongest off"), "strongest_off", ranking[:1]),
            (_("Strongest quarter off"), "quarter_off", ranking[: max(1, channels // 4)]),
            (_("Weakest half off"), "half_off", ranking[(channels + 1) // 2 :]),
        ):
            st.button(label, on_click=_switch_off, args=(chosen,), key=key)
        st.button(_("Reset"), on_click=_reset, icon=":material/undo:", key="reset")
    numbered = tuple(sorted(map(int, numbers)))
    return Operation(stage, gate, kind, source, seed, lender, numbered, share / 100)


def _switch_off(numbers: Sequence[int]) -> None:
    """Switch these channels off, and no others."""
    st.session_state["cut"], st.session_state["pass_on"] = [str(c) for c in numbers], 0


def _reset() -> None:
    """Back to the network as it is."""
    _switch_off([])
    st.session_state["gates_from"] = "own"


def click(channel: int) -> None:
    """The channel of a clicked tile or bar joins the changed ones, or leaves them."""
    number, own = str(channel), st.session_state.get("cut", [])
    st.session_state["cut"] = [c for c in own if c != number] + [number] * (number not in own)
