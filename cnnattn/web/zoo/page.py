"""Attention zoo: what each module does, costs and brings, one card at a time, and all compared."""

import streamlit as st

from cnnattn.figures.attention.flow import flow
from cnnattn.figures.attention.way import way
from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.figures.scores.trade_off import trade_off
from cnnattn.problem import Problem
from cnnattn.web.attention import inside
from cnnattn.web.library.checkpoints import ARCHITECTURE_NAMES
from cnnattn.web.library.pickers import pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, attention_name, sentence
from cnnattn.web.zoo import zoo, zoo_diagrams, zoo_results, zoo_words


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    kind = view.one_of(
        st.pills, _("Attention"), zoo.KINDS, "zoo_kind", "se", format_func=attention_name
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        arch = view.one_of(
            st.segmented_control, _("Network"), list(ARCHITECTURE_NAMES), "zoo_arch", "cnn",
            format_func=ARCHITECTURE_NAMES.__getitem__,
        )  # fmt: skip
        stage_name = view.one_of(
            st.segmented_control, _("Stage"), ["1", "2", "3"], "gate_stage", "1"
        )
    card, colour, name = zoo_words.card(kind), ATTENTION_COLOURS[kind], attention_name(kind)
    costs = zoo.stage_costs(arch, kind)
    size = next(cost.size for cost in costs if cost.stage == stage_name)
    try:
        compared = zoo_results.compare(arch)
    except Problem as problem:
        st.warning(sentence(problem), icon=":material/error:")
        compared = None

    # --- the card: what it does, what it costs, what it brings
    heading(
        _("{name}: attends to {what}", name=name, what=card.attends),
        f"[{card.paper}]({card.address})",
    )
    st.markdown(card.idea)
    boxes, arrows = zoo_diagrams.diagram(kind, *size)
    show(
        flow(boxes, arrows, colour=colour, width=width),
        key="zoo_flow",
        alt=_("The way of the data through {name}: {steps}", name=name,
              steps=", ".join(box.label for box in boxes if box.label)),
    )  # fmt: skip
    st.caption(
        _(
            "Filled boxes have weights that are learned, the thick frame is what the module finds "
            "out; in italics the size of what comes out, here at stage {stage}. Point at a box to "
            "read what it does.",
            stage=stage_name,
        )
    )
    st.latex(card.formula)
    st.caption(card.symbols)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + _("What it costs in {network}", network=ARCHITECTURE_NAMES[arch]) + "**")
        st.dataframe(zoo.cost_rows(arch, kind), hide_index=True, key="zoo_costs")
        st.markdown(zoo.cost_story(arch, kind))
    with right:
        st.markdown("**" + _("What it brings") + "**")
        st.markdown(zoo_results.result_story(compared, kind))
        with st.expander(_("The source of this module"), icon=":material/code:", key="zoo_source"):
            st.code(zoo.source(kind), language="python")

    # --- the shipped module at work
    heading(
        _("On this picture"),
        _("The trained module at work at stage {stage}, from the maps before to the maps after.",
          stage=stage_name),
    )  # fmt: skip
    model = zoo.shipped(arch, kind)
    if model is None:
        st.info(
            _("No trained {network} with {name} ships yet, so there is nothing to show here; train "
              "one on the page Training and open it on the page Channel attention.",
              network=ARCHITECTURE_NAMES[arch], name=name)
        )  # fmt: skip
    else:
        stage = next(stage for stage in model.stages if stage.name == stage_name)
        found = inside.inside(model, chosen.seen, stage)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            gate, place = inside.pick_gate(found), (0, 0)
            if found.affinity is not None:
                rows, columns = found.affinity.shape[:2]
                place = (
                    view.number(_("Row"), "place_row", rows // 2, 0, rows - 1, width=120),
                    view.number(
                        _("Column"), "place_column", columns // 2, 0, columns - 1, width=120
                    ),
                )
        if not inside.sound(found):
            st.warning(inside.unsound(model), icon=":material/error:")
        else:
            show(
                way(inside.steps(model, found, gate, chosen.seen, place), width=width),
                key="zoo_way",
                alt=_("The way through the attention of stage {stage} of {model}, step by step",
                      stage=stage.name, model=model.title),
            )  # fmt: skip

    # --- where it stands in the two networks
    heading(
        _("Where the module stands in the network"),
        _(
            "In the CNN it weighs what the ReLU has left, at full size, before pooling throws "
            "three quarters of it away. In ResNet-20 it weighs signed maps, before the addition: "
            "a channel that it closes still passes by the shortcut, so nothing is lost."
        ),
    )
    for network, diagram in (("cnn", zoo_diagrams.in_cnn), ("resnet20", zoo_diagrams.in_resnet)):
        st.markdown("**" + zoo_words.place_title(network) + "**")
        show(
            flow(*diagram(), colour=colour, width=width, uirevision=network),
            key=f"zoo_place_{network}",
            alt=zoo_words.place_title(network),
        )

    # --- all of them
    heading(
        _("All of them, compared"),
        _(
            "The same network, recipe and data with each module. A large dot is the mean over "
            "seeds, small dots are the seeds; the grey band is the network without attention ± "
            "the spread over seeds."
        ),
    )
    if compared is None:
        st.info(_("There is no result of a network without attention to compare with yet."))
    else:
        st.markdown(zoo_results.overall_story(compared))
        titles, logarithmic = zoo_results.cost_titles()
        show(
            trade_off(
                zoo_results.points(compared), titles, logarithmic=logarithmic,
                baseline=compared.baseline, spread=compared.deviation,
                width=width,
            ),
            key="zoo_trade_off",
            alt=zoo_results.overall_story(compared),
        )  # fmt: skip
        st.caption(zoo_results.conditions(compared))
        st.dataframe(
            zoo_results.rows(compared),
            hide_index=True,
            placeholder="–",
            column_config=zoo_results.formats(),
            key="zoo_table",
        )

    heading(_("What people ask"), _("Five questions that come up in every class."))
    for question, answer in zoo_words.questions():
        with st.expander(question):
            st.markdown(answer)
