"""The table of runs: choosing some of them, and what can be done with those."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import streamlit as st
import torch

from cnnattn.explain.cost import Cost, cost
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from cnnattn.training import runs
from cnnattn.training.runs import Run
from cnnattn.web.library.checkpoints import listed_name
from cnnattn.web.library.epochs import play_from_the_start
from cnnattn.web.library.get_data import cifar10_folder, duration, duration_left
from cnnattn.web.library.pickers import SIDE_BY_SIDE
from cnnattn.web.library.run_files import recipe_name, run_words
from cnnattn.web.shell.pin import may_train
from cnnattn.web.shell.text import _, percent, sentence
from cnnattn.web.training.curves import History, full_title, is_known, network

TOGETHER = timedelta(minutes=1)  # runs begun within it were started together
GOING = ("running", "stopping")


def chosen_runs(known: Sequence[Run]) -> list[Run]:
    """The runs chosen in the table, by this session or by the link, oldest first."""
    if "chosen_runs" not in st.session_state:
        st.session_state["chosen_runs"] = st.query_params.get("runs", "").split(",")
    wanted = st.session_state["chosen_runs"]
    return [run for run in reversed(known) if run.id in wanted]


def shown_runs(known: Sequence[Run]) -> list[Run]:
    """The runs that the page is about, oldest first: the chosen, else those started last."""
    if chosen := chosen_runs(known):
        return chosen
    return [run for run in reversed(known) if known[0].created - run.created <= TOGETHER]


def run_table(known: Sequence[Run], histories: dict[str, History]) -> list[Run]:
    """Draw the table of all runs, newest first; returns those that are chosen in it."""
    ids = [run.id for run in known]
    chosen = [run.id for run in chosen_runs(known)]
    # Rows are chosen by their number, so other runs make another table; it begins as chosen before.
    key = "run_table_" + hashlib.sha256(",".join(ids).encode()).hexdigest()[:12]

    def choose() -> None:
        rows = st.session_state[key].selection.rows
        st.session_state["chosen_runs"] = [ids[row] for row in rows]

    st.dataframe(
        [_row(run, histories[run.id]) for run in known],
        key=key,
        hide_index=True,
        on_select=choose,
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(name) for name in chosen]}},
        height=min(38 * len(known) + 38, 420),
        row_height=38,
        placeholder="–",
        column_config={
            _("test accuracy (%)"): st.column_config.NumberColumn(format="%.1f"),
            _("parameters"): st.column_config.NumberColumn(format="localized"),
            _("multiply-adds"): st.column_config.NumberColumn(format="%.1f M"),
        },
        alt=_("All training runs"),
    )
    if chosen:
        st.query_params["runs"] = ",".join(chosen)
    else:
        st.query_params.pop("runs", None)
    return chosen_runs(known)


def ways_on(shown: Sequence[Run]) -> None:
    """Where to go once the runs that the page shows have ended: compare them, watch them learn."""
    trained = [run for run in shown if run.best]
    if not trained or any(run.state in ("queued", *GOING) for run in shown):
        return
    with st.container(horizontal=True, key="ways_on"):
        if st.button(
            _("Compare these runs"), key="compare_runs", icon=":material/compare:", type="primary"
        ):
            _open_compare(trained)
        if any(len(run.snapshots) > 1 for run in trained) and st.button(
            _("Watch them learn"), key="watch_runs", icon=":material/play_arrow:"
        ):
            play_from_the_start()
            _open_compare(trained)


def _open_compare(trained: Sequence[Run]) -> None:
    names = [listed_name(run.best) for run in trained if run.best]
    st.session_state["models"] = names[:SIDE_BY_SIDE]
    st.session_state["open_compare"] = True
    st.rerun()  # the page leaves from outside its fragment, or its timer would go on


def run_actions(chosen: Sequence[Run]) -> None:
    """Buttons for the chosen runs: open, stop, resume, rename, delete, download."""
    allowed = may_train()
    trained = [run for run in chosen if run.best]
    stoppable = [run for run in chosen if run.state in ("queued", "running")]
    resumable = [run for run in chosen if run.state in ("stopped", "failed")]
    deletable = [run for run in chosen if run.state not in GOING]
    one = chosen[0] if len(chosen) == 1 else None
    with st.container(horizontal=True, key="run_actions"):
        if st.button(
            _("Open on Compare"), key="run_open", icon=":material/compare:", disabled=not trained
        ):
            _open_compare(trained)
        if _button(_("Stop"), "run_stop", "stop", bool(stoppable) and allowed):
            _do(runs.stop, stoppable)
        if _button(_("Resume"), "run_resume", "play_arrow", bool(resumable) and allowed):
            _do(runs.resume, reversed(resumable))
        with st.popover(
            _("Rename"), icon=":material/edit:", disabled=not (one and allowed), key="run_rename"
        ):
            if one:
                name = st.text_input(
                    _("Name"), one.config.name[:40], key=f"run_name_{one.id}", max_chars=40
                )
                if _button(_("Save"), "run_rename_save", "check", allowed):
                    _do(lambda run_id: runs.rename(run_id, name), [one])
        with st.popover(
            _("Delete"),
            icon=":material/delete:",
            disabled=not (deletable and allowed),
            key="run_delete",
        ):
            st.markdown(
                _(
                    "Delete for good, with all files: **{names}**?",
                    names=_(", ").join(full_title(r) for r in deletable),
                )
            )
            if _button(_("Yes, delete"), "run_delete_yes", "delete_forever", allowed):
                _do(runs.delete, deletable)
        best = one and one.best
        st.download_button(
            _("Download"),
            data=best.read_bytes if best else b"",
            file_name=f"{one.id}.safetensors" if one else None,
            key="run_download",
            icon=":material/download:",
            on_click="ignore",
            disabled=not best,
        )


def state_name(run: Run) -> str:
    """A run's state in the reader's language."""
    return {
        "queued": _("queued"),
        "running": _("training"),
        "stopping": _("stopping"),
        "stopped": _("stopped"),
        "finished": _("finished"),
        "failed": _("failed"),
        "damaged": _("damaged"),
    }[run.state]


def run_progress(run: Run) -> None:
    """One line for a run that computes: how far, how fast, how long still, and a stop button."""
    epochs = run.config.train.epochs
    begun = _has_begun(run)
    words = [f"**{network(run)}**", _doing(run)]
    if begun:
        now = min(run.epoch + 1, epochs)
        words.append(_("epoch {epoch} of {epochs}", epoch=now, epochs=epochs))
    if begun and run.images_per_second and run.state == "running":
        words.append(_("{count:,.0f} images/s", count=run.images_per_second))
    if begun and run.seconds_left is not None and run.state == "running":
        words.append(duration_left(run.seconds_left))
    share = run.iteration / run.iterations if begun else 0.0
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(share, 1.0), " · ".join(words))
        if _button(_("Stop"), f"stop_{run.id}", "stop", may_train() and run.state == "running"):
            _do(runs.stop, [run])


def _doing(run: Run) -> str:
    """What a run that computes does at the moment; that it is asked to stop is told at once."""
    if run.state == "stopping":
        return _("stopping …")
    if run.phase == "reading":
        return _("reading the training and test images …")
    return _("training") if _has_begun(run) else _("starting …")


def _has_begun(run: Run) -> bool:
    """Whether a run that computes has come to its first iteration."""
    return run.phase == "training" and run.iterations > 0


def _button(label: str, key: str, icon: str, enabled: bool) -> bool:
    # A disabled button keeps honest people out only, so what it said is checked here again.
    return st.button(label, key=key, icon=f":material/{icon}:", disabled=not enabled) and enabled


def _do(action: Callable[[str], None], those) -> None:
    for run in those:
        try:
            action(run.id)
        except Problem as problem:
            st.error(sentence(problem), icon=":material/error:")
            return
    st.rerun()


def _row(run: Run, history: History) -> dict[str, object]:
    how = run.config.train
    spent = _cost(run.config.arch, run.config.attention) if is_known(run) else None
    share = run.iteration / run.iterations if run.iterations else 0.0
    progress = f" · {percent(share)}" if run.state in (*GOING, "stopped", "failed") else ""
    return {
        _("run"): run_words(run),
        _("network"): network(run),
        _("state"): state_name(run) + progress,
        _("test accuracy (%)"): None if run.accuracy is None else 100 * run.accuracy,
        _("epochs"): f"{run.epoch} / {how.epochs}",
        _("time"): duration(history.seconds),
        _("seed"): how.seed,
        _("recipe"): recipe_name(how.recipe),
        _("data"): _data_name(run.config.data),
        _("parameters"): spent and spent.parameters,
        _("multiply-adds"): spent and spent.multiply_adds / 1e6,
    }


def _data_name(data: str) -> str:
    here = cifar10_folder()
    if here and str(here.resolve()) == data:
        return "CIFAR-10"
    return _("Samples") if data == runs.SAMPLES else Path(data).name


@st.cache_resource(show_spinner=False)
def _cost(arch: str, attention: str) -> Cost:
    """Of the network for ten classes and one picture."""
    return cost(build(ModelSpec(arch, attention)).eval(), torch.zeros(ARCHITECTURES[arch].shape))
