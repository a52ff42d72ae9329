"""Attention zoo: what each module does, costs and brings, one card at a time, and all compared."""

import streamlit as st

from cnnattn.figures.attention.flow import flow
from cnnattn.figures.attention.way import way
from cnnattn.figures.scores.trade_off import trade_off
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.problem import Problem
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.diagram_parts import diagram
from cnnattn.web.attention.gate_words import module_words
from cnnattn.web.attention.inside import inside_of, sound, unsound
from cnnattn.web.attention.module_steps import module_steps
from cnnattn.web.attention.pickers import choose_position, pick_gate, pick_position
from cnnattn.web.attention.questions import questions
from cnnattn.web.library.charts import stage_title
from cnnattn.web.library.checkpoints import architecture_name
from cnnattn.web.library.pickers import pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading, link_to
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, sentence
from cnnattn.web.zoo import zoo, zoo_claims, zoo_diagrams, zoo_results


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    kind = view.one_of(
        st.pills,
        _("Attention"),
        [key for key in KINDS if key != "none"],
        "zoo_kind",
        "se",
        format_func=lambda key: KINDS[key].name,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        arch = view.one_of(
            st.segmented_control,
            _("Network"),
            list(ARCHITECTURES),
            "zoo_arch",
            "cnn",
            format_func=architecture_name,
        )
        stages = {stage.name: stage for stage in ARCHITECTURES[arch].stages}
        stage_name = view.one_of(
            st.segmented_control,
            _("Stage"),
            list(stages),
            "gate_stage",
            next(iter(stages)),
            format_func=lambda name: stage_title(stages[name]),
        )
    card, colour, name = KINDS[kind], KINDS[kind].colour, KINDS[kind].name
    costs = zoo.stage_costs(arch, kind)
    size = next(cost.size for cost in costs if cost.stage == stage_name)
    try:
        compared = zoo_results.compare(arch)
    except Problem as problem:
        st.warning(sentence(problem), icon=":material/error:")
        compared = None

    # --- the card: what it does, what it costs, what it brings
    heading(
        _("{name}: attends to {what}", name=name, what=_(card.attends)),
        f"[{card.paper}]({card.address})",
    )
    st.markdown(_(card.idea))
    boxes, arrows = diagram(card, *size)
    show(
        flow(boxes, arrows, colour=colour, width=width),
        key="zoo_flow",
        alt=_(
            "The way of the data through {name}: {steps}",
            name=name,
            steps=", ".join(box.label for box in boxes if box.label),
        ),
    )
    st.caption(
        _(
            "Filled boxes have learned weights; thick frame: {framed}; in italics the size of what "
            "comes out, here at stage {stage}. Hover over a box to read what it does.",
            framed=_(card.framed),
            stage=stage_name,
        )
    )
    st.latex(zoo.formula(card, width))
    st.caption(_(card.symbols))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + _("Cost in {network}", network=architecture_name(arch)) + "**")
        st.dataframe(
            zoo.cost_rows(arch, kind),
            hide_index=True,
            key="zoo_costs",
            column_config=zoo.cost_formats(),
        )
        st.markdown(zoo.cost_story(arch, kind))
        st.caption(
            _(
                "Parameters of one module on $C$ channels: ${formula}$",
                formula=zoo.parameters_formula(card),
            )
        )
    with right:
        st.markdown("**" + _("Effect on accuracy") + "**")
        st.markdown(zoo_claims.result_story(compared, kind))
        st.markdown(zoo_claims.attending_story(compared, kind))
        with st.expander(_("The source of this module"), icon=":material/code:", key="zoo_source"):
            st.code(zoo.source(kind), language="python")

    # --- the shipped module at work
    heading(
        _("On this image"),
        _(
            "The trained module at work, {stage}: from the feature maps before to those after it.",
            stage=stage_title(stages[stage_name]),
        ),
    )
    model = zoo.shipped(arch, kind)
    if model is None:
        st.info(
            _(
                "No trained {network} with {name} ships yet, so there is nothing to show here; "
                "train one on the page Training and open it on the page Channel attention.",
                network=architecture_name(arch),
                name=name,
            )
        )
    else:
        stage = next(stage for stage in model.stages if stage.name == stage_name)
        inside = inside_of(model, chosen.picture, stage)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            gate, place = pick_gate(inside), pick_position(inside)
        if not sound(inside):
            st.warning(unsound(model), icon=":material/error:")
        else:
            show(
                way(
                    module_steps(model, inside, gate, model.input_picture(chosen.picture), place),
                    width=width,
                ),
                key="zoo_way",
                on_click=choose_position,
                alt=module_words(model, stage, inside, gate),
            )
        to_positions = _("Non-local attention: click a position, see where it looks")
        link_to(
            "attention",
            to_positions
            if inside.affinity is not None
            else _("Open {model} on the page Channel attention", model=model.title),
            "ads_click" if inside.affinity is not None else "equalizer",
            models=model.name,
            model=model.name,
            gate_stage=stage.name,
        )

    # --- where it stands in the two networks
    heading(_("Where the module sits in the network"), _(card.in_networks))
    for network, block in (("cnn", zoo_diagrams.in_cnn), ("resnet20", zoo_diagrams.in_resnet)):
        st.markdown("**" + zoo_diagrams.place_title(network) + "**")
        show(
            flow(*block(), colour=colour, width=width, uirevision=network),
            key=f"zoo_place_{network}",
            alt=zoo_diagrams.place_title(network),
        )

    # --- all of them
    heading(
        _("Comparison"),
        _(
            "The same network, recipe and data with each module. Large dots: mean over "
            "seeds, with the standard deviation; small dots: single seeds; dashed line: no "
            "attention."
        ),
    )
    if compared is None:
        st.info(_("There is no result of a network without attention to compare with yet."))
    else:
        st.markdown(zoo_claims.overall_story(compared))
        axis = view.one_of(
            st.segmented_control,
            _("Accuracy vs."),
            zoo_results.AXES,
            "zoo_axis",
            zoo_results.COST,
            format_func=zoo_results.axis_name,
        )
        titles, logarithmic = zoo_results.axis_titles(axis)
        if axis == zoo_results.VARIABILITY and not compared.variability:
            st.info(_("No model card of this network tells how much its gates vary."))
        else:
            show(
                trade_off(
                    zoo_results.points(compared, axis),
                    titles,
                    logarithmic=logarithmic,
                    baseline=compared.baseline,
                    width=width,
                ),
                key="zoo_trade_off",
                alt=zoo_claims.figure_words(compared, axis),
            )
        st.caption(zoo_claims.conditions(compared))
        st.dataframe(
            zoo_results.rows(compared),
            hide_index=True,
            placeholder="–",
            column_config=zoo_results.formats(),
            key="zoo_table",
        )
        st.caption(zoo_claims.variability_conditions(compared))

    heading(_("Common questions"), _("Questions that come up in every lecture."))
    for question, answer in questions(card, size[0]):
        with st.expander(question):
            st.markdown(answer)
