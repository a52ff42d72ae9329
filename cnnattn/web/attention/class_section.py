"""The part of Channel attention about classes: mean gates by class, and what they explain."""

import numpy as np
import streamlit as st

from cnnattn.figures.attention.class_profile import class_profile, class_shares
from cnnattn.nets.architectures import Stage
from cnnattn.problem import Problem
from cnnattn.web.attention import profile
from cnnattn.web.attention.gate_words import stage_title
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell import url_state
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name, sentence


def class_section(model: Model, stage: Stage, selected: int, width: int) -> None:
    """Draw it for a model with a gate per channel; channel number ``selected`` is framed."""
    heading(
        _("Mean gates by class"),
        _(
            "The mean gate of every channel over the training images of each class: this quick "
            "demo has no others."
        )
        if profile.on_training_pictures(model)
        else _(
            "The mean gate of every channel over the test images of each class: do late stages "
            "treat cats differently from ships?"
        ),
    )
    try:
        by_class = profile.class_gates(model)
    except Problem as problem:
        st.error(sentence(problem), icon=":material/error:")
        return
    if not by_class or stage.gate not in by_class.gates:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        orders = profile.orders()
        order = url_state.one_of(
            st.segmented_control,
            _("Channels"),
            orders,
            "profile_order",
            "number",
        )
        apart = url_state.switch(_("Deviation from the class average"), "apart", False)
    names = url_state.some_of(
        _("Highlighted classes"),
        list(model.classes),
        "profile_classes",
        [name for name in ("cat", "ship", "truck") if name in model.classes] or model.classes[:3],
        format_func=class_name,
    )
    mean, spread = by_class.gates[stage.gate]
    drawn, rows_of = profile.sorted_gates(model, mean, spread, order, apart)
    show(
        class_profile(
            drawn,
            [rows_of.index(model.classes.index(name)) for name in names],
            selected=selected,
            value_title=_("difference") if apart else _("mean gate"),
            x_title=_("channel"),
            hover=profile.hover(),
            width=width,
        ),
        key="class_profile",
        alt=_profile_words(model, stage, mean),
    )
    differences = profile.stage_differences(model, by_class)
    heading(
        _("How class-specific are the gates? (η²)"),
        _(
            "Share of the gate variance over the training images that the class explains: 0% if "
            "every class has the same gates, 100% if the class alone decides them."
        )
        if by_class.memorised
        else _(
            "Share of the gate variance over the test set that the class explains: 0% if every "
            "class has the same gates, 100% if the class alone decides them."
        ),
    )
    story = profile.story(differences, by_class)
    st.markdown(story)
    blocks = any("." in d.name for d in differences)
    show(
        class_shares(
            [d.name if blocks else _("Stage {stage}", stage=d.name) for d in differences],
            [d.found.share for d in differences],
            [d.hover for d in differences],
            model.colour,
            selected=next((i for i, d in enumerate(differences) if d.gate == stage.gate), None),
            x_title=_("stage.block") if blocks else "",
            percent="{:.0f}%",
        ),
        key="class_shares",
        alt=story.replace("**", ""),
    )


def _profile_words(model: Model, stage: Stage, mean: np.ndarray) -> str:
    """What the profile ``mean`` (classes, C) shows, in words."""
    if not np.isfinite(mean).any():
        return _("Mean gate per class and channel, {stage}", stage=stage_title(stage))
    channel = int(np.nanargmax(np.nanstd(mean, axis=0)))
    column = mean[:, channel]
    high, low = int(np.nanargmax(column)), int(np.nanargmin(column))
    return _(
        "Mean gate per class and channel, {stage} of {model}: from {least:.2f} to {most:.2f}. The "
        "classes differ most in channel {channel}: {first} {high:.2f}, {last} {low:.2f}",
        stage=stage_title(stage),
        model=model.title,
        least=np.nanmin(mean),
        most=np.nanmax(mean),
        channel=channel,
        first=class_name(model.classes[high]),
        high=column[high],
        last=class_name(model.classes[low]),
        low=column[low],
    )
