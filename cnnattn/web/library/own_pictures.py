"""The visitor's own pictures: uploads and photos, kept as long as the session lives.

They lie in the session and not in their widgets, which Streamlit empties with every change of page
and of language. An uploader is emptied as soon as its files have been read.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from cnnattn.data.pictures import read_picture, square
from cnnattn.problem import Problem
from cnnattn.web.library.thumbnails import picture_uri
from cnnattn.web.library.upload_limit import MOST_BYTES, refuse_large
from cnnattn.web.shell import url_state
from cnnattn.web.shell.text import _, sentence

MOST = 5  # kept in a session, of at most 3 MB each


@dataclass(frozen=True)
class OwnPicture:
    """A picture that the visitor brought."""

    name: str  # stands in links; the same picture has the same
    file: str  # what its file is called, "" for a photo
    photo: int  # the number of a photo in this session, from 1; 0 for a file
    picture: np.ndarray  # uint8 (H, W, 3), as read
    thumbnail: str  # a data URI

    @property
    def title(self) -> str:
        return self.file or _("Photo {number}", number=self.photo)


def own_pictures() -> list[OwnPicture]:
    """The pictures that the visitor has brought in this session, the newest first, at most 5."""
    kept: list[OwnPicture] = st.session_state.get("own_pictures", [])
    return kept


def chosen_picture() -> OwnPicture | None:
    """The one that is chosen among them, None while there is none."""
    kept = own_pictures()
    if not kept:
        return None
    name = url_state.settle("own", [each.name for each in kept], kept[0].name)
    return next(each for each in kept if each.name == name)


def bring_file(box: str = "upload") -> None:
    """A place, the container ``box``, to upload pictures; ``tell_problem`` says what is wrong."""
    with st.container(key=box):
        turn = st.session_state.setdefault("upload_turn", 0)
        st.file_uploader(
            _("Pictures of your own: PNG, JPEG, WebP, GIF or BMP, up to 10 MB each"),
            key=f"{box}_{turn}",
            accept_multiple_files=True,
            on_change=_take_files,
            args=(f"{box}_{turn}",),
        )
    refuse_large(box, _too_large)


def button_to_bring(label: str, key: str, camera: bool = False, **rest: Any) -> None:
    """A button that opens a place for a picture, or the ``camera``, over the page.

    The sidebar's place is out of sight on a telephone.
    """
    icon = ":material/add_a_photo:"
    st.button(label, key=key, icon=icon, on_click=_open_over_the_page, args=(camera,), **rest)


def bring_over_the_page() -> None:
    """Draw what ``button_to_bring`` opened, until a picture has come or the visitor closes it.

    Every run of the page draws it again, or a run that nobody asked for, such as after turning a
    telephone, would take it away.
    """
    opened = st.session_state.get("own_over")
    if not opened or opened["visit"] != url_state.current_visit():
        return

    def bring() -> None:
        if opened["camera"]:
            bring_photo("photo_over")
        else:
            bring_file("upload_over")
        if st.session_state.pop("own_arrived", False):
            _close_over_the_page()
            st.rerun()
        if failed := st.session_state.get("own_problem"):
            st.error(_told(*failed), icon=":material/error:")

    st.dialog(_("Your own photo"), on_dismiss=_close_over_the_page)(bring)()


def _open_over_the_page(camera: bool) -> None:
    st.session_state.pop("own_problem", None)
    st.session_state.pop("own_arrived", None)
    st.session_state["own_over"] = {"camera": camera, "visit": url_state.current_visit()}


def _close_over_the_page() -> None:
    st.session_state.pop("own_over", None)


def bring_photo(key: str = "photo") -> None:
    """A camera; what is wrong with a photo is told by ``tell_problem``."""
    st.camera_input(_("Take a photo"), key=key, on_change=_take_photo, args=(key,))


def choose() -> None:
    """The kept pictures as thumbnails, the name of the chosen one, and a button to remove it.

    Draws nothing while there are none.
    """
    kept = {each.name: each for each in own_pictures()}
    if not kept:
        return
    name = url_state.one_of(
        st.pills,
        _("Your pictures"),
        list(kept),
        "own",
        next(iter(kept)),
        format_func=lambda name: f"![{_plain(kept[name].title)}]({kept[name].thumbnail})",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="center", key="own_chosen"):
        st.markdown(f"**{_plain(kept[name].title)}**", width="stretch")
        st.button(
            _("Remove"), key="own_remove", icon=":material/close:", on_click=_remove, args=(name,)
        )
    st.caption(_("Kept until you close or reload this browser tab."))


def tell_problem() -> bool:
    """What is wrong with the file that was brought last, until another is good; whether it is."""
    failed = st.session_state.get("own_problem")
    if failed is None:
        return False
    file, problem = failed
    chosen = chosen_picture()
    shown = (
        _("Your picture {name} is still shown.", name=f"**{_plain(chosen.title)}**")
        if chosen
        else _("The picture shown is a sample, not yours.")
    )
    st.error(f"{_told(file, problem)}  \n{shown}", icon=":material/error:")
    return True


def _told(file: str, problem: Problem) -> str:
    name = f"**{_plain(file)}**" if file else _("Photo")
    return _("{file}: {problem}", file=name, problem=sentence(problem))


def _take_files(key: str) -> None:
    st.session_state.pop("own_problem", None)
    for file in st.session_state[key]:
        _keep(file.name, file.getvalue())
    st.session_state["upload_turn"] += 1  # an empty uploader, so that the files' bytes are let go


def _take_photo(key: str) -> None:
    if photo := st.session_state[key]:
        st.session_state.pop("own_problem", None)
        _keep("", photo.getvalue())


def keep_drawn(picture: np.ndarray) -> None:
    """Keep a picture, uint8 (H, W, 3), that was made on the page Live, and choose it."""
    png = BytesIO()
    Image.fromarray(picture).save(png, "PNG")
    _keep(_("Image from Live"), png.getvalue())


def _keep(file: str, content: bytes) -> None:
    """Read a picture, keep it as the newest and choose it, or remember why it cannot be read."""
    state = st.session_state
    try:
        picture = read_picture(content)
    except Problem as problem:
        state["own_problem"] = (file, problem)
        return
    photo = 0
    if not file:
        photo = state["photos_taken"] = state.get("photos_taken", 0) + 1
    name = hashlib.sha256(content).hexdigest()[:12]
    others = [each for each in own_pictures() if each.name != name]
    thumbnail = picture_uri(square(picture), 64)
    own = OwnPicture(name, file, photo, picture, thumbnail)
    state["own_pictures"] = [own, *others][:MOST]
    state["own"], state["source"] = name, "camera" if photo else "upload"
    state["own_arrived"] = True


def _too_large(file: str, size: int) -> None:
    problem = Problem(
        "The file is {size:.1f} MB large and the limit is {limit:.0f} MB; save the picture "
        "smaller, or as a JPEG.",
        size=size / 1e6,
        limit=MOST_BYTES / 1e6,
    )
    st.session_state["own_problem"] = (file, problem)


def _remove(name: str) -> None:
    st.session_state["own_pictures"] = [each for each in own_pictures() if each.name != name]


def _plain(text: str) -> str:
    """A file's name without what Markdown would take for its own signs."""
    return "".join(" " if sign in "*_`[]()<>$~:\\" else sign for sign in text)
