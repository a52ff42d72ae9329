"""What is chosen on the pages about attention: stage, gate and position."""

import streamlit as st

from cnnattn.explain.inside import Inside
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.inside import gate_kind
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell import url_state
from cnnattn.web.shell.text import _

Place = tuple[int, int]  # row and column


def pick_stage(model: Model, default: str = "") -> Stage:
    """The stage whose attention is looked at; ``default``, or the first one, until the visitor or a
    link chooses."""
    stages = {stage.name: stage for stage in model.stages}
    default = default or next(iter(stages))
    url_state.follow("gate_stage", default)
    name = url_state.one_of(
        st.segmented_control,
        _("Stage"),
        list(stages),
        "gate_stage",
        default,
        format_func=lambda name: _label(stages[name]),
    )
    return stages[name]


def _label(stage: Stage) -> str:
    """A stage's number, and in ResNet-20 which block of it is shown: "1 (block 1.3)"."""
    if not stage.block:
        return stage.name
    return _("{stage} (block {block})", stage=stage.name, block=stage.block)


def pick_gate(inside: Inside) -> str | None:
    """The gate that is looked at: a choice where a module has several, None where it has none."""
    gates = list(inside.gates)
    if len(gates) < 2:
        return gates[0] if gates else None
    number = url_state.one_of(
        st.segmented_control,
        _("Gate"),
        [str(i) for i in range(len(gates))],
        "gate",
        "0",
        format_func=lambda i: gate_title(inside, gates[int(i)]),
    )
    return gates[int(number)]


def gate_title(inside: Inside, name: str) -> str:
    """What a gate of a module with several is called."""
    kinds = {"channel": _("Channel gate"), "place": _("Spatial gate"), "pixel": _("Full gate")}
    return kinds[gate_kind(inside.gates[name])]


def pick_position(inside: Inside) -> Place:
    """The position whose attention weights are shown, where the module has such; else (0, 0)."""
    if inside.affinity is None:
        return (0, 0)
    rows, columns = inside.affinity.shape[:2]
    return (
        url_state.number(_("Row"), "place_row", rows // 2, 0, rows - 1, width=120),
        url_state.number(_("Column"), "place_column", columns // 2, 0, columns - 1, width=120),
    )


def choose_position(value: str | int) -> None:
    """Choose the position that was clicked, "row,column"; a channel's number changes nothing."""
    if isinstance(value, str):
        row, column = map(int, value.split(","))
        st.session_state["place_row"], st.session_state["place_column"] = row, column
