"""The visitor's own weights: chosen as soon as they are read, with what was recognised."""

import hashlib
from pathlib import Path

import streamlit as st

from cnnattn.nets.models import ModelSpec
from cnnattn.problem import Problem
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.library.checkpoints import (
    architecture_name,
    checkpoint_files,
    free_name,
    model,
    spec,
)
from cnnattn.web.library.upload_limit import MOST_BYTES, refuse_large
from cnnattn.web.library.uploaded_weights import OF_A_SESSION, keep, make_room, safe_name
from cnnattn.web.shell.text import _, sentence, verbatim


def open_weights(most: int) -> None:
    """A place to open weights, and below it what has been opened.

    New ones are chosen at once, in the place of the last of ``most`` chosen models.
    """
    with (
        st.expander(_("Load your own weights"), icon=":material/folder_open:"),
        st.container(key="weights"),
    ):
        turn = st.session_state.setdefault("weights_turn", 0)
        st.file_uploader(
            _("A checkpoint of this app (.safetensors) or the tutorial's .pth, up to 10 MB"),
            key=f"weights_{turn}",
            on_change=_open,
            args=(f"weights_{turn}", most),
        )
    refuse_large("weights", _too_large)
    for file in _opened():
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"opened_{file.parent.name}"
        ):
            st.markdown(
                _("Loaded: {network} ✓", network=f"**{_network(spec(file))}**")
                + f"  \n{verbatim(file.stem)}",
                width="stretch",
            )
            st.button(
                _("Remove"),
                key=f"close_{file.parent.name}",
                icon=":material/close:",
                on_click=_close,
                args=(file,),
            )
    if _opened():
        st.caption(_("Kept until you close or reload this browser tab."))
    if gone := st.session_state.get("weights_gone"):
        st.caption(
            _(
                "Removed to make room, since {limit:.0f} MB are kept: {names}",
                limit=OF_A_SESSION / 1e6,
                names=_(", ").join(map(verbatim, gone)),
            )
        )


def tell_problem() -> None:
    """What is wrong with the weights that were brought last, until others are good."""
    if failed := st.session_state.get("weights_problem"):
        name, problem = failed
        file = verbatim(name)
        with st.container(horizontal=True, vertical_alignment="center", key="weights_problem_row"):
            st.error(
                _("{file}: {problem}", file=file, problem=sentence(problem)),
                icon=":material/error:",
            )
            st.button(
                _("Close"),
                key="weights_problem_close",
                on_click=lambda: st.session_state.pop("weights_problem", None),
            )


def _opened() -> list[Path]:
    """The opened files that are still there, in the order in which they were opened."""
    return [file for file in st.session_state.get("opened_checkpoints", []) if file.exists()]


def _open(key: str, most: int) -> None:
    """Read the file that was brought and choose it, or remember why it cannot be read."""
    state = st.session_state
    file = state[key]
    if file is None:
        return
    state.pop("weights_problem", None)
    state["weights_turn"] += 1  # an empty uploader, so that the file's bytes are let go
    try:
        path = _write(file.name, file.getvalue())
    except Problem as problem:
        state["weights_problem"] = (file.name, problem)
        return
    try:
        model(path)
    except Problem as problem:  # which names the file, as we do
        state["weights_problem"] = (file.name, problem.values.get("reason", problem))
        path.unlink()
        return
    state["weights_gone"] = [old.name for old in make_room(path)]
    state["opened_checkpoints"] = [*(file for file in _opened() if file != path), path]
    chosen = [name for name in state.get("models", []) if name != path.stem]
    state["models"] = [*chosen[: most - 1], path.stem]


def _write(name: str, content: bytes) -> Path:
    """The file of these bytes, under a name that no other model has and that a link can hold."""
    given = Path(safe_name(name.replace(",", "-")))
    before = hashlib.sha256(content).hexdigest()[:16]  # the folder, if it was brought before
    taken = {known for known, file in checkpoint_files().items() if file.parent.name != before}
    return keep(f"{free_name(given.stem, taken)}{given.suffix}", content)


def _too_large(name: str, size: int) -> None:
    problem = Problem(
        "The file is {size:.1f} MB large and the limit is {limit:.0f} MB, which no network of this "
        "app reaches; save model.state_dict() alone, without the optimiser.",
        size=size / 1e6,
        limit=MOST_BYTES / 1e6,
    )
    st.session_state["weights_problem"] = (name, problem)


def _close(file: Path) -> None:
    state = st.session_state
    file.unlink(missing_ok=True)
    state.pop("weights_gone", None)
    state["models"] = [name for name in state.get("models", []) if name != file.stem]


def _network(spec: ModelSpec) -> str:
    joint = " · " if spec.attention == "none" else " + "
    return architecture_name(spec.arch) + joint + KINDS[spec.attention].name
