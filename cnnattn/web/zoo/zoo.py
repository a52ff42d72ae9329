"""The attention zoo: what every module costs, its source, and its shipped network."""

import inspect
import re
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st
import torch

from cnnattn.explain.cost import cost, costs
from cnnattn.nets import attention
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _

KINDS = [kind for kind in ATTENTION if kind != "none"]


def shipped(arch: str, kind: str) -> Model | None:
    """The checkpoint of this network that ships, None if there is none or it cannot be read."""
    with suppress(Problem):
        return loaders.model(loaders.CHECKPOINTS / f"{arch}-{kind}.safetensors")
    return None


@dataclass(frozen=True)
class StageCost:
    """What the attention of one stage adds to a network, in all its modules there."""

    stage: str
    size: tuple[int, ...]  # of the maps: channels, height, width
    modules: int
    parameters: int
    multiply_adds: int  # a picture


@st.cache_data(show_spinner=False)
def stage_costs(arch: str, kind: str) -> list[StageCost]:
    """What this attention adds to each stage of this network."""
    model = build(ModelSpec(arch, kind)).eval()
    names = [name for name, _m in model.named_modules() if re.search(r"attention\d?$", name)]
    found = costs(model, torch.zeros(1, 3, 32, 32), names)
    stages: dict[str, list[str]] = {}
    for name in names:  # "attention2" and "stage2.1.attention" both belong to stage 2
        stages.setdefault(re.findall(r"\d", name)[0], []).append(name)
    return [
        StageCost(
            stage,
            found[own[0]].size,
            len(own),
            sum(found[name].parameters for name in own),
            sum(found[name].multiply_adds for name in own),
        )
        for stage, own in stages.items()
    ]


@st.cache_data(show_spinner=False)
def network_cost(arch: str) -> tuple[int, int]:
    """Parameters and multiply-adds, for a picture, of the network without attention."""
    found = cost(build(ModelSpec(arch)).eval(), torch.zeros(1, 3, 32, 32))
    return found.parameters, found.multiply_adds


def added(arch: str, kind: str) -> tuple[int, int]:
    """Parameters and multiply-adds that this attention adds to the whole network."""
    stages = stage_costs(arch, kind)
    return sum(s.parameters for s in stages), sum(s.multiply_adds for s in stages)


def cost_rows(arch: str, kind: str) -> list[dict[str, object]]:
    """The costs as rows of a table, a stage each."""
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


def cost_story(arch: str, kind: str) -> str:
    """In a sentence: what this attention adds to the network in all."""
    parameters, multiply_adds = added(arch, kind)
    network = network_cost(arch)
    if not parameters:
        return _("In all: no parameter and no multiply-add; what it does, it does value by value.")
    return _(
        "In all {parameters:,} parameters ({more:.2%} more than the network without attention) "
        "and {multiply_adds:,} multiply-adds a picture ({work:.2%} more).",
        parameters=parameters, more=parameters / network[0],
        multiply_adds=multiply_adds, work=multiply_adds / network[1],
    )  # fmt: skip


@st.cache_data(show_spinner=False)
def source(kind: str) -> str:
    """The module's source as it stands in the repository: its classes, and what they call."""
    own = {
        type(m) for m in ATTENTION[kind](32).modules() if type(m).__module__ == attention.__name__
    }
    members = vars(attention).values()
    texts = {c.__name__: inspect.getsource(c) for c in members if inspect.isclass(c) and c in own}
    called = "\n".join(texts.values())
    for member in members:
        if inspect.isfunction(member) and f"{member.__name__}(" in called:
            texts[member.__name__] = inspect.getsource(member)
    return "\n\n".join(texts.values())
