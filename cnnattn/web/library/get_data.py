"""CIFAR-10 from the page: whether it is here, and the download with its progress."""

from pathlib import Path

import streamlit as st

from cnnattn.data import download
from cnnattn.data.datasets import CIFAR10_CLASSES, CIFAR10_FOLDER
from cnnattn.data.download import Download
from cnnattn.problem import Problem
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.shell.pin import ask_for_pin, may_train
from cnnattn.web.shell.text import _, paragraph, percent, sentence


def cifar10_folder() -> Path | None:
    """The data folder if CIFAR-10 is in it, as it is distributed or as pictures."""
    folder = loaders.DATA
    if (folder / CIFAR10_FOLDER).is_dir() or all(
        (folder / split / name).is_dir() for split in ("train", "test") for name in CIFAR10_CLASSES
    ):
        return folder
    return None


def offer_download(key: str = "") -> None:
    """A button that fetches CIFAR-10 behind the pages, or how far that is.

    ``key`` tells the places of a page apart that offer it.
    """
    going = _downloads().get("cifar10")
    if going and going.running:
        _progress(going, key)
        return
    if going and going.problem:
        st.error(sentence(going.problem), icon=":material/cloud_off:")
    label = _("Try again") if going else _("Download CIFAR-10 (170 MB)")
    pressed = st.button(
        _("Resume the download") if any(loaders.DATA.glob("*.partial")) else label,
        key=f"{key}download",
        icon=":material/download:",
        disabled=not may_train(),
    )
    if pressed and may_train():  # a disabled button keeps honest people out only
        try:
            _downloads()["cifar10"] = download.start(loaders.DATA)
        except Problem as problem:
            st.error(sentence(problem), icon=":material/error:")
        else:
            st.rerun()


def say_how_to_get_pictures(key: str = "") -> None:
    """That there is no test set yet, a button that downloads it, and what there is without it."""
    st.info(
        paragraph(
            [
                _("The CIFAR-10 test images are not here yet."),
                _("Download them with this button; until then, use the samples or a folder."),
            ]
        ),
        icon=":material/info:",
    )
    ask_for_pin(key=f"{key}pin")
    offer_download(key)


@st.fragment(run_every=0.7)
def _progress(going: Download, key: str) -> None:
    if not going.running:
        st.rerun()
    share = going.done / going.total if going.total else 0.0
    st.progress(min(share, 1.0), _in_words(going, share))
    pressed = st.button(_("Cancel"), key=f"{key}download_cancel", disabled=not may_train())
    if pressed and may_train():
        going.cancel()


def _in_words(going: Download, share: float) -> str:
    if going.state == "waiting":
        return _("The connection was lost; trying again …")
    if going.state in ("checking", "unpacking"):
        return _("Checking and unpacking …")
    if not going.total:
        return _("Connecting …")
    words = _(
        "{share} of {total} MB · {speed} MB/s",
        share=percent(share),
        total=f"{going.total / 1e6:.0f}",
        speed=f"{going.speed / 1e6:.1f}",
    )
    left = going.seconds_left
    return words if left is None else f"{words} · {duration_left(left)}"


def duration_left(seconds: float) -> str:
    """How long something still takes, in words."""
    return _("{time} left", time=duration(seconds))


def duration(seconds: float) -> str:
    """Seconds as “48 s”, “3 min 20 s” or “2 h 5 min”."""
    whole = round(seconds)
    if whole < 60:
        return _("{s} s", s=whole)
    if whole < 3600:
        return _("{min} min {s} s", min=whole // 60, s=whole % 60)
    return _("{h} h {min} min", h=whole // 3600, min=whole % 3600 // 60)


@st.cache_resource(show_spinner=False)
def _downloads() -> dict[str, Download]:
    return {}
