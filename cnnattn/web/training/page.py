"""Training: start runs in the background, watch their curves, stop, resume and open them."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnattn.figures.kit.frame import WIDTH
from cnnattn.training.runs import SAMPLES, Run, list_runs
from cnnattn.web.library.first_models import ACTIVE
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.text import _, language, paragraph, sentence
from cnnattn.web.training import curves as live
from cnnattn.web.training.live_chart import live_chart
from cnnattn.web.training.quick_demo import offer_quick_demo
from cnnattn.web.training.run_table import (
    run_actions,
    run_progress,
    run_table,
    shown_runs,
    ways_on,
)
from cnnattn.web.training.train_form import train_form


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    if st.session_state.pop("open_compare", False):
        st.switch_page("app.py")
    if width < WIDTH:  # a telephone or a tablet, whose sidebar is shut
        place: DeltaGenerator = st.expander(
            _("Choose and train"), icon=":material/model_training:", expanded=not list_runs()
        )
        where = _("Choose above what to train.")
    else:
        place = st.sidebar
        where = _("Choose in the sidebar what to train.")
    train_form(place)
    st.caption(paragraph([where, _("Training continues even if you close the browser.")]))

    def signature() -> list[tuple[str, str, str]]:
        """What the page shows of the runs beside their progress."""
        return [(run.id, run.state, run.config.name) for run in list_runs()]

    def watch() -> None:
        """While nothing trains: draw the page again when somebody has changed something."""
        if signature() != drawn_for:
            st.rerun()

    def draw() -> None:
        """All that changes while something trains."""
        known = list_runs()
        if going and not any(run.state in ACTIVE for run in known):
            st.rerun()  # to end the quick pace
        computing = [run for run in known if run.state in ("running", "stopping")]
        for run in computing:
            run_progress(run)
        if not known:
            st.info(_("Nothing has been trained here yet."), icon=":material/info:")
            offer_quick_demo()
            return
        if not computing:
            st.caption(_("No training is running."))
        histories = {run.id: live.history(run) for run in known}
        shown = shown_runs(known)
        ways_on(shown)
        draw_curves([run for run in shown if live.is_known(run)], histories, width)
        for run in shown:
            if run.reason:
                st.warning(
                    f"{live.full_title(run)}: {sentence(run.reason)}", icon=":material/error:"
                )
        heading(
            _("All runs"),
            _(
                "Tick runs to plot or manage them: their curves are drawn together above, and the "
                "buttons below act on them."
            ),
        )
        run_actions(run_table(known, histories))

    drawn_for = signature()
    going = any(state in ACTIVE for _id, state, _name in drawn_for)
    st.fragment(draw, run_every=1 if going else None)()
    if not going:
        st.fragment(watch, run_every=4)()


def draw_curves(drawn: Sequence[Run], histories: Mapping[str, live.History], width: int) -> None:
    """The charts of these runs; a line of words where axes would have no curve yet."""
    if not drawn:
        return
    curves, spoken = live.curves_of(drawn, histories), language()
    if not any(map(live.has_begun, curves)):
        st.caption(_("No iteration is done yet; the curves appear here with the first."))
        return
    view = f"{width} {spoken} " + ",".join(run.id for run in drawn)
    live_chart(
        live.iterations_figure(curves, width, view, spoken),
        "iterations",
        view,
        _("Loss and learning rate by iteration"),
    )
    if not any(curve.epochs for curve in curves):
        st.caption(_("Accuracy appears here after the first epoch."))
        return
    epochs = max(run.config.train.epochs for run in drawn)
    demo = any(run.config.data == SAMPLES for run in drawn)
    live_chart(
        live.epochs_figure(curves, epochs, demo, width, view, spoken),
        "epochs",
        view,
        live.accuracies_in_words(drawn),
    )
