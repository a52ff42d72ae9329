"""The way to the first models: train the baseline and SE with one click where there are none."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from cnnattn.problem import Problem
from cnnattn.training import runs
from cnnattn.training.recipes import RECIPES
from cnnattn.training.runs import RunConfig
from cnnattn.web.library.get_data import cifar10_folder
from cnnattn.web.library.run_files import run_checkpoints
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.pin import ask_for_pin
from cnnattn.web.shell.text import _, percent, sentence

REHEARSAL = replace(
    RECIPES["fast"], recipe="rehearsal", epochs=15, batch=64, learning_rate=0.03
)  # for a few hundred pictures; learns them by heart in a quarter of a minute on two cores
ACTIVE = ("queued", "running", "stopping")


def start_all(configs: list[RunConfig]) -> list[str]:
    """Start or queue these runs; their ids. What cannot start is told on the page."""
    ids = []
    for config in configs:
        try:
            ids.append(runs.start(config))
        except Problem as problem:
            st.error(sentence(problem), icon=":material/error:")
            break  # the others would fail alike
    return ids


def offer_first_models(folder: Path) -> None:
    """Where ``folder`` and the runs hold no model: train the baseline and SE with one click.

    Ends the page; it comes back by itself when the first model is there.
    """
    if any(run.state in ACTIVE for run in runs.list_runs()):
        _wait()
    else:
        _offer(folder)
    end_page()


def _offer(folder: Path) -> None:
    with st.container(key="first_models"):
        data = cifar10_folder()
        what = (
            _(
                "The baseline and SE can be trained now, in the background, on the CIFAR-10 images "
                "in {folder}: from minutes to an hour, depending on the machine.",
                folder=data,
            )
            if data
            else _(
                "The baseline and SE can be trained now, in the background. CIFAR-10 is not "
                "here yet, so they would be trained on the built-in samples: a quick demo of "
                "half a minute each, good for looking around, not for judging."
            )
        )
        st.info(
            _(
                "There is no checkpoint in {folder} yet, and without one there is nothing to see.",
                folder=folder.name,
            ),
            icon=":material/info:",
        )
        st.caption(what)
        if ask_for_pin() and st.button(
            _("Train the baseline and SE now"),
            key="first_models_start",
            type="primary",
            icon=":material/model_training:",
        ):
            source, recipe = (str(data), RECIPES["fast"]) if data else (runs.SAMPLES, REHEARSAL)
            if start_all([RunConfig("cnn", kind, source, recipe) for kind in ("none", "se")]):
                st.rerun()
        st.page_link(
            "pages/6_Training.py", label=_("Or choose how to train"), icon=":material/tune:"
        )


@st.fragment(run_every=1)
def _wait() -> None:
    active = [run for run in runs.list_runs() if run.state in ACTIVE]
    if run_checkpoints() or not active:
        st.rerun()
    run = active[-1]  # the one that computes was there first
    share = run.iteration / run.iterations if run.iterations else 0.0
    st.progress(
        min(share, 1.0), _("The first model is being trained: {share}", share=percent(share))
    )
    st.caption(_("It appears here by itself after its first epoch."))
