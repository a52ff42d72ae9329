"""Channel attention: what one attention module does with a picture, and what it does by class."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from cnnattn.explain.inside import Inside
from cnnattn.figures.attention.gate_chart import gate_chart
from cnnattn.figures.attention.pairs import pairs
from cnnattn.figures.attention.way import way
from cnnattn.nets.architectures import Stage
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.class_section import class_section
from cnnattn.web.attention.elsewhere import (
    has_attention,
    livelier,
    offer_attention,
    offer_livelier,
    offer_positions,
)
from cnnattn.web.attention.gate_words import (
    gate_story,
    is_flat,
    module_words,
    position_story,
    stage_title,
    variability,
    variability_story,
)
from cnnattn.web.attention.inside import (
    around_gate,
    gate_kind,
    inside_of,
    sound,
    unsound,
    widest_stage,
)
from cnnattn.web.attention.kind import filled
from cnnattn.web.attention.module_steps import (
    channel_hovers,
    channel_rows,
    module_steps,
    pair_groups,
)
from cnnattn.web.attention.pickers import choose_position, pick_gate, pick_position, pick_stage
from cnnattn.web.attention.profile import on_training_pictures
from cnnattn.web.attention.questions import questions
from cnnattn.web.lab.part import live_gates
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.pickers import pick_gate_view, pick_model, pick_models, pick_picture
from cnnattn.web.shell import url_state
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    shown = pick_picture()
    picture = shown.picture
    chosen = pick_models()
    models = [model for model in chosen if has_attention(model.checkpoint.spec)]
    if not models:
        offer_attention(chosen)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = pick_model(models)
        stage = pick_stage(model, widest_stage(model, picture).name)
        inside = inside_of(model, picture, stage)
        gate = pick_gate(inside)
        channel = url_state.number(_("Channel"), "channel", 0, 0, len(inside.before) - 1, width=140)
        place = pick_position(inside)
    without = [other.title for other in chosen if other not in models]
    if without:
        st.caption(
            _(
                "Not listed, for they have no attention (every channel has weight 1): {models}.",
                models=_(", ").join(without),
            )
        )
    offer_positions(model, chosen)
    if not sound(inside):
        st.warning(unsound(model), icon=":material/error:")
        return

    def click(value: str | int) -> None:
        """Choose the clicked channel, or the clicked position."""
        choose_position(value)
        if not isinstance(value, str) and value >= 0:
            st.session_state["channel"] = value

    weights = None if gate is None else inside.gates[gate]
    per_channel = weights is not None and gate_kind(weights) == "channel"
    if gate is not None:
        _gates(model, stage, inside, gate, chosen, channel, click, width)

    with st.expander(
        _("Move the gates by hand"), icon=":material/tune:", on_change="rerun", key="gates_by_hand"
    ) as faders:
        if faders.open:
            live_gates(model, shown, stage, gate or stage.layers["attention"])

    # --- the way through the module
    kind = KINDS[model.checkpoint.spec.attention]
    heading(
        _("Inside the attention module"),
        _(
            "From left to right. Hover to read the values; click a channel or a position to select "
            "it."
        ),
    )
    st.markdown(filled(kind, kind.explanation, len(inside.before)))
    show(
        way(
            module_steps(model, inside, gate, model.input_picture(picture), place, channel),
            selected=channel,
            width=width,
        ),
        key="way",
        on_click=click,
        alt=module_words(model, stage, inside, gate),
        rows=lambda: channel_rows(inside, gate),
    )
    with st.expander(_("Common questions"), icon=":material/help:"):
        for question, answer in questions(kind, len(inside.before)):
            st.markdown(f"**{question}**  \n{answer}")

    if gate is None or not per_channel:
        st.info(_("This module has no weight per channel, so there are no mean gates by class."))
        return
    if len(inside.before) > 1:
        _extremes(inside, gate, click, width)
    class_section(model, stage, channel, width)


def _gates(
    model: Model,
    stage: Stage,
    inside: Inside,
    gate: str,
    chosen: list[Model],
    channel: int,
    click: Callable[[str | int], None],
    width: int,
) -> None:
    """The gates for this image: in words, how much they vary from image to image, and as bars."""
    weights = inside.gates[gate]
    heading(
        _("Gates of {stage} for this image", stage=stage_title(stage)),
        _(
            "A gate is a weight from 0 to 1, computed from the image, that the feature maps are "
            "multiplied by."
        ),
    )
    per_channel = gate_kind(weights) == "channel"
    story = gate_story(weights.ravel()) if per_channel else position_story(weights)
    st.markdown(story)
    varies = variability(model).get(gate)
    known = varies is not None and np.isfinite(varies.over_pictures)
    if varies is not None and known:
        st.markdown(variability_story(varies, on_training_pictures(model)))
    if is_flat(weights) or (varies is not None and known and varies.hardly_attends):
        other = livelier(model, stage, chosen)
        if other is not None:
            offer_livelier(other)
    if not per_channel:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        deviation, by_weight = pick_gate_view(label_visibility="collapsed")
    show(
        gate_chart(
            weights.ravel(),
            channel_hovers(inside, gate, *around_gate(inside, gate)),
            model.colour,
            title=_("Gates, deviation from the mean")
            if deviation
            else _("Gate weight per channel"),
            mean_label=_("mean {mean:.2f}"),
            order="weight" if by_weight else "channel",
            deviation=deviation,
            selected=channel,
            width=width,
        ),
        key="gates",
        on_click=click,
        alt=f"{model.title}, {stage_title(stage)}. " + story.replace("**", ""),
    )


def _extremes(inside: Inside, gate: str, click: Callable[[str | int], None], width: int) -> None:
    """The channels with the largest and the smallest gates, before and after."""
    groups = pair_groups(inside, gate)
    heading(
        _("Most and least emphasised channels"),
        _(
            "The channels with the largest and the smallest gates for this image, before and after "
            "multiplication by their gates."
        ),
    )
    show(
        pairs(
            groups,
            before_title=_("before"),
            after_title=_("after"),
            value_title=_("activation"),
            width=width,
        ),
        key="pairs",
        on_click=click,
        alt="; ".join(
            f"{group.title}: "
            + _(", ").join(name.replace("<br>", " (") + ")" for name in group.names)
            for group in groups
        ),
    )
