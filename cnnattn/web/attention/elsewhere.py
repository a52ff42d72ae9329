"""Other networks and stages to look at: where gates vary more, and models that have attention."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from cnnattn.explain.gate_variability import HARDLY, GateVariability, recorded_variability
from cnnattn.nets.architectures import ARCHITECTURES, Stage
from cnnattn.nets.checkpoint import read_card
from cnnattn.nets.models import ModelSpec
from cnnattn.problem import Problem
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.gate_words import stage_title, variability
from cnnattn.web.library import checkpoints
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.pickers import SIDE_BY_SIDE
from cnnattn.web.shell.text import _


def has_attention(spec: ModelSpec) -> bool:
    """Whether there is anything to see on a page about attention."""
    return spec.attention != "none"


@dataclass(frozen=True)
class Way:
    """A stage of a model whose gates vary over the test images, and by how much."""

    model: str  # its name
    title: str
    stage: Stage
    deviation: float


def livelier(model: Model, stage: Stage, chosen: Sequence[Model]) -> Way | None:
    """Where gates vary from image to image, as cards tell: in this model, else in the ``chosen``
    ones, else in any that is here; None where they hardly do."""
    own = _ways(model.name, model.title, model.stages, variability(model))
    others = [
        way
        for other in chosen
        if other.name != model.name
        for way in _ways(other.name, other.title, other.stages, variability(other))
    ]
    return (
        _liveliest([way for way in own if way.stage != stage])
        or _liveliest(others)
        or _liveliest(_all_ways())
    )


def _liveliest(ways: Sequence[Way]) -> Way | None:
    moving = [way for way in ways if way.deviation >= HARDLY]
    return max(moving, key=lambda way: way.deviation, default=None)


def _ways(
    name: str, title: str, stages: Sequence[Stage], varies: Mapping[str, GateVariability]
) -> list[Way]:
    return [
        Way(name, title, stage, varies[stage.gate].over_pictures)
        for stage in stages
        if stage.gate in varies
    ]


def _all_ways() -> list[Way]:
    ways = []
    for name, file in checkpoints.checkpoint_files().items():
        if file.suffix == ".safetensors":
            with suppress(Problem):
                spec, card = read_card(file)
                varies = recorded_variability(card.get("results", {}))
                ways += _ways(
                    name, checkpoints.title(name, spec), ARCHITECTURES[spec.arch].stages, varies
                )
    return ways


def offer_livelier(way: Way) -> None:
    """A button that opens the stage where gates vary more."""
    st.button(
        _(
            "{model}, {stage}: gates vary by ±{deviation:.2g}",
            model=way.title,
            stage=stage_title(way.stage),
            deviation=way.deviation,
        ),
        icon=":material/arrow_forward:",
        type="tertiary",
        key="livelier",
        on_click=_open,
        args=(way.model, way.stage.name),
    )


def offer_attention(chosen: Sequence[Model]) -> None:
    """Where none of the ``chosen`` models has attention: what that means, and one click to SE."""
    st.markdown(
        _(
            "**{models}**: {reason} So there are no gates here to show. This page shows how an "
            "attention module computes weights from feature maps, what they do to this image, and "
            "how they differ from class to class.",
            models=_(", ").join(model.title for model in chosen),
            reason=_(KINDS["none"].no_bars),
        )
    )
    offered = _first_with_attention(chosen[0].checkpoint.spec.arch)
    if not offered:
        st.info(_("No model with attention is here yet: train one on the page Training."))
        return
    with st.container(horizontal=True):
        for i, (name, spec) in enumerate(offered):
            st.button(
                _("Add {model}", model=checkpoints.title(name, spec)),
                icon=":material/add:",
                type="primary" if i == 0 else "secondary",
                key=f"add_{name}",
                on_click=_open,
                args=(name,),
            )


def _first_with_attention(arch: str, count: int = 3) -> list[tuple[str, ModelSpec]]:
    """Models with attention, those of the same architecture and SE first."""
    found = []
    for name, file in checkpoints.checkpoint_files().items():
        with suppress(Problem):
            spec = checkpoints.spec(file)
            if has_attention(spec):
                found.append((name, spec))
    order = list(KINDS)  # SE comes first
    found.sort(key=lambda pair: (pair[1].arch != arch, order.index(pair[1].attention)))
    return found[:count]


def offer_positions(model: Model, chosen: Sequence[Model]) -> None:
    """One click to the non-local module, where a click shows where a position looks."""
    arch = model.checkpoint.spec.arch
    there = {
        m.name: m.checkpoint.spec.arch for m in chosen if m.checkpoint.spec.attention == "nonlocal"
    }
    files = checkpoints.checkpoint_files()
    there |= {f"{a}-nonlocal": a for a in (arch, *ARCHITECTURES) if f"{a}-nonlocal" in files}
    name = next(iter(there), None)
    if name is not None and name != model.name:
        st.button(
            _("Non-local attention: click a position, see where it looks"),
            icon=":material/ads_click:",
            type="tertiary",
            key="to_positions",
            on_click=_open,
            args=(name, ARCHITECTURES[there[name]].stages[-1].name),
        )


def _open(name: str, stage: str | None = None) -> None:
    """Look at this model, at this stage of it; the model joins those that are chosen."""
    state = st.session_state
    chosen = list(state.get("models", []))
    if name not in chosen:
        chosen = [*chosen[: SIDE_BY_SIDE - 1], name]
    state["models"], state["model"] = chosen, name
    if stage is not None:
        state["gate_stage"] = stage
