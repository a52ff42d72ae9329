"""Compare (the home page): one picture, and what several models make of it, side by side."""

from cnnattn.web.page import heading, page
from cnnattn.web.text import _

width = page(_("Compare"))  # before the imports below, which may wait for torch

import numpy as np  # noqa: E402
import streamlit as st  # noqa: E402

from cnnattn.figures.bars import predictions  # noqa: E402
from cnnattn.figures.channel import enlarged  # noqa: E402
from cnnattn.figures.heatmap import overlays  # noqa: E402
from cnnattn.figures.mosaic import channel_grid  # noqa: E402
from cnnattn.web import charts, view  # noqa: E402
from cnnattn.web.epochs import look_back  # noqa: E402
from cnnattn.web.loaders import analysis  # noqa: E402
from cnnattn.web.pickers import pick_models, pick_picture  # noqa: E402

chosen = pick_picture()
models = look_back(pick_models())
seen = chosen.seen
pairs = [(model, analysis(model, seen)) for model in models]

with st.sidebar, st.expander(_("Display"), icon=":material/tune:"):
    shared = view.switch(_("One colour scale for all models"), "shared", True)
    smooth = view.switch(_("Smooth maps (bilinear)"), "smooth", False)
    by_weight = view.switch(_("Sort gates by weight"), "by_weight", False)

# --- the picture, and what the models say of it
left, right = st.columns([3, 7], gap="medium")
with left, st.container(horizontal=True):
    st.image(chosen.picture, _("As given"), width=128, alt=chosen.name)
    enlarged_view = np.repeat(np.repeat(seen, 4, 0), 4, 1)
    st.image(enlarged_view, _("As the network sees it: 32×32"), width=128, alt=chosen.name)
with right:
    verdict = charts.verdict(pairs, chosen.label)
    st.markdown(verdict)
    st.plotly_chart(
        predictions([charts.prediction_column(pair, chosen.label) for pair in pairs]),
        key="predictions",
        config=charts.CONFIG,
        alt=verdict,
    )
st.page_link(
    "pages/9_Live.py",
    label=_("Live: cover, paint or break it, and watch the networks answer"),
    icon=":material/bolt:",
)

# --- the channels of a stage and their gates
heading(
    _("Channels and their weights"),
    _(
        "Each tile is one channel's feature map of the chosen layer; the bars below are the "
        "weights from 0 to 1 that attention multiplies the channels by. Click a tile to enlarge it."
    ),
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    stage_options = ["1", "2", "3", "all"]
    stage_choice = view.one_of(
        st.segmented_control, _("Stage"), stage_options, "stage", "1",
        format_func=lambda name: _("all") if name == "all" else name,
    )  # fmt: skip
    roles = charts.role_names()
    role = view.one_of(
        st.segmented_control, _("Layer"), list(roles), "layer", "attention",
        format_func=roles.__getitem__,
    )  # fmt: skip
    which_names = {"all": _("All"), "first": _("First"), "strongest": _("Strongest")}
    which = view.one_of(
        st.segmented_control, _("Channels"), list(which_names), "which", "all",
        format_func=which_names.__getitem__,
    )  # fmt: skip
    count = 16
    if which != "all":
        count = view.number(_("How many"), "count", 16, 1, 128, width=140)
stages = range(3) if stage_choice == "all" else [int(stage_choice) - 1]


def click(index: int) -> None:
    """A clicked tile or bar becomes the enlarged channel, its stage the enlarged stage."""
    if (channel := charts.clicked(f"grid_{index}")) is not None:
        st.session_state["channel"] = channel
        st.session_state["large_stage"] = str(index + 1)


large = stages[0] if len(stages) == 1 else int(st.session_state.get("large_stage", "1")) - 1
channels = max(len(found.maps[m.stages[large].layers[role]]) for m, found in pairs)
selected = min(st.session_state.get("channel", 0), channels - 1)
for index in stages:
    if len(stages) > 1:
        st.markdown("**" + _("Stage {stage}", stage=index + 1) + "**")
    figure = channel_grid(
        [charts.grid_panel((m, f), m.stages[index], role, which, count) for m, f in pairs],
        shared_scale=shared,
        smooth=smooth,
        value_title=_("activation"),
        percentile=99.5,  # else a few bright pixels leave all other tiles black
        gate_title=_("Gate weight a channel"),
        mean_label=_("mean {mean:.2f}"),
        selected=selected if index == large else None,
        gate_order="weight" if by_weight else "channel",
        width=width,
    )
    st.plotly_chart(
        figure,
        key=f"grid_{index}",
        on_select=lambda index=index: click(index),
        selection_mode="points",
        config=charts.CONFIG,
        alt=_("Channel grid of stage {stage}", stage=index + 1),
    )

# --- one channel, large
heading(
    _("One channel, large"),
    _("The same channel in every model, at its own resolution; point at it to read its values."),
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    if len(stages) > 1:
        view.one_of(st.segmented_control, _("Stage"), ["1", "2", "3"], "large_stage", "1")
    channel = view.number(_("Channel"), "channel", 0, 0, channels - 1, width=160)
having = [(m, f) for m, f in pairs if channel < len(f.maps[m.stages[large].layers[role]])]
st.plotly_chart(
    enlarged(
        [f.maps[m.stages[large].layers[role]][channel] for m, f in having],
        [m.title for m, _found in having],
        [m.colour for m, _found in having],
        value_title=_("activation"),
        hover=_("row {row}, column {column}: {value}", row="%{y}", column="%{x}", value="%{z:.4g}"),
        shared_scale=shared,
        smooth=smooth,
        width=width,
    ),
    key="channel_large",
    config=charts.CONFIG,
    alt=_("Channel {number}, enlarged", number=channel),
)
for pair in pairs:
    st.markdown(
        f"**{pair[0].title}** · {charts.channel_story(pair, pair[0].stages[large], role, channel)}"
    )
with st.expander(_("The numbers as a table"), on_change="rerun", key="table") as table:
    if table.open:
        st.dataframe(charts.class_rows(pairs), hide_index=True)
        st.dataframe(charts.stage_rows(pairs, large, role), hide_index=True)

# --- where the models look
heading(
    _("Heat maps"),
    _(
        "Grad-CAM shows which places of the last stage raise the score of a class; the other maps "
        "are the tutorial's: the last stage's channels with the largest mean, over the picture."
    ),
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    top = view.number(_("Strongest channels"), "top", 3, 0, 6, width=160)
    names = ["predicted", *models[0].classes]
    target = view.one_of(
        st.selectbox, _("Class for Grad-CAM"), names, "class", "predicted", width=260,
        format_func=charts.target_name,
    )  # fmt: skip
st.plotly_chart(
    overlays(
        chosen.picture if chosen.picture.shape[0] == chosen.picture.shape[1] else seen,
        [charts.overlay_column(m, seen, target, top) for m in models],
        smooth=True,
        value_title=_("share of the maximum"),
        width=width,
    ),
    key="heat_maps",
    config=charts.CONFIG,
    alt=_("Heat maps over the picture"),
)
