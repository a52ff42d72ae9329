"""Each place where we lean on Streamlit's inside, by name: what a new version may take away.

Before the upper bound in requirements.txt is raised, these tests and those in a browser must pass.
"""

import re
from functools import cache
from pathlib import Path

import pytest
import streamlit
from streamlit import config
from streamlit.testing.v1 import AppTest

from cnnattn.places import ROOT

WEB = ROOT / "cnnattn" / "web"
LEANING = [
    pytest.param(name, id=f"{file.relative_to(WEB).as_posix()} {name}")
    for file in sorted([*WEB.rglob("*.py"), *WEB.rglob("*.css")])
    for name in sorted(set(re.findall(r"data-testid=[\"']?(\w+)", file.read_text("utf-8"))))
]


@cache
def streamlits_page() -> str:
    """All scripts of Streamlit's own page."""
    scripts = (Path(streamlit.__file__).parent / "static").rglob("*.js")
    return "\n".join(script.read_text("utf-8") for script in scripts)


@pytest.mark.parametrize("name", LEANING)
def test_streamlits_page_still_has_the_element_that_we_style_or_ask_for(name):
    # A button's kind is put behind a hyphen: stBaseButton-primary.
    assert re.search(rf"[\"'`]{name}[\"'`-]", streamlits_page())


def test_a_run_of_the_page_knows_whether_the_browser_went_back():
    """web/shell/url_state.py asks the context of the run; nothing public tells it."""

    def page() -> None:
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        st.text(str(get_script_run_ctx().is_history_navigation))

    assert AppTest.from_function(page).run().text[0].value == "False"


def test_the_config_beside_app_is_read_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "_main_script_path", str(ROOT / "app.py"))
    assert str(ROOT / ".streamlit" / "config.toml") in config.get_config_files("config.toml")
