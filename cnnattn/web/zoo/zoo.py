"""The attention zoo: what every module costs, its source, and its shipped network."""

import inspect
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st
import torch

from cnnattn.explain.cost import cost, costs
from cnnattn.explain.gates import gate_names
from cnnattn.figures.kit.frame import NARROW
from cnnattn.nets import attention
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from cnnattn.web.attention.kind import Kind
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _

CHANNELS = 64  # of the module whose source is shown: any number does


def shipped(arch: str, kind: str) -> Model | None:
    """The checkpoint of this network that ships, None if there is none or it cannot be read."""
    with suppress(Problem):
        return loaders.model(loaders.CHECKPOINTS / f"{arch}-{kind}.safetensors")
    return None


@st.cache_data(show_spinner=False)
def has_gates(arch: str, kind: str) -> bool:
    """Whether this attention multiplies by gates; others add to the maps."""
    return bool(gate_names(build(ModelSpec(arch, kind))))


@dataclass(frozen=True)
class StageCost:
    """What the attention of one stage adds to a network, in all its modules there."""

    stage: str
    size: tuple[int, ...]  # of the maps: channels, height, width
    modules: int
    parameters: int
    multiply_adds: int  # per image


@st.cache_data(show_spinner=False)
def stage_costs(arch: str, kind: str) -> list[StageCost]:
    """What this attention adds to each stage of this network."""
    record = ARCHITECTURES[arch]
    names = [name for stage in record.stages for name in stage.attentions]
    found = costs(build(ModelSpec(arch, kind)).eval(), torch.zeros(record.shape), names)
    return [
        StageCost(
            stage.name,
            found[stage.attentions[0]].size,
            len(stage.attentions),
            sum(found[name].parameters for name in stage.attentions),
            sum(found[name].multiply_adds for name in stage.attentions),
        )
        for stage in record.stages
    ]


@st.cache_data(show_spinner=False)
def network_cost(arch: str) -> tuple[int, int]:
    """Parameters and multiply-adds, for a picture, of the network without attention."""
    found = cost(build(ModelSpec(arch)).eval(), torch.zeros(ARCHITECTURES[arch].shape))
    return found.parameters, found.multiply_adds


def added(arch: str, kind: str) -> tuple[int, int]:
    """Parameters and multiply-adds that this attention adds to the whole network."""
    stages = stage_costs(arch, kind)
    return sum(s.parameters for s in stages), sum(s.multiply_adds for s in stages)


def cost_rows(arch: str, kind: str) -> list[dict[str, object]]:
    """The costs as rows of a table, one per stage."""
    return [
        {
            _("Stage"): stage.stage,
            _("maps"): "×".join(map(str, stage.size)),
            _("modules"): stage.modules,
            _("parameters"): stage.parameters,
            _("multiply-adds"): stage.multiply_adds,
        }
        for stage in stage_costs(arch, kind)
    ]


def cost_formats() -> dict[str, Any]:
    """How the columns of ``cost_rows`` are written, by their titles."""
    number = st.column_config.NumberColumn(format="localized")
    return {_("parameters"): number, _("multiply-adds"): number}


def cost_story(arch: str, kind: str) -> str:
    """In a sentence: what this attention adds to the network in all."""
    parameters, multiply_adds = added(arch, kind)
    network = network_cost(arch)
    if not parameters:
        return _("In all: no parameters and no multiply-adds; it works value by value.")
    return _(
        "In all {parameters:,} parameters ({more:.2%} more than the network without attention) "
        "and {multiply_adds:,} multiply-adds per image ({work:.2%} more).",
        parameters=parameters,
        more=parameters / network[0],
        multiply_adds=multiply_adds,
        work=multiply_adds / network[1],
    )


def formula(kind: Kind, width: int) -> str:
    """The module's formula, on a narrow page with a line for each of its equations."""
    if width >= NARROW:
        return kind.formula
    if kind.formula.startswith(r"\begin{aligned}"):
        return kind.formula.replace(r",\quad ", r",\\ &")
    lines = kind.formula.replace(r",\quad ", r",\\ ")
    return rf"\begin{{gathered}}{lines}\end{{gathered}}"


def parameters_formula(kind: Kind) -> str:
    """How many parameters a module has, as LaTeX, and what its letters stand for."""
    return kind.parameters + (rf",\quad {kind.widths_formula}" if kind.widths_formula else "")


@st.cache_data(show_spinner=False)
def source(kind: str) -> str:
    """The module's source as it stands in the repository: its classes, and what they call."""
    own = {
        type(m)
        for m in ATTENTION[kind](CHANNELS).modules()
        if type(m).__module__ == attention.__name__
    }
    members = vars(attention).values()
    texts = {c.__name__: inspect.getsource(c) for c in members if inspect.isclass(c) and c in own}
    called = "\n".join(texts.values())
    for member in members:
        if inspect.isfunction(member) and f"{member.__name__}(" in called:
            texts[member.__name__] = inspect.getsource(member)
    return "\n\n".join(texts.values())
