"""The frame of every page: settings, look, language, navigation, title."""

import gc
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import streamlit as st

from cnnattn.web.shell import url_state
from cnnattn.web.shell.ending import PageEnded
from cnnattn.web.shell.figure_tools import begin, figure_tools
from cnnattn.web.shell.screen import page_width
from cnnattn.web.shell.text import LANGUAGES, _, browser_language, language, speak
from cnnattn.web.shell.turns import Turns

_ICON = Path(__file__).parent / "icon.svg"
_STYLE = (Path(__file__).parent / "page.css").read_text("utf-8")
_TURNS = Turns()


@dataclass(frozen=True)
class Page:
    """A page: its folder in ``cnnattn.web``, its file, its icon, and what it is for."""

    name: str
    file: str
    icon: str
    title: str
    purpose: str


def show_page(name: str) -> None:
    """Draw one page: all that ``app.py`` and the files of ``pages/`` do.

    Importing torch takes seconds, once in the life of the server: the frame stands before that, and
    nobody waits for a turn.
    """
    with _TURNS.turn() if "torch" in sys.modules else nullcontext():
        _draw(name)


def _draw(name: str) -> None:
    url_state.enter(name)
    lang = url_state.settle("lang", list(LANGUAGES), browser_language())
    speak(lang)
    pages = {page.name: page for page in _pages()}
    st.set_page_config(
        page_title=f"{pages[name].title} · CNN Attention Lab",
        page_icon=str(_ICON),  # a Material icon would be fetched from outside
        layout="wide",
        initial_sidebar_state="auto",
    )
    st.html(f"<style>{_STYLE}</style>")
    width = page_width(lang)
    with st.sidebar:
        _navigation(list(pages.values()))
    with st.container(key="page_head"):
        st.title(pages[name].title, anchor=False)
        st.markdown(pages[name].purpose)
    first = "torch" not in sys.modules
    if first:
        with st.skeleton(600):
            _import_torch()
    from cnnattn.web.shell.cores import take_one_core

    take_one_core()
    draw: Callable[[int], None] = import_module(f"cnnattn.web.{name}.page").draw
    if first:  # what is imported stays: no collection needs to look through it again
        gc.collect()
        gc.freeze()
    begin()
    # A page may end early; what was chosen until then belongs into the link all the same.
    with suppress(PageEnded):
        draw(width)
    url_state.leave()
    figure_tools()


def _navigation(pages: list[Page]) -> None:
    st.markdown("**CNN Attention Lab**")
    url_state.one_of(
        st.segmented_control,
        _("Language"),
        LANGUAGES,
        "lang",
        browser_language(),
        label_visibility="collapsed",
    )
    with st.container(gap=None, key="navigation"):
        for page in pages:
            st.page_link(
                page.file,
                label=page.title,
                icon=f":material/{page.icon}:",
                query_params=url_state.link_to(page.name),
            )


def link_to(name: str, label: str, icon: str, **view: str) -> None:
    """A link to another page with the same picture and models, there in this ``view``."""
    st.page_link(
        _page(name).file,
        label=label,
        icon=f":material/{icon}:",
        query_params=url_state.link_to(name, **view),
    )


def go_to(name: str, **view: str) -> None:
    """Open another page with the same picture and models, there in this ``view``; ends the run."""
    st.switch_page(_page(name).file, query_params=url_state.link_to(name, **view))


def page_title(name: str) -> str:
    """What a page is called."""
    return _page(name).title


def _page(name: str) -> Page:
    return next(page for page in _pages() if page.name == name)


def _pages() -> list[Page]:
    """Every page, in the order of the navigation."""
    return _pages_in(language())


@cache
def _pages_in(spoken: str) -> list[Page]:
    """The same in the language that is spoken now."""
    return [
        Page(
            "compare", "app.py", "compare", _("Compare"),
            _("What does attention change inside a CNN? One image, several networks, side by "
              "side: their predictions, feature maps, gates and heat maps."),
        ),
        Page(
            "lab", "pages/9_Live.py", "bolt", _("Live"),
            _("Drag a gate, cover or paint the image: the networks run in your browser, "
              "and their predictions follow at once."),
        ),
        Page(
            "feature_maps", "pages/1_Feature_maps.py", "grid_on", _("Feature maps"),
            _("What the channels of a network respond to: several images through the same "
              "layers, and every channel of any layer."),
        ),
        Page(
            "attention", "pages/2_Channel_attention.py", "equalizer", _("Channel attention"),
            _("How an attention module computes its gates from the feature maps, step by step, "
              "and how the gates differ from class to class."),
        ),
        Page(
            "surgery", "pages/7_Gate_surgery.py", "content_cut", _("Gate surgery"),
            _("Change the gates by hand, zero some channels or shuffle them, and see how the "
              "prediction changes. Nothing is retrained."),
        ),
        Page(
            "zoo", "pages/3_Attention_zoo.py", "category", _("Attention zoo"),
            _("SE, ECA, CBAM and five other attention modules: how each works, what it costs, and "
              "whether it helps."),
        ),
        Page(
            "heat", "pages/4_Heat_maps.py", "visibility", _("Heat maps"),
            _("Which parts of an image a prediction rests on: Grad-CAM and its relatives, each "
              "with a test of how faithful it is."),
        ),
        Page(
            "evaluation", "pages/5_Evaluation.py", "fact_check", _("Evaluation"),
            _("How accurate the networks are on many images, how sure one may be of that, and "
              "what they confuse."),
        ),
        Page(
            "prototypes", "pages/8_Prototypes.py", "filter_center_focus", _("Prototypes"),
            _("What each channel responds to most: the image patches that activate it, and a "
              "synthetic image optimised for it."),
        ),
        Page(
            "training", "pages/6_Training.py", "model_training", _("Training"),
            _("Train networks of your own in the background and watch their learning curves; the "
              "other pages show each one after its first epoch."),
        ),
    ]  # fmt: skip


def _import_torch() -> None:
    try:
        import torch  # noqa: F401
    except (ImportError, OSError, RuntimeError):
        st.error(
            _(
                "PyTorch does not start: it is missing or not whole. Install it again, together "
                "with torchvision: pip install --force-reinstall torch torchvision"
            ),
            icon=":material/error:",
        )
        st.stop()


def heading(title: str, explanation: str) -> None:
    """A section's title and, in one sentence, what there is to see."""
    st.header(title, anchor=False)
    st.caption(explanation)
