"""Which folders a visitor may have read, and that everything else is a sentence."""

import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.problem import Problem
from cnnattn.web.library.folders import readable_folder


@pytest.fixture(autouse=True)
def no_roots(monkeypatch):
    monkeypatch.delenv("CNNATTN_FOLDERS", raising=False)
    monkeypatch.delenv("CNNATTN_PIN", raising=False)


@pytest.mark.parametrize(
    "text",
    [
        "~nosuchuser",
        "~nosuchuser/pictures",
        "/nowhere",
        "x" * 5000,
        "/" + "x" * 300,
        "\0",
        "\ud800",
        "/proc/1/root/nowhere",
        "/dev/null",
    ],
)
def test_what_is_no_folder_is_one_sentence(text):
    with pytest.raises(Problem, match="There is no folder") as caught:
        readable_folder(text)
    assert len(str(caught.value)) < 300


def test_only_the_roots_and_what_lies_in_them(tmp_path, monkeypatch):
    for name in ("open/inside", "also", "closed"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "open/way out").symlink_to(tmp_path / "closed")
    (tmp_path / "closed/way in").symlink_to(tmp_path / "open")
    monkeypatch.setenv("CNNATTN_FOLDERS", f"{tmp_path}/open:{tmp_path}/also")
    for allowed in ("open", "open/inside", "also", "closed/way in", "open/../also"):
        assert readable_folder(str(tmp_path / allowed)).is_dir()
    said = set()
    for closed in ("closed", "nowhere", "open/way out", "open/../closed", "", "also2"):
        with pytest.raises(Problem, match="Only folders in") as caught:
            readable_folder(str(tmp_path / closed))
        said.add(str(caught.value))
    assert len(said) == 1  # whether there is a folder or not


def app() -> None:
    import streamlit as st

    from cnnattn.web.library.set_picker import pick_set
    from cnnattn.web.shell import url_state

    url_state.enter("test")
    found = pick_set("tested", "folder")
    st.markdown("none" if found is None else found.name)


def test_with_a_pin_a_folder_is_read_only_after_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNATTN_PIN", "4711")
    test = AppTest.from_function(app, default_timeout=60)
    test.query_params["lang"] = "en"
    test.run()
    assert [field.label for field in test.text_input] == ["PIN for reading a folder of the server"]
    test.text_input[0].input("4711").run()
    assert test.text_input[0].label == "A folder with train/<class>/ and test/<class>/"
    test.text_input[0].input(str(tmp_path / "nowhere")).run()
    assert "There is no folder" in test.error[0].value
    assert not test.exception
