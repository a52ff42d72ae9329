"""The first runs with one click, where nothing has been trained yet."""

import streamlit as st

from cnnattn.training.runs import SAMPLES, RunConfig
from cnnattn.web.library.first_models import REHEARSAL, start_all
from cnnattn.web.shell.pin import may_train
from cnnattn.web.shell.text import _


def offer_quick_demo() -> None:
    """A button that trains the baseline and SE on the samples, so that curves can be seen."""
    pressed = st.button(
        _("Quick demo: train the baseline and SE"),
        key="quick_demo",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not may_train(),
    )
    st.caption(
        _("On the built-in samples, half a minute each: good for looking around, not for judging.")
    )
    configs = [RunConfig("cnn", kind, SAMPLES, REHEARSAL) for kind in ("none", "se")]
    if pressed and may_train() and start_all(configs):  # disabled, it only keeps honest people out
        st.rerun()
