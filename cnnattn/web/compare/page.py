"""Compare (the home page): one picture, and what several models make of it, side by side."""

from functools import partial

import streamlit as st

from cnnattn.figures.heat.overlays import overlays
from cnnattn.figures.kit.frame import WIDTH
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.maps.one_channel import enlarged
from cnnattn.web.compare import first_screen
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import analysis
from cnnattn.web.library.epochs import look_back
from cnnattn.web.library.pickers import pick_models, pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading, link_to
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = look_back(pick_models())
    seen = chosen.seen
    pairs = [(model, analysis(model, seen)) for model in models]

    with st.sidebar, st.expander(_("Display"), icon=":material/tune:"):
        scale_names = {"auto": _("Automatic"), "shared": _("Shared"), "own": _("Per model")}
        scale = view.one_of(
            st.segmented_control, _("Colour scale"), list(scale_names), "scale", "auto",
            format_func=scale_names.__getitem__,
        )  # fmt: skip
        smooth = view.switch(_("Smooth maps (bilinear)"), "smooth", False)
        which_names = {"all": _("All"), "first": _("First"), "strongest": _("Strongest")}
        which = view.one_of(
            st.segmented_control, _("Channels"), list(which_names), "which", "all",
            format_func=which_names.__getitem__,
        )  # fmt: skip
        count = 16
        if which != "all":
            count = view.number(_("How many"), "count", 16, 1, 128, width=140)

    # --- the first screen: answers, heat maps, the network and ways on
    with st.container(gap="xxsmall", key="first_screen"):
        first_screen.answers(pairs, chosen, width)
        wide = width >= WIDTH
        left, right = st.columns([74, 26], gap="small") if wide else [st.container()] * 2
        with right, st.container(gap="xxsmall"):
            stage_options = ["1", "2", "3", "all"]
            widest = stage_options[charts.widest_stage(pairs)]
            stage_choice = view.one_of(
                st.segmented_control, _("Stage"), stage_options, "stage", widest,
                format_func=lambda name: _("all") if name == "all" else name,
                label_visibility="collapsed",
            )  # fmt: skip
            first_screen.ways_on(pairs, _to_upload)
        with left:
            first_screen.path(pairs, seen, stage_choice, width)
        grids = st.container()

    # --- how the channels are shown
    with st.container(horizontal=True, vertical_alignment="bottom"):
        roles = charts.role_names()
        role = view.one_of(
            st.segmented_control, _("Layer"), list(roles), "layer", "attention",
            format_func=roles.__getitem__,
        )  # fmt: skip
        gate_names = {"deviation": _("Deviation from the mean"), "weight": _("0 to 1")}
        gate_view = view.one_of(
            st.segmented_control, _("Gates"), list(gate_names), "gate_view", "deviation",
            format_func=gate_names.__getitem__,
        )  # fmt: skip
        by_weight = view.switch(_("Sort gates by weight"), "by_weight", True)
    st.caption(
        _(
            "Each tile is one channel's feature map; below it stand the gates, the weights that "
            "attention multiplies the channels by. Click a tile or a bar to enlarge its channel."
        )
    )
    stages = range(3) if stage_choice == "all" else [int(stage_choice) - 1]

    def click(index: int, channel: int) -> None:
        """A clicked tile or bar becomes the enlarged channel, its stage the enlarged stage."""
        st.session_state["channel"] = channel
        st.session_state["large_stage"] = str(index + 1)

    large = stages[0] if len(stages) == 1 else int(st.session_state.get("large_stage", "1")) - 1
    channels = max(len(found.maps[m.stages[large].layers[role]]) for m, found in pairs)
    selected = min(st.session_state.get("channel", 0), channels - 1)
    for index in stages:
        panels = [charts.grid_panel((m, f), m.stages[index], role, which, count) for m, f in pairs]
        reason = charts.why_own_scales([(panel.title, panel.maps) for panel in panels])
        with grids:
            if len(stages) > 1:
                st.markdown("**" + charts.stage_title(models[0].stages[index]) + "**")
            show(
                channel_grid(
                    panels,
                    shared_scale=scale == "shared" or (scale == "auto" and not reason),
                    smooth=smooth,
                    value_title=_("activation"),
                    percentile=99.5,  # else a few bright pixels leave all other tiles black
                    gate_title=(
                        _("Gates, deviation from the mean")
                        if gate_view == "deviation"
                        else _("Gate weight per channel")
                    ),
                    mean_label=_("mean {mean:.2f}"),
                    selected=selected if index == large else None,
                    gate_order="weight" if by_weight else "channel",
                    deviation=gate_view == "deviation",
                    low=wide,
                    width=width,
                ),
                key=f"grid_{index}",
                on_click=partial(click, index),
                alt=charts.grid_alt(pairs, index),
            )
            if reason and scale == "auto":
                st.caption(reason)

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
            view.one_of(st.segmented_control, _("Stage"), ["1", "2", "3"], "large_stage", "1")
        channel = view.number(_("Channel"), "channel", 0, 0, channels - 1, width=160)
    having = [(m, f) for m, f in pairs if channel < len(f.maps[m.stages[large].layers[role]])]
    maps = [f.maps[m.stages[large].layers[role]][channel] for m, f in having]
    titles = [m.title for m, _found in having]
    reason = charts.why_own_scales(list(zip(titles, maps, strict=True)))
    stories = {m.title: charts.channel_story((m, f), m.stages[large], role, channel)
               for m, f in pairs}  # fmt: skip
    show(
        enlarged(
            maps,
            titles,
            [m.colour for m, _found in having],
            value_title=_("activation"),
            hover=_(
                "row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z:.4g}"
            ),
            shared_scale=scale == "shared" or (scale == "auto" and not reason),
            smooth=smooth,
            width=width,
        ),
        key="channel_large",
        alt=_("Channel {number}, enlarged", number=channel)
        + ". "
        + "; ".join(f"{title}: {story}" for title, story in stories.items()),
    )
    for title, story in stories.items():
        st.markdown(f"**{title}** · {story}")
    with st.expander(_("Data table"), on_change="rerun", key="table") as table:
        if table.open:
            st.dataframe(charts.class_rows(pairs), hide_index=True)
            st.dataframe(charts.stage_rows(pairs, large, role), hide_index=True)

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
            st.selectbox, _("Class for Grad-CAM"), names, "class", "predicted", width=260,
            format_func=charts.target_name,
        )  # fmt: skip
    columns = [charts.overlay_column(m, seen, target, top) for m in models]
    show(
        overlays(
            chosen.picture if chosen.picture.shape[0] == chosen.picture.shape[1] else seen,
            columns,
            smooth=True,
            value_title=_("relative to maximum"),
            width=width,
        ),
        key="heat_maps",
        alt=charts.overlays_alt(columns),
    )
    link_to(
        "attention",
        _("Non-local attention: click a position, see where it looks"),
        "ads_click",
        models="cnn-nonlocal",
        model="cnn-nonlocal",
        gate_stage="3",
    )


def _to_upload() -> None:
    """Open the place for a photo of one's own."""
    st.session_state["source"] = "upload"
