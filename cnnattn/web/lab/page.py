"""Live: the networks run in the browser, and answer while one drags, paints and covers."""

import streamlit as st

from cnnattn.data.datasets import by_class
from cnnattn.data.pictures import input_picture
from cnnattn.data.samples import samples
from cnnattn.figures.heat.style import heat_veil
from cnnattn.figures.kit.palette import SEQUENTIAL
from cnnattn.live.content import LivePicture
from cnnattn.live.take_home import take_home
from cnnattn.problem import Problem
from cnnattn.web.lab.component import live_component
from cnnattn.web.lab.networks import Networks, live_model, why_not
from cnnattn.web.lab.ways import PAGES, go, keep_picture, ways
from cnnattn.web.library.checkpoints import Model, dataset
from cnnattn.web.library.pickers import Chosen, pick_models, pick_picture
from cnnattn.web.shell.text import _, class_name, sentence

OF_EACH_CLASS = 3  # pictures of the test set in the strip


def draw(width: int) -> None:
    """Draw the page, whose component finds its own ``width``."""
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
        if problem := why_not(model):
            st.warning(f"**{model.title}**: {sentence(problem)}", icon=":material/error:")
        else:
            able.append(model)
    return able


@st.fragment
def _live(chosen: Chosen, models: list[Model]) -> None:
    classes = models[0].classes
    pictures = _strip(classes)
    networks = Networks(models, [picture for picture, _label in pictures])
    settings = networks.settings() | {
        "pictures": {picture.name: class_name(label) for picture, label in pictures},
        "chosen": {"name": chosen.name, "label": _number(chosen.label, classes)},
        "ways": ways(*PAGES),
    }
    taken = live_component(
        networks.content,
        networks.key,
        settings,
        input_picture(chosen.picture),
        on_take=keep_picture,
    )
    if taken:
        go(taken, models)
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
    own = LivePicture(chosen.name, _number(chosen.label, classes), input_picture(chosen.picture))
    pictures = [(own, chosen.label or chosen.name)]
    pictures += [(p, label) for p, label in _samples(classes) if p.name != chosen.name]
    html = take_home([live_model(model) for model in models], pictures, SEQUENTIAL, heat_veil())
    return html.encode()


def _strip(classes: tuple[str, ...]) -> list[tuple[LivePicture, str]]:
    """The pictures to choose from, with their labels: samples, and some of the test set."""
    try:
        data = dataset()
    except Problem:
        data = None  # the sidebar says so to who wants the test set
    if data is None:
        return _samples(classes)
    return _samples(classes) + [
        (LivePicture(f"test-{label}-{i}", _number(label, classes), input_picture(picture)), label)
        for number, label in enumerate(data.classes)
        for i in by_class(data.test, number, OF_EACH_CLASS)
        for picture in [data.test.pictures[i]]
    ]


def _samples(classes: tuple[str, ...]) -> list[tuple[LivePicture, str]]:
    return [
        (LivePicture(s.name, _number(s.label, classes), input_picture(s.picture)), s.label)
        for s in samples()
    ]


def _number(label: str | None, classes: tuple[str, ...]) -> int | None:
    return classes.index(label) if label in classes else None
