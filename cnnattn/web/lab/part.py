"""The gates of one stage as faders on another page: the network answers while they are dragged."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.data.pictures import input_picture
from cnnattn.nets.architectures import Stage
from cnnattn.web.lab.component import live_component
from cnnattn.web.lab.networks import Networks, why_not
from cnnattn.web.lab.ways import go, keep_picture, ways
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.shell.text import _


def live_gates(
    model: Model,
    chosen: Chosen,
    stage: Stage,
    layer: str,
    factors: Mapping[int, float] = {},
    bases: Mapping[str, np.ndarray | str] = {},
    replaced: str = "",
    on_told: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Faders for what ``layer``, a gate or the attention of the stage, lets through.

    They begin at ``factors`` of its channels; ``bases`` are weights that take the place of a gate's
    own, or the name of a layer whose maps do, and ``replaced`` says so in words. When a hand lets
    go, ``on_told`` gets the state: "factors" by channel, as text. Draws nothing for a model that
    the browser cannot run.
    """
    if why_not(model):
        return
    networks = Networks([model])
    settings = networks.settings()
    settings["words"] |= {
        "did_base": replaced,
        "nothing_changed": _("Drag the slider of a channel: the predictions follow at once."),
        "hint": _(
            "Sweep sideways to move several sliders; Shift moves all; a double click resets one. "
            "Keyboard: up and down move a slider, left and right change the channel. Touch screen: "
            "tap the sliders once, then drag."
        ),
    }
    label = model.classes.index(chosen.label) if chosen.label in model.classes else None
    gates: dict[str, dict[str, Any]] = {
        gate: {"base": base if isinstance(base, str) else base.ravel().tolist()}
        for gate, base in bases.items()
    }
    gates.setdefault(layer, {})["factors"] = {str(c): f for c, f in factors.items()}
    settings |= {
        "chosen": {"name": chosen.name, "label": label},
        "stage": stage.name,
        "gate": layer,
        "gates": {model.name: gates},
        "tells": on_told is not None,
    }

    def told() -> None:
        state = st.session_state["live_page"]["told"]
        if state and on_told:
            on_told(state)

    if on_told is None:
        settings["ways"] = ways("surgery")
    taken = live_component(
        networks.content,
        networks.key,
        settings,
        input_picture(chosen.picture),
        on_told=told,
        on_take=keep_picture,
    )
    if taken:
        go(taken, [model])
