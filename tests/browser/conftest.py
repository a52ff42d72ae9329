"""A server of the app and a real Chromium or Chrome, for all tests in this folder."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome on the PATH: install one of them")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    runs = tmp_path_factory.mktemp("runs")
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "CNNATTN_RUNS": str(runs)})
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
        # A link to a page asks for Streamlit's own addresses below that page first, in vain.
        page.on("console", lambda message: problems.append(message.text)
                if message.type == "error" and "/_stcore/" not in message.location["url"]
                else None)  # fmt: skip
        page.on("request", lambda request: problems.append(f"asks outside: {request.url}")
                if not request.url.startswith((address, "data:", "blob:")) else None)  # fmt: skip
        yield page
        assert page.get_by_test_id("stException").count() == 0
        browser.close()
    assert not problems


@pytest.fixture
def browser(address):
    """A fresh browser, for tests that open pages of several kinds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()
