"""Gate surgery: reach into a network's attention, change it, and see at once what becomes of it."""

from functools import partial

import numpy as np
import streamlit as st

from cnnattn.figures.heat.heat_matrix import heat_matrix
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.scores.predictions import predictions
from cnnattn.figures.scores.signed_bars import signed_bars
from cnnattn.web.attention.inside import inside_of, sound, unsound
from cnnattn.web.attention.pickers import pick_gate, pick_stage
from cnnattn.web.lab.part import live_gates
from cnnattn.web.library import charts
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.get_data import cifar10_folder
from cnnattn.web.library.pickers import pick_model, pick_models, pick_picture
from cnnattn.web.library.picture_sets import no_common_class, with_common_classes
from cnnattn.web.library.set_picker import pick_set
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name
from cnnattn.web.surgery import ablation, many, outcome
from cnnattn.web.surgery.opening import opening, opening_stage
from cnnattn.web.surgery.operation import click, is_untouched, move, pick_operation


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = pick_models()
    operated = st.container(horizontal=True, vertical_alignment="bottom")
    with operated:
        gated = [model for model in models if model.checkpoint.spec.attention != "none"]
        model = pick_model(models, gated[0] if gated else None)
        untouched = is_untouched()
        stage = pick_stage(model, opening_stage(model, chosen.picture) if untouched else "")
    inside = inside_of(model, chosen.picture, stage)
    if not sound(inside):
        st.warning(unsound(model), icon=":material/error:")
        return
    with operated:
        gate = pick_gate(inside)
        names = ["predicted", *model.classes]
        target_name = view.one_of(
            st.selectbox,
            _("Class"),
            names,
            "class",
            "predicted",
            width=260,
            format_func=charts.target_name,
        )

    # --- the operation, and above it what it does
    effect = st.container()
    heading(
        _("Intervention"),
        _(
            "A gate is one number per channel, so it can be changed by hand. Everything downstream "
            "is computed with the changed numbers."
        ),
    )
    planned = pick_operation(
        model, stage, gate, inside, partial(opening, model, chosen.picture, stage, gate)
    )

    live_gates(
        model,
        chosen,
        stage,
        planned.layer,
        dict(planned.factors),
        outcome.replaced_gates(model, chosen.picture, planned),
        outcome.replaced_in_words(planned),
        on_told=lambda state: move(state["factors"]),
    )

    # --- before and after
    before = loaders.analysed(model, chosen.picture)
    target = before.target if target_name == "predicted" else model.classes.index(target_name)
    before = loaders.analysed(model, chosen.picture, target)
    after = outcome.operate(model, chosen.picture, planned, target)
    if not np.isfinite(after.probabilities).all():
        st.warning(unsound(model), icon=":material/error:")
        return
    story = outcome.outcome(model, before, after, planned)
    effect.markdown(story)
    show(
        predictions(outcome.answers(model, before, after, chosen.label)),
        key="answers",
        alt=story,
        rows=lambda: outcome.answer_rows(model, before, after),
        place=effect,
    )
    show(
        channel_grid(
            outcome.map_panels(model, before, after, stage),
            value_title=_("activation"),
            percentile=99.5,
            gate_title=_("Gate weight per channel"),
            mean_label=_("mean {mean:.2f}"),
            width=width,
        ),
        key="operated_maps",
        on_click=click,
        alt=outcome.maps_alt(model, before, after, stage),
    )
    seen = model.input_picture(chosen.picture)
    columns = outcome.map_columns(model, seen, before, after, planned, inside)
    show(
        heat_matrix(
            columns,
            hover=charts.value_hover(),
            value_title=_("relative to maximum"),
            across=len(columns[0].cells),
            largest=220,
            width=width,
        ),
        key="operated_heat",
        alt=outcome.heat_alt(model, before, after),
    )

    # --- every channel in turn
    heading(
        _("Single-channel ablation"),
        _(
            "How far the class drops when one channel alone is zero, for every channel of the "
            "stage before the intervention. Above zero the channel supports the class, below it "
            "opposes it. Click a bar to add its channel to the intervention."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        units = {"probability": _("Probability"), "score": _("Logit")}
        unit = view.one_of(
            st.segmented_control,
            _("Measured in"),
            units,
            "loss_unit",
            "probability",
        )
        sort = view.switch(_("Largest drop first"), "by_loss", False)
    without = ablation.ablation(model, chosen.picture, planned.layer)
    losses = without.loss(target, unit == "probability")
    order = np.argsort(-losses, kind="stable") if sort else np.arange(len(losses))
    told = ablation.loss_story(model, without, target)
    st.markdown(told)
    show(
        signed_bars(
            losses[order],
            [str(c) for c in order],
            ablation.loss_hovers(
                model, without, target, before.channel_gates.get(gate or ""), order
            ),
            model.colour,
            numbers=order.tolist(),
            marked=planned.channels,
            y_title=_("drop in probability") if unit == "probability" else _("drop in logit"),
            x_title=_("channel"),
            tickformat=".1~%" if unit == "probability" else ".3~g",
            width=width,
        ),
        key="losses",
        on_click=click,
        alt=told,
        rows=lambda: ablation.loss_rows(without, target),
    )

    # --- the same operation on many pictures
    heading(
        _("The same intervention on many images"),
        _("One image proves little: what does it cost on average, and which class is hurt most?"),
    )
    if planned.nothing:
        st.info(_("Change a gate above first."), icon=":material/arrow_upward:")
        return
    found_set = pick_set("surgery_set", "test" if cifar10_folder() else "samples")
    if found_set is None:
        return
    if not with_common_classes([model], found_set):
        st.info(no_common_class(model, found_set), icon=":material/info:")
        return
    result = many.on_pictures_or_offer(model, planned, found_set)
    if result is not None:
        told = many.story(model, result)
        st.markdown(told)
        show(
            signed_bars(
                many.class_changes(result),
                [class_name(name) for name in model.classes],
                many.change_hovers(model, result),
                model.colour,
                y_title=_("change in accuracy"),
                tickformat=".1~%",
                width=width,
            ),
            key="class_changes",
            alt=told,
            rows=lambda: many.change_rows(model, result),
        )
