"""What the attention of a stage does with a picture, computed once for all."""

import numpy as np
import streamlit as st

from cnnattn.data.pictures import to_input
from cnnattn.explain.inside import Inside, look_inside
from cnnattn.nets.architectures import Stage
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _

Array = np.ndarray


def inside_of(model: Model, picture: Array, stage: Stage) -> Inside:
    """What the attention of a stage does with a picture, uint8 (H, W, 3). Do not change it."""
    return _inside(model, model.version, model.input_picture(picture), *around(stage))


@st.cache_resource(max_entries=64, show_spinner=False)
def _inside(_model: Model, version: str, picture: Array, before: str, module: str) -> Inside:
    x = to_input(picture, **_model.input)
    return look_inside(_model.checkpoint.model, x, before, module)


def around(stage: Stage) -> tuple[str, str]:
    """The layers whose maps go into the attention of a stage and come out of it."""
    layers = list(stage.layers.values())
    at = layers.index(stage.layers["attention"])
    return layers[at - 1], layers[at]


def gate_kind(gate: Array) -> str:
    """What a gate weighs: "channel" (C, 1, 1), "place" (1, H, W), or "pixel" (C, H, W)."""
    if gate.shape[1:] == (1, 1):
        return "channel"
    return "place" if gate.shape[0] == 1 else "pixel"


def around_gate(inside: Inside, gate: str | None) -> tuple[Array, Array]:
    """The maps that one gate of a module is given, and those that it leaves."""
    if gate is None:
        return inside.before, inside.after
    before = inside.before
    for name, weights in inside.gates.items():
        if name == gate:
            return before, before * weights
        before = before * weights
    raise KeyError(gate)


def gate_spread(inside: Inside, gate: str | None = None) -> float:
    """Standard deviation of a gate's weights, the first gate's without a name; -1 without gates."""
    weights = inside.gates.get(gate or next(iter(inside.gates), ""))
    return -1.0 if weights is None else float(weights.std())


def widest_stage(model: Model, seen: Array) -> Stage:
    """The stage whose gates differ most for this picture; the last one where there are no gates."""
    spreads = [gate_spread(inside_of(model, seen, stage)) for stage in model.stages]
    return model.stages[int(np.argmax(spreads)) if max(spreads) >= 0 else -1]


def sound(inside: Inside) -> bool:
    """Whether all maps and gates are numbers."""
    arrays = [inside.before, inside.after, *inside.gates.values()]
    return all(np.isfinite(array).all() for array in arrays)


def unsound(model: Model) -> str:
    """What to say of a model whose maps or gates are not numbers."""
    return _(
        "The maps or gates of {model} are not numbers here (NaN or infinite), so there is nothing "
        "to draw: its training went astray or its file is damaged; train it again or choose "
        "another model.",
        model=model.title,
    )
