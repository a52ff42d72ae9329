"""What axe-core, the accessibility checker, finds on every page, in both themes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import IN_ORDER, settled

# A tall window: axe leaves out what is scrolled out of the sidebar or the page.
WINDOW = {"width": 1366, "height": 3000}
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 18, 24)"}


def serious(page: Page) -> list[str]:
    """Rule, element and measurement of every serious and critical violation."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {[check['data'] for check in node['any']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("name", "lang"),
    [*((name, "en") for name in IN_ORDER), ("", "zh")],
    ids=lambda text: text or "Home",
)
def test_no_page_has_a_serious_violation_in_either_theme(address, browser, name, lang):
    page = browser.new_page(viewport=WINDOW, color_scheme="light")
    page.goto(f"{address}/{name}?lang={lang}")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", GROUND[theme])
        settled(page)
        assert not serious(page), theme
