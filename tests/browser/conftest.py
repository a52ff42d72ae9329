"""A server of the app and a real Chromium or Chrome, for all tests in this folder."""

import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from cnnattn.places import ROOT
from tests.browser.serving import BROWSER, serving

expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def executable():
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome on the PATH: install one of them")
    return BROWSER


@pytest.fixture(scope="session")
def address(executable, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    with serving(command, ROOT, {**os.environ, "CNNATTN_RUNS": str(runs)}) as url:
        yield url


@pytest.fixture
def page(address, executable):
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000}, locale="en-GB")
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        # A link to a page asks for Streamlit's own addresses below that page first, in vain.
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if message.type == "error" and "/_stcore/" not in message.location["url"]
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                problems.append(f"asks outside: {request.url}")
                if not request.url.startswith((address, "data:", "blob:"))
                else None
            ),
        )
        yield page
        assert page.get_by_test_id("stException").count() == 0
        browser.close()
    assert not problems


@pytest.fixture
def browser(executable):
    """A fresh browser, for tests that open pages of several kinds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.hookimpl(tryfirst=True)  # before the tests that are not wanted are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All but the home page's main flows are run by a command of their own."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.name != "test_compare.py":
            item.add_marker(pytest.mark.browser)
