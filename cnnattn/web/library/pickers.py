"""The sidebar's choices: which picture, which models."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.data.datasets import by_class
from cnnattn.data.pictures import square
from cnnattn.data.samples import samples
from cnnattn.problem import Problem
from cnnattn.web.library import own_pictures, own_weights
from cnnattn.web.library.checkpoints import (
    CHECKPOINTS,
    Model,
    checkpoint_files,
    dataset,
    model,
    spec,
    title,
)
from cnnattn.web.library.first_models import offer_first_models
from cnnattn.web.library.get_data import say_how_to_get_pictures
from cnnattn.web.library.shared import key_of
from cnnattn.web.library.thumbnails import picture_uri
from cnnattn.web.shell import url_state
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.plot import subject
from cnnattn.web.shell.text import _, class_name, language, paragraph, sentence, verbatim

FIRST_SAMPLE = "bird-2"  # airplane without attention, bird with SE
GALLERY_HEIGHT = 168  # in pixels: three and a half rows, so that one sees that there are more
SIDE_BY_SIDE = 6  # models at once: each is a column of the page
GALLERY = 24  # pictures of a class offered at once


@dataclass(frozen=True)
class Chosen:
    """The picture that the page is about."""

    name: str  # "cat-1", "test-cat-17", or the name of an uploaded file
    picture: np.ndarray  # uint8 (H, W, 3)
    label: str | None = None  # its true class, where that is known

    @cached_property
    def key(self) -> Hashable:
        """All that a page may show of it, for what is shared between sessions."""
        return self.name, self.label, key_of(self.picture)


def pick_picture() -> Chosen:
    """Sidebar: a built-in sample, a CIFAR-10 test picture, an upload or a photo."""
    with st.sidebar:
        st.subheader(_("Image"), anchor=False)
        sources = {
            "sample": _("Samples"),
            "test": _("Test set"),
            "upload": _("Upload"),
            "camera": _("Camera"),
        }
        source = url_state.one_of(
            st.segmented_control,
            _("Where from"),
            sources,
            "source",
            "sample",
            label_visibility="collapsed",
        )
        chosen = {
            "sample": _pick_sample,
            "test": _pick_test_picture,
            "upload": _pick_upload,
            "camera": _take_photo,
        }[source]()
    own_pictures.bring_over_the_page()
    told = source in ("upload", "camera") and own_pictures.tell_problem()
    if chosen:
        subject(picture=chosen.name)
        return chosen
    # Until there is another picture, a sample keeps the page whole, and is called one.
    if source == "test":
        _tell_no_test_set()
    elif not told:
        _offer_to_bring(source)
    # Still the sample that was shown: nothing changes on the page until a picture is there.
    name = url_state.settle("sample", [sample.name for sample in samples()], FIRST_SAMPLE)
    subject(picture=name)
    return _sample(name)


def _offer_to_bring(source: str) -> None:
    """Say that there is no picture of the visitor's own yet, and offer to bring one: the place for
    it in the sidebar is out of sight on a telephone."""
    if source == "camera":
        missing, bring = (
            _("No photo taken in this tab yet (a reload forgets it)."),
            _("Take a photo"),
        )
    else:
        missing, bring = (
            _("No picture uploaded in this tab yet (a reload forgets it)."),
            _("Upload a picture"),
        )
    shown = _("The picture shown is a sample, not yours.")
    st.info(paragraph([missing, shown]), icon=":material/image:")
    own_pictures.button_to_bring(bring, "bring_own", camera=source == "camera")


def _tell_no_test_set() -> None:
    """Why there is no test picture, and a way to one."""
    try:
        if dataset() is None:
            say_how_to_get_pictures()
    except Problem as problem:
        st.error(sentence(problem), icon=":material/error:")
    st.caption(_("The picture shown is a sample, not one of a test set."))


def pick_models(default: tuple[str, ...] = ("cnn-none", "cnn-se")) -> list[Model]:
    """Sidebar: up to six checkpoints, and a place to open one's own weights file."""
    own_weights.tell_problem()
    with st.sidebar:
        st.subheader(_("Models"), anchor=False)
        picker = st.container()
        # Before the list that it adds to, but below it on the page.
        own_weights.open_weights(SIDE_BY_SIDE)
        files = checkpoint_files()
        titles = {}
        for name, file in files.items():
            try:
                titles[name] = title(name, spec(file))
            except Problem as problem:
                st.warning(sentence(problem), icon=":material/error:")
        wanted = [name for name in default if name in titles] or list(titles)[:2]
        url_state.follow("models", wanted)  # also when the first runs bring new ones
    if not titles:
        offer_first_models(CHECKPOINTS)
    with st.sidebar:
        _name_what_is_gone(titles)
    with st.sidebar, picker:
        names = url_state.some_of(
            _("Compare these, side by side"),
            titles,
            "models",
            wanted,
            label_visibility="collapsed",
            placeholder=_("Choose at least one model"),
            select_all=False,
        )
    if len(names) > SIDE_BY_SIDE:
        left_out = _(", ").join(f"**{titles[name]}**" for name in names[SIDE_BY_SIDE:])
        st.info(
            _(
                "Up to {most} models are shown side by side. Not shown: {names}. To see one of "
                "these, remove another model in the sidebar.",
                most=SIDE_BY_SIDE,
                names=left_out,
            ),
            icon=":material/view_column:",
        )
    subject(models="+".join(names[:SIDE_BY_SIDE]))
    models = []
    for name in names[:SIDE_BY_SIDE]:
        try:
            models.append(model(files[name], name))
        except Problem as problem:
            st.warning(sentence(problem), icon=":material/error:")
    if not models:
        st.info(_("Choose at least one model in the sidebar."), icon=":material/arrow_back:")
        end_page()
    return models


def pick_model(models: Sequence[Model], first: Model | None = None) -> Model:
    """The model of a page that is about a single one; ``first`` until somebody chooses."""
    by_name = {model.name: model for model in models}
    name = url_state.one_of(
        st.segmented_control,
        _("Model"),
        list(by_name),
        "model",
        (first or models[0]).name,
        format_func=lambda name: by_name[name].title,
    )
    return by_name[name]


def pick_gate_view(**rest: Any) -> tuple[bool, bool]:
    """Whether bars show gates as deviations from their mean, else from 0 to 1; whether sorted."""
    views = {"deviation": _("Deviation from the mean"), "weight": _("0 to 1")}
    view = url_state.one_of(
        st.segmented_control,
        _("Gates"),
        views,
        "gate_view",
        "deviation",
        **rest,
    )
    return view == "deviation", url_state.switch(_("Sort gates by weight"), "by_weight", True)


def _name_what_is_gone(there: Collection[str]) -> None:
    """Say which of the models asked for, here or in the link, are not ``there``, and go on."""
    gone = [name for name in url_state.asked_for("models") if name and name not in there]
    if gone:
        names = _(", ").join(map(verbatim, gone[:3]))
        st.warning(
            _(
                "Left out, because it is not here (deleted, or of another machine): {names}",
                names=names,
            ),
            icon=":material/error:",
        )


def _pick_sample() -> Chosen:
    buttons = _sample_buttons(language())
    with st.container(height=GALLERY_HEIGHT, border=False):
        name = url_state.one_of(
            st.pills,
            _("Sample picture"),
            buttons,
            "sample",
            FIRST_SAMPLE,
            label_visibility="collapsed",
        )
    return _sample(name)


@cache
def _sample(name: str) -> Chosen:
    sample = next(s for s in samples() if s.name == name)
    return Chosen(name, sample.picture, sample.label)


def _pick_test_picture() -> Chosen | None:
    try:
        data = dataset()
    except Problem:
        data = None
    if data is None:
        return None  # the page says why
    label = url_state.one_of(
        st.selectbox,
        _("Class"),
        data.classes,
        "test_class",
        data.classes[0],
        format_func=class_name,
    )
    number = data.classes.index(label)
    names = [str(i) for i in by_class(data.test, number, GALLERY)]
    # A link may lead to any picture of the class; it then stands before the first ones.
    asked = st.query_params.get(f"test_{label}", "")
    linked: str = st.session_state.setdefault(f"linked_{label}", asked)
    if linked not in names and _is_index(linked, data.test.labels == number):
        names.insert(0, linked)
    name = url_state.one_of(
        st.pills,
        _("Test image"),
        names,
        f"test_{label}",
        names[0],
        format_func=lambda i: _thumbnail(label, picture_uri(data.test.pictures[int(i)])),
        label_visibility="collapsed",
    )
    return Chosen(f"test-{label}-{name}", data.test.pictures[int(name)], label)


def _is_index(text: str, members: np.ndarray) -> bool:
    """Whether a word from a link is the number of a picture that is marked in ``members``."""
    return (
        text.isdecimal()
        and len(text) < 10
        and int(text) < len(members)
        and bool(members[int(text)])
    )


def _pick_upload() -> Chosen | None:
    own_pictures.bring_file()
    return _pick_own()


def _take_photo() -> Chosen | None:
    own_pictures.bring_photo()
    return _pick_own()


def _pick_own() -> Chosen | None:
    """Of the visitor's own pictures, the one that is chosen."""
    own_pictures.choose()
    own = own_pictures.chosen_picture()
    if own is None:
        return None
    cuts = {"crop": _("Crop the middle"), "letterbox": _("Keep it whole")}
    how = url_state.one_of(
        st.segmented_control,
        _("Make it square"),
        cuts,
        "square",
        "crop",
    )
    return Chosen(own.title, square(own.picture, "crop" if how == "crop" else "letterbox"))


@cache
def _sample_buttons(spoken: str) -> Mapping[str, str]:
    """What the samples' buttons say, in the language that is spoken now."""
    return {s.name: _thumbnail(s.label, picture_uri(s.picture, 64)) for s in samples()}


def _thumbnail(label: str, uri: str) -> str:
    return f"![{class_name(label)}]({uri})"  # its text is the button's name for screen readers
