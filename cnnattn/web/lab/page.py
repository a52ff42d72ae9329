"""Live: the networks run in the browser, and answer while one drags, paints and covers."""

import streamlit as st

from cnnattn.data.pictures import CIFAR10_MEAN, CIFAR10_STD, as_seen
from cnnattn.data.samples import samples
from cnnattn.figures.palette import SEQUENTIAL
from cnnattn.live.content import LiveModel, LivePicture, pack
from cnnattn.live.take_home import take_home
from cnnattn.live.words import file_words, page_words
from cnnattn.problem import Problem
from cnnattn.web.lab.component import content_key, live_component
from cnnattn.web.loaders import Model
from cnnattn.web.pickers import Chosen, pick_models, pick_picture
from cnnattn.web.text import _, class_name, sentence


def live_page() -> None:
    """Draw the page below its frame."""
    st.caption(file_words(_)["purpose"])
    chosen = pick_picture()
    models = _that_run(pick_models())
    if models:
        _live(chosen, models)
    else:
        st.page_link("app.py", label=_("Compare"), icon=":material/compare:")


def _that_run(models: list[Model]) -> list[Model]:
    """Those that the browser's engine can run; the others are named."""
    able = []
    for model in models:
        try:
            _content([model])
        except Problem as problem:
            st.warning(f"**{model.title}**: {sentence(problem)}", icon=":material/error:")
        else:
            able.append(model)
    return able


@st.fragment
def _live(chosen: Chosen, models: list[Model]) -> None:
    classes = models[0].classes
    settings = {
        "words": page_words(_),
        "titles": {model.name: model.title for model in models},
        "classes": {model.name: [class_name(c) for c in model.classes] for model in models},
        "pictures": {s.name: class_name(s.label) for s in samples()},
        "chosen": {"name": chosen.name, "label": _number(chosen.label, classes)},
    }
    live_component(_content(models), _key(models), settings, chosen.seen)
    st.download_button(
        _("Take this page home as one HTML file"),
        data=lambda: _file(chosen, models),
        file_name="cnn-attention-live.html",
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        help=_("It runs without Python and without a network: on a stick, by mail, on a phone."),
    )


def _file(chosen: Chosen, models: list[Model]) -> bytes:
    """The page as a file that begins with the chosen picture."""
    classes = models[0].classes
    own = LivePicture(chosen.name, _number(chosen.label, classes), chosen.seen)
    pictures = [(own, chosen.label or chosen.name)]
    pictures += [
        (picture, s.label)
        for picture, s in zip(_sample_pictures(classes), samples(), strict=True)
        if s.name != chosen.name
    ]
    return take_home([_live_model(model) for model in models], pictures, SEQUENTIAL).encode()


def _sample_pictures(classes: tuple[str, ...]) -> list[LivePicture]:
    return [LivePicture(s.name, _number(s.label, classes), as_seen(s.picture)) for s in samples()]


def _number(label: str | None, classes: tuple[str, ...]) -> int | None:
    return classes.index(label) if label in classes else None


def _key(models: list[Model]) -> str:
    return content_key(*(model.version for model in models))


def _content(models: list[Model]) -> bytes:
    return _packed(_key(models), models)


@st.cache_resource(max_entries=12, show_spinner=False)
def _packed(key: str, _models: list[Model]) -> bytes:
    pictures = _sample_pictures(_models[0].classes)
    return pack([_live_model(model) for model in _models], pictures, SEQUENTIAL, key=key)


def _live_model(model: Model) -> LiveModel:
    statistics = model.statistics
    return LiveModel(
        model.name,
        model.checkpoint,
        model.colour,
        statistics.get("mean", CIFAR10_MEAN),
        statistics.get("std", CIFAR10_STD),
    )
