"""The choice of a set of pictures to measure on."""

from typing import Any

import streamlit as st

from cnnattn.problem import Problem
from cnnattn.web.library.get_data import say_how_to_get_pictures
from cnnattn.web.library.picture_sets import PictureSet, read_picture_set
from cnnattn.web.shell import url_state
from cnnattn.web.shell.pin import ask_for_pin
from cnnattn.web.shell.text import _, sentence


def pick_set(key: str, default: str, place: Any = None) -> PictureSet | None:
    """The data folder's test pictures, the samples, or another folder; None while it is not there.

    What is wrong is told in ``place``, or else below the choice; where the test pictures are
    missing, with a button that downloads them.
    """
    place = place or st.container()
    sources = {"test": _("Test set"), "samples": _("Samples"), "folder": _("Folder")}
    source = url_state.one_of(
        st.segmented_control,
        _("Images"),
        sources,
        key,
        default,
        label_visibility="collapsed",
    )
    folder = ""
    if source == "folder":
        if not ask_for_pin(_("PIN for reading a folder of the server"), f"{key}_pin"):
            return None
        folder = st.text_input(
            _("A folder with train/<class>/ and test/<class>/"),
            key="folder",
            persist_state="session",
        ).strip()
        if not folder:
            return None
    try:
        with st.spinner(_("Reading the images …")):
            picture_set = read_picture_set(source, folder)
    except Problem as problem:
        place.error(sentence(problem), icon=":material/error:")
        return None
    if picture_set is None:
        with place:
            say_how_to_get_pictures(f"{key}_")
    return picture_set
