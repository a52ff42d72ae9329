"""The frame of every page: settings, look, language, navigation."""

import sys
from pathlib import Path

import streamlit as st

from cnnattn.web import view
from cnnattn.web.screen import page_width
from cnnattn.web.text import LANGUAGES, _, browser_language

_ICON = Path(__file__).parent / "icon.svg"
_STYLE = """<style>
[data-testid=stMainBlockContainer] {padding: 1.2rem 2rem 4rem; max-width: 1700px}
[data-testid=stSidebarHeader] {height: 2.4rem; padding-bottom: 0; margin-bottom: 0}
[data-testid=stSidebarUserContent] {padding-top: 0}
[data-testid=stMainBlockContainer] h1 {font-size: 1.5rem; padding: 0}
[data-testid=stMainBlockContainer] h2 {font-size: 1.2rem; padding: .6rem 0 0}
[data-testid=stCaptionContainer] {font-size: .95rem}
.st-key-source button {padding: 0 .25rem}
.st-key-source button p {font-size: .85rem}
.st-key-navigation a {padding-top: .2rem; padding-bottom: .2rem}
:is(.st-key-sample, [class*=st-key-test_]) [role=radiogroup] {gap: 4px}
:is(.st-key-sample, [class*=st-key-test_]) button[role=radio]
  {padding: 2px; min-height: 0; height: auto; border-radius: 8px}
:is(.st-key-sample, [class*=st-key-test_]) button[aria-checked=true] {outline: 3px solid #0b6e99}
:is(.st-key-sample, [class*=st-key-test_]) button[role=radio] img
  {width: 48px; height: 48px; max-height: none; object-fit: contain; display: block;
  border-radius: 6px}
[data-testid=stImage] img {border-radius: 6px}
:is(.st-key-page_width, .st-key-epoch_clock, [class*=st-key-hand_over]) {display: none}
@media (max-width: 640px) {
  [data-testid=stMainBlockContainer] {padding: 3.4rem .8rem 3rem}
  [data-testid=stButtonGroup] [role=radiogroup] {flex-wrap: wrap}
}
</style>"""


def page(title: str) -> int:
    """Begin a page: called first; draws the head of the sidebar, then waits for torch.

    Returns the width in pixels to plan figures for. Importing torch takes seconds, once in the
    life of the server: the frame already stands then.
    """
    st.set_page_config(
        page_title=f"{title} · CNN Attention Lab",
        page_icon=str(_ICON),  # a Material icon would be fetched from outside
        layout="wide",
        initial_sidebar_state="auto",
    )
    st.html(_STYLE)
    width = page_width()
    with st.sidebar:
        st.markdown("**CNN Attention Lab**")
        view.one_of(
            st.segmented_control,
            _("Language"),
            list(LANGUAGES),
            "lang",
            browser_language(),
            format_func=LANGUAGES.__getitem__,
            label_visibility="collapsed",
        )
        with st.container(gap=None, key="navigation"):
            for file, label, icon in _pages():
                st.page_link(file, label=label, icon=f":material/{icon}:")
    if "torch" not in sys.modules:
        with st.skeleton(600):
            _import_torch()
    return width


def _pages() -> list[tuple[str, str, str]]:
    """File, title and icon of every page, in the order of the navigation."""
    return [
        ("app.py", _("Compare"), "compare"),
        ("pages/9_Live.py", _("Live"), "bolt"),
        ("pages/1_Feature_maps.py", _("Feature maps"), "grid_on"),
        ("pages/2_Channel_attention.py", _("Channel attention"), "equalizer"),
        ("pages/7_Gate_surgery.py", _("Gate surgery"), "content_cut"),
        ("pages/3_Attention_zoo.py", _("Attention zoo"), "category"),
        ("pages/4_Heat_maps.py", _("Heat maps"), "visibility"),
        ("pages/5_Evaluation.py", _("Evaluation"), "fact_check"),
        ("pages/8_Prototypes.py", _("Prototypes"), "filter_center_focus"),
        ("pages/6_Training.py", _("Training"), "model_training"),
    ]


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
