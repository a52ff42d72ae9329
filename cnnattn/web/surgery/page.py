"""Gate surgery: reach into a network's attention, change it, and see at once what becomes of it."""

from functools import partial

import numpy as np
import streamlit as st

from cnnattn.figures.heat.overlays import overlays
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.scores.predictions import predictions
from cnnattn.figures.scores.signed_bars import signed_bars
from cnnattn.problem import Problem
from cnnattn.web.attention import inside, profile
from cnnattn.web.library import charts, jobs
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.pickers import pick_models, pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name, sentence
from cnnattn.web.surgery import surgery
from cnnattn.web.surgery.opening import opening, opening_stage
from cnnattn.web.surgery.operation import click, is_untouched, pick_operation


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = {model.name: model for model in pick_models()}
    operated = st.container(horizontal=True, vertical_alignment="bottom")
    with operated:
        gated = [name for name, m in models.items() if m.checkpoint.spec.attention != "none"]
        name = view.one_of(
            st.segmented_control, _("Model"), list(models), "model", (gated or list(models))[0],
            format_func=lambda name: models[name].title,
        )  # fmt: skip
        model = models[name]
        untouched = is_untouched()
        stage = inside.pick_stage(model, opening_stage(model, chosen.seen) if untouched else "1")
    found = inside.inside(model, chosen.seen, stage)
    if not inside.sound(found):
        st.warning(inside.unsound(model), icon=":material/error:")
        return
    with operated:
        gate = inside.pick_gate(found)
        names = ["predicted", *model.classes]
        target_name = view.one_of(
            st.selectbox, _("Class"), names, "class", "predicted", width=260,
            format_func=charts.target_name,
        )  # fmt: skip

    # --- the operation, and above it what it does
    effect = st.container()
    heading(
        _("Intervention"),
        _("A gate is one number per channel, so it can be changed by hand. Everything downstream "
          "is computed with the changed numbers."),
    )  # fmt: skip
    planned = pick_operation(
        model, stage, gate, found, partial(opening, model, chosen.seen, stage, gate)
    )

    # --- before and after
    before = loaders.analysis(model, chosen.seen)
    target = before.target if target_name == "predicted" else model.classes.index(target_name)
    before = loaders.analysis(model, chosen.seen, target)
    after = surgery.operate(model, chosen.seen, planned, target)
    if not np.isfinite(after.probabilities).all():
        st.warning(inside.unsound(model), icon=":material/error:")
        return
    story = surgery.outcome(model, before, after, planned)
    effect.markdown(story)
    show(
        predictions(surgery.answers(model, before, after, chosen.label)),
        key="answers",
        alt=story,
        place=effect,
    )
    show(
        channel_grid(
            surgery.map_panels(model, before, after, stage),
            value_title=_("activation"),
            percentile=99.5,
            gate_title=_("Gate weight per channel"),
            mean_label=_("mean {mean:.2f}"),
            width=width,
        ),
        key="operated_maps",
        on_click=click,
        alt=_("Maps and gates of stage {stage}, before and after", stage=stage.name),
    )
    show(
        overlays(
            chosen.seen,
            surgery.map_columns(model, before, after, planned, found),
            value_title=_("share of the maximum"),
            width=width,
        ),
        key="operated_heat",
        alt=_("Heat maps before and after"),
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
            st.segmented_control, _("Measured in"), list(units), "loss_unit", "probability",
            format_func=units.__getitem__,
        )  # fmt: skip
        sort = view.switch(_("Largest drop first"), "by_loss", False)
    ablation = surgery.ablation(model, chosen.seen, planned.layer)
    losses = ablation.loss(target, unit == "probability")
    order = np.argsort(-losses, kind="stable") if sort else np.arange(len(losses))
    told = surgery.loss_story(model, ablation, target)
    st.markdown(told)
    show(
        signed_bars(
            losses[order],
            [str(c) for c in order],
            surgery.loss_hovers(model, ablation, target, before.gates.get(gate or ""), order),
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
    )

    with st.expander(_("Data table"), on_change="rerun", key="loss_table") as table:
        if table.open:
            st.dataframe(surgery.loss_rows(ablation, target), hide_index=True)

    # --- the same operation on the test set
    heading(
        _("The same intervention on the whole test set"),
        _("One image proves little: what does it cost on average, and which class is hurt most?"),
    )
    if planned.nothing:
        st.info(_("Change a gate above first."), icon=":material/arrow_upward:")
        return
    try:
        split = profile.test_split(model)
    except Problem as problem:
        st.error(sentence(problem), icon=":material/error:")
        return
    if split is None:
        profile.no_test_pictures()
        return
    result = jobs.result_or_offer(
        f"surgery {planned} in {model.version} on {loaders.DATA} ({len(split.labels)})",
        lambda: surgery.on_test_set(model, planned, split),
        _("Measure on {count} pictures", count=len(split.labels)),
        _("It runs behind the pages, takes some seconds, and is kept."),
    )
    if result is not None:
        told = surgery.test_story(model, result)
        st.markdown(told)
        show(
            signed_bars(
                surgery.class_changes(result),
                [class_name(name) for name in model.classes],
                surgery.change_hovers(model, result),
                model.colour,
                y_title=_("change in accuracy"),
                tickformat=".1~%",
                width=width,
            ),
            key="class_changes",
            alt=told,
        )
