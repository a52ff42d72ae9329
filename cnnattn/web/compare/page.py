"""Compare (the home page): one picture, and what several models make of it, side by side."""

from functools import partial

import streamlit as st

from cnnattn.figures.kit.frame import WIDTH
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.web.compare import channels, first_screen
from cnnattn.web.compare.outline import outline
from cnnattn.web.library import charts
from cnnattn.web.library.epochs import look_back
from cnnattn.web.library.pickers import pick_gate_view, pick_models, pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading, link_to
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = look_back(pick_models())
    shape = outline(models, chosen)
    stage_names = [stage.name for stage in max((m.stages for m in models), key=len)]

    with st.sidebar, st.expander(_("Display"), icon=":material/tune:"):
        scale_names = {"auto": _("Automatic"), "shared": _("Shared"), "own": _("Per model")}
        scale = view.one_of(
            st.segmented_control,
            _("Colour scale"),
            scale_names,
            "scale",
            "auto",
        )
        smooth = view.switch(_("Smooth maps (bilinear)"), "smooth", False)
        which_names = {"all": _("All"), "first": _("First"), "strongest": _("Strongest")}
        which = view.one_of(
            st.segmented_control,
            _("Channels"),
            which_names,
            "which",
            "all",
        )
        count = 16
        if which != "all":
            count = view.number(_("How many"), "count", 16, 1, 128, width=140)

    # --- the first screen: answers, heat maps, the network and ways on
    # With more than two models the figures' tools need a gap to stand in: titles fill the width.
    crowded = len(models) > 2
    with st.container(
        gap="small" if crowded else "xxsmall",
        key="first_screen_of_many" if crowded else "first_screen",
    ):
        first_screen.answers(models, chosen, width)
        wide = width >= WIDTH
        if wide:
            left, right = st.columns([74, 26], gap="small")
            ways = right = right.container(gap="xxsmall")
        else:
            ways, left, right = st.container(), st.container(), st.container()
        with right:
            stage_options = [*stage_names, "all"]
            widest = stage_options[shape.widest]
            stage_choice = view.one_of(
                st.segmented_control,
                _("Stage"),
                stage_options,
                "stage",
                widest,
                format_func=lambda name: _("all") if name == "all" else name,
                label_visibility="collapsed",
            )
        with ways:
            first_screen.ways_on(models, shape)
        with left:
            first_screen.path(models, chosen, stage_choice, width)
        grids = st.container()

    # --- how the channels are shown
    with st.container(horizontal=True, vertical_alignment="bottom"):
        roles = charts.role_names()
        role = view.one_of(
            st.segmented_control,
            _("Layer"),
            roles,
            "layer",
            "attention",
        )
        deviation, by_weight = pick_gate_view()
    st.caption(
        _(
            "Each tile is one channel's feature map; below it stand the gates, the weights that "
            "attention multiplies the channels by. Click a tile or a bar to enlarge its channel."
        )
    )
    stages = [i for i, name in enumerate(stage_names) if stage_choice in (name, "all")]

    def click(index: int, channel: int) -> None:
        """A clicked tile or bar becomes the enlarged channel, its stage the enlarged stage."""
        st.session_state["channel"] = channel
        st.session_state["large_stage"] = stage_names[index]

    large = stages[0]
    if len(stages) > 1:
        large = stage_names.index(view.settle("large_stage", stage_names, stage_names[0]))
    most = shape.channels[large][role]
    selected = view.settle_number("channel", 0, 0, most - 1)
    for index in stages:
        shown = channels.grid(
            models,
            chosen,
            index,
            role,
            which=which,
            count=count,
            scale=scale,
            smooth=smooth,
            deviation=deviation,
            by_weight=by_weight,
            selected=selected if index == large else None,
            low=wide,
            width=width,
        )
        with grids:
            if len(stages) > 1:
                stage = next(m.stages[index] for m in models if index < len(m.stages))
                st.markdown("**" + charts.stage_title(stage) + "**")
            show(
                shown.figure,
                key=f"grid_{index}",
                on_click=partial(click, index),
                alt=shown.alt,
                rows=partial(channels.rows, models, chosen, index, role),
            )
            if shown.told:
                st.caption(shown.told)

    # --- one channel, large
    heading(
        _("Channel close-up"),
        _("One channel in every model, at its own resolution; hover over it to read its values.")
        if len(models) == 1
        else _(
            "Channel {number} of every model, at its own resolution; hover over it to read its "
            "values. Only the number is shared: channels of different networks are learned "
            "independently and have nothing to do with one another.",
            number=selected,
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(stages) > 1:
            view.one_of(
                st.segmented_control, _("Stage"), stage_names, "large_stage", stage_names[0]
            )
        channel = view.number(_("Channel"), "channel", 0, 0, most - 1, width=160)
    closer = channels.one_channel(
        models, chosen, large, role, channel, scale=scale, smooth=smooth, width=width
    )
    show(closer.figure, key="channel_large", alt=closer.alt)
    st.markdown(closer.told)

    # --- where the models look
    heading(
        _("Heat maps"),
        _(
            "Grad-CAM shows which positions of the last stage raise the score of a class; the "
            "other maps are the last stage's channels with the largest mean, over the image."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        top = view.number(_("Strongest channels"), "top", 3, 0, 6, width=160)
        names = ["predicted", *models[0].classes]
        target = view.one_of(
            st.selectbox,
            _("Class for Grad-CAM"),
            names,
            "class",
            "predicted",
            width=260,
            format_func=charts.target_name,
        )
    heat = channels.heat_maps(models, chosen, target, top, width)
    show(heat.figure, key="heat_maps", alt=heat.alt)
    link_to(
        "attention",
        _("Non-local attention: click a position, see where it looks"),
        "ads_click",
        models="cnn-nonlocal",
        model="cnn-nonlocal",
        gate_stage=ARCHITECTURES["cnn"].stages[-1].name,
    )
