"""The experiment that Gate surgery opens with: one that really changes the prediction."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnnattn.data.pictures import to_input
from cnnattn.explain.statistics import softmax
from cnnattn.explain.trace import trace
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.inside import gate_kind, inside_of
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.surgery.operation import Operation, edits_of, presets

Array = np.ndarray


@dataclass(frozen=True)
class Trial:
    """One preset at one stage, and what it does to the picture's prediction."""

    operation: Operation
    harshness: int  # place among the presets: zeroing one channel is the mildest
    flips: bool
    effect: float  # fall of the predicted class's probability, -1 … 1


def opening(model: Model, seen: Array, stage: Stage, gate: str | None) -> Operation:
    """The mildest preset that flips the prediction at this gate of the stage.

    Where none does, the one that lowers the probability of the predicted class most.
    """
    return _chosen(
        _trials(model, model.version, model.input_picture(seen), stage.name, gate)
    ).operation


def opening_stage(model: Model, seen: Array) -> str:
    """The name of the stage where the mildest preset flips the prediction, as in ``opening``."""
    trials = [
        trial
        for stage in model.stages
        for trial in _trials(
            model,
            model.version,
            model.input_picture(seen),
            stage.name,
            next(iter(inside_of(model, seen, stage).gates), None),
        )
    ]
    return _chosen(trials).operation.stage.name


def _chosen(trials: list[Trial]) -> Trial:
    flipping = [trial for trial in trials if trial.flips]
    if flipping:
        return min(flipping, key=lambda trial: (trial.harshness, -trial.effect))
    return max(trials, key=lambda trial: trial.effect)


@st.cache_resource(max_entries=256, show_spinner=False)
def _trials(_model: Model, version: str, seen: Array, stage: str, gate: str | None) -> list[Trial]:
    """Every preset at one gate, the mildest first. Do not change it."""
    x = to_input(seen, **_model.input)
    whole = softmax(trace(_model.checkpoint.model, x, []).logits[0].detach().numpy())
    predicted = int(whole.argmax())
    trials = []
    for harshness, operation in enumerate(_candidates(_model, seen, stage, gate)):
        edits = edits_of(_model, operation)
        logits = trace(_model.checkpoint.model, x, [], edits=edits).logits[0].detach().numpy()
        after = softmax(logits)
        flips = int(after.argmax()) != predicted
        trials.append(
            Trial(operation, harshness, flips, float(whole[predicted] - after[predicted]))
        )
    return trials


def _candidates(model: Model, seen: Array, name: str, gate: str | None) -> list[Operation]:
    stage = next(stage for stage in model.stages if stage.name == name)
    inside = inside_of(model, seen, stage)
    kind = None if gate is None else gate_kind(inside.gates[gate])
    return [
        Operation(stage, gate, kind, factors=tuple((c, 0.0) for c in sorted(channels)))
        for channels in presets(gate, kind, inside).values()
    ]
