"""The main flow in a real Chromium or Chrome, as a newcomer would click it."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from cnnattn.data.samples import samples

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="no Chromium or Chrome on the PATH: install one of them",
)


@pytest.fixture(scope="module")
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _second in range(60):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health")
                break
            except OSError:
                time.sleep(1)
        yield url
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def page(address):
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000}, locale="en-GB")
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        # Streamlit itself asks an outside address for settings, in vain without a network.
        page.on("console", lambda message: problems.append(message.text)
                if message.type == "error" and "ERR_NAME_NOT_RESOLVED" not in message.text
                and "ERR_INTERNET_DISCONNECTED" not in message.text else None)  # fmt: skip
        yield page
        assert page.get_by_test_id("stException").count() == 0
        browser.close()
    assert not problems


def ready(page: Page) -> None:
    expect(page.locator(".st-key-heat_maps .js-plotly-plot")).to_be_visible(timeout=60_000)


def test_the_main_flow(page, address):
    page.goto(address)
    ready(page)
    expect(page.get_by_text("says cat")).to_be_visible()

    page.locator(".st-key-sample button[role=radio]").nth(6).click()  # a taxi
    page.wait_for_url("**sample=automobile-3**")

    expect(page.get_by_text("says automobile").first).to_be_visible()
    page.wait_for_timeout(2000)  # Plotly redraws; until then its drawing has no box
    grid = page.locator(".st-key-grid_0 .nsewdrag").first.bounding_box()
    assert grid
    page.mouse.click(grid["x"] + grid["width"] * 2.5 / 8, grid["y"] + grid["height"] * 1.5 / 4)
    page.wait_for_url("**channel=10**")
    expect(page.locator(".st-key-channel input")).to_have_value("10")

    page.get_by_text("中文").click()
    expect(page.get_by_text("通道与通道权重")).to_be_visible()
    page.wait_for_url("**lang=zh**")

    page.goto(page.url)  # the link, as somebody else opens it
    ready(page)
    expect(page.get_by_text("通道与通道权重")).to_be_visible()
    expect(page.locator(".st-key-channel input")).to_have_value("10")


def test_upload(page, address, tmp_path):
    picture = next(s for s in samples() if s.name == "ship-1").picture
    Image.fromarray(picture).save(tmp_path / "mine.png")
    (tmp_path / "notes.png").write_text("no picture at all")
    page.goto(address)
    ready(page)
    page.locator(".st-key-source button").nth(2).click()
    page.locator(".st-key-upload input[type=file]").set_input_files(tmp_path / "notes.png")
    expect(page.get_by_text("not a picture in a known format")).to_be_visible()
    page.locator(".st-key-upload input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(page.get_by_text("They agree: CNN · no attention says ship")).to_be_visible()
