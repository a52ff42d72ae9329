"""The installed package: everything is in it, and it works far from the repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnattn.nets.checkpoint import read_card
from cnnattn.places import ROOT
from tests.browser.serving import serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture
def installed(wheel, tmp_path) -> tuple[dict[str, str], Path]:
    """An environment in which only the installed package is found, and its folder."""
    site = tmp_path / "site"
    _pip("install", wheel, "--no-deps", "--no-index", "--target", site)
    others = {name: value for name, value in os.environ.items() if not name.startswith("CNNATTN_")}
    places = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home/share")}
    return {**others, **places, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}, site


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_all_that_the_repository_has_is_inside(wheel):
    own = _files(ROOT / "cnnattn", "cnnattn")
    for folder in ("pages", "checkpoints", ".streamlit"):
        own |= _files(ROOT / folder, f"cnnattn/shipped/{folder}")
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in inside if ".dist-info/" not in name} == {
        *own,
        "cnnattn/shipped/app.py",
    }
    for wanted in ("live/engine.js", "web/locale/zh/LC_MESSAGES/cnnattn.mo", "web/shell/page.css"):
        assert f"cnnattn/{wanted}" in inside
    assert "cnnattn/shipped/checkpoints/cnn-se.safetensors" in inside


def test_from_an_empty_folder_it_serves_trains_and_exports(installed, tmp_path, browser):
    environment, site = installed
    before = _files(site, "")
    empty = tmp_path / "empty"
    empty.mkdir()
    command = [sys.executable, str(site / "bin" / "cnnattn")]
    with serving([*command, "app"], empty, environment) as url:
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="en-GB")
        assert page.goto(url).status == 200
        expect(page).to_have_title("Compare · CNN Attention Lab", timeout=60_000)
        expect(page.get_by_text("Different predictions").first).to_be_visible(timeout=60_000)
        # The colour of text is the one of .streamlit/config.toml, #1d2433.
        expect(page.get_by_test_id("stApp")).to_have_css("color", "rgb(29, 36, 51)")
        page.goto(f"{url}/Training?train_data=samples&train_epochs_rehearsal=1&train_attention=se")
        page.locator(".st-key-train button").click()
        runs = tmp_path / "home/share/cnnattn/runs"
        for _second in range(600):  # the training lets everything else go first
            if best := list(runs.glob("*/best.safetensors")):
                break
            page.wait_for_timeout(1000)
        assert read_card(best[0])[0].attention == "se"
        expect(page.get_by_text("No training is running")).to_be_visible(timeout=600_000)
    export = [*command, "export", "--models", "resnet20-se", "--out", "lab.html"]
    subprocess.run(export, cwd=empty, env=environment, check=True)
    assert [file.name for file in empty.iterdir()] == ["lab.html"]
    assert _files(site, "") == before


def _files(folder: Path, under: str) -> set[str]:
    """Every file there but compiled ones and locks, as a wheel names it."""
    return {
        f"{under}/{file.relative_to(folder).as_posix()}"
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".lock"
    }
