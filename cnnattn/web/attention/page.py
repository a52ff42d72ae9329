"""Channel attention: what one attention module does with a picture, and what it does by class."""

import streamlit as st

from cnnattn.figures.attention.class_profile import class_profile, class_shares
from cnnattn.figures.attention.pairs import pairs
from cnnattn.figures.attention.way import way
from cnnattn.problem import Problem
from cnnattn.web.attention import inside, profile
from cnnattn.web.attention.module_words import explanation, questions
from cnnattn.web.library.pickers import pick_models, pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name, sentence


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = inside.with_attention(pick_models())
    name = view.one_of(
        st.segmented_control, _("Model"), list(models), "model", next(iter(models)),
        format_func=lambda name: models[name].title,
    )  # fmt: skip
    model = models[name]

    # --- the way through the module
    heading(
        _("From the maps to the weights, and back to the maps"),
        _("Read from left to right; point at anything to read its numbers, click it to choose it."),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = inside.pick_stage(model)
        found = inside.inside(model, chosen.seen, stage)
        gate = inside.pick_gate(found)
        channels = len(found.before)
        channel = view.number(_("Channel"), "channel", 0, 0, channels - 1, width=140)
        place = (0, 0)
        if found.affinity is not None:
            rows, columns = found.affinity.shape[:2]
            place = (
                view.number(_("Row"), "place_row", rows // 2, 0, rows - 1, width=120),
                view.number(_("Column"), "place_column", columns // 2, 0, columns - 1, width=120),
            )
    if not inside.sound(found):
        st.warning(inside.unsound(model), icon=":material/error:")
        return

    def click(value: str | int) -> None:
        """Choose the clicked channel, or the clicked position."""
        if isinstance(value, str):
            st.session_state["place_row"], st.session_state["place_column"] = map(
                int, value.split(",")
            )
        elif value >= 0:
            st.session_state["channel"] = value

    st.markdown(explanation(model.checkpoint.spec.attention, channels))
    show(
        way(
            inside.steps(model, found, gate, chosen.seen, place, channel),
            selected=channel,
            width=width,
        ),
        key="way",
        on_click=click,
        alt=_("The way through the attention of stage {stage} of {model}, step by step",
              stage=stage.name, model=model.title),
    )  # fmt: skip
    with st.expander(_("The numbers as a table"), on_change="rerun", key="gate_table") as table:
        if table.open:
            st.dataframe(inside.channel_rows(found, gate), hide_index=True)
    with st.expander(_("Questions that people ask"), icon=":material/help:"):
        st.markdown(questions(channels, None if found.hidden is None else found.hidden.shape[1]))

    is_channel_gate = gate is not None and inside.gate_kind(found.gates[gate]) == "channel"
    if gate is not None and is_channel_gate:
        weights = found.gates[gate].ravel()
        heading(
            _("Who is raised, who is damped"),
            _(
                "The channels with the largest and the smallest gates for this picture, before and "
                "after."
            ),
        )
        st.markdown(inside.gate_story(weights))
        if channels > 1:
            show(
                pairs(
                    inside.pair_groups(found, gate),
                    before_title=_("before"),
                    after_title=_("after"),
                    value_title=_("activation"),
                    width=width,
                ),
                key="pairs",
                on_click=click,
                alt=inside.gate_story(weights),
            )

    # --- the class profile
    heading(
        _("What the gates are for each class"),
        _(
            "The mean gate of every channel over the test pictures of each class: do late stages "
            "treat a cat otherwise than a ship?"
        ),
    )
    if not is_channel_gate:
        st.info(_("This module has no weight a channel, so there is no profile to show."))
        return
    try:
        by_class = profile.class_gates(model)
    except Problem as problem:
        st.error(sentence(problem), icon=":material/error:")
        by_class = None
    if not by_class or stage.gate not in by_class:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        orders = profile.orders()
        order = view.one_of(
            st.segmented_control, _("Channels"), list(orders), "profile_order", "number",
            format_func=orders.__getitem__,
        )  # fmt: skip
        apart = view.switch(_("Only the difference from the mean of all classes"), "apart", False)
    names = view.some_of(
        _("Classes with a colour"),
        list(model.classes),
        "profile_classes",
        [name for name in ("cat", "ship", "truck") if name in model.classes] or model.classes[:3],
        format_func=class_name,
    )
    drawn, rows_of = profile.sorted_gates(model, *by_class[stage.gate], order, apart)
    show(
        class_profile(
            drawn,
            [rows_of.index(model.classes.index(name)) for name in names],
            selected=channel,
            value_title=_("difference") if apart else _("mean gate"),
            x_title=_("channel"),
            hover=profile.hover(),
            width=width,
        ),
        key="class_profile",
        alt=_("Mean gate of every channel for each class in stage {stage}", stage=stage.name),
    )
    differences = profile.stage_differences(by_class)
    heading(
        _("How far the classes differ, in one number a stage"),
        _(
            "Of all the ups and downs of the gates over the test set, the share that goes with the "
            "class: 0 % if every class has the same gates, 100 % if the class alone decides them."
        ),
    )
    st.markdown(profile.paper_story(differences))
    show(
        class_shares(
            [
                _("Stage {stage}", stage=d.name) if len(differences) < 5 else d.name
                for d in differences
            ],
            [d.found.share for d in differences],
            [d.hover for d in differences],
            model.colour,
            selected=next((i for i, d in enumerate(differences) if d.gate == stage.gate), None),
            x_title=_("stage.block") if len(differences) > 4 else "",
        ),
        key="class_shares",
        alt=profile.paper_story(differences),
    )
