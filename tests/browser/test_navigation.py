"""A stranger's first clicks: links between pages, Back, the closed sidebar, in both languages."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import IN_ORDER, open_sidebar, settled, still, telephone


def click_link(page: Page, name: str) -> None:
    link = page.locator(f'.st-key-navigation a:is([href="{name}"], [href^="{name}?"])')
    link.first.click()
    page.wait_for_url(re.compile(rf"/{name}(\?.*)?$"))
    still(page)


def nothing_is_lost(page: Page, lang: str) -> None:
    """Two models, a picture, the source and the language are chosen as at first."""
    assert "models=" not in page.url
    assert "lang=" not in page.url
    expect(page.get_by_test_id("stException")).to_have_count(0)
    checked = page.locator(".st-key-lang [aria-checked=true]")
    expect(checked).to_have_text({"en": "English", "zh": "中文"}[lang])
    if page.locator(".st-key-models").count():
        expect(page.locator(".st-key-models")).to_contain_text("SE")
    if page.locator(".st-key-source").count():
        expect(page.locator(".st-key-source [aria-checked=true]")).to_have_count(1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_untouched_every_page_leads_to_every_other(address, browser, lang):
    page = browser.new_page(locale={"en": "en-GB", "zh": "zh-CN"}[lang])
    page.set_default_timeout(60_000)
    page.goto(address)
    still(page)
    expect(page.locator("html")).to_have_attribute("lang", {"en": "en", "zh": "zh-CN"}[lang])
    for name in [*IN_ORDER[1:], "Heat_maps", "", "Evaluation", "Channel_attention"]:
        click_link(page, name)
        nothing_is_lost(page, lang)


@pytest.mark.parametrize("first", IN_ORDER[1:])
def test_the_first_click_of_a_page_opened_by_its_link(address, browser, first):
    page = browser.new_page(locale="zh-CN")
    page.goto(f"{address}/{first}")
    still(page)
    click_link(page, IN_ORDER[IN_ORDER.index(first) - 1] or "Heat_maps")
    nothing_is_lost(page, "zh")


def test_back_goes_back(address, browser):
    page = browser.new_page()
    page.goto(address)
    still(page)
    urls = [page.url]
    page.locator(".st-key-sample button[role=radio]").nth(6).click()
    page.wait_for_url("**sample=automobile-3**")
    still(page)
    urls.append(page.url)
    click_link(page, "Heat_maps")
    expect(page).to_have_url(re.compile("sample=automobile-3"))
    urls.append(page.url)
    for later, before in pairwise(reversed(urls)):
        assert page.url == later
        page.go_back()
        page.wait_for_url(before)
        still(page)
    chosen = page.locator(".st-key-sample [aria-checked=true] img")
    expect(chosen).to_have_count(1)
    assert "sample" not in page.url


@pytest.mark.parametrize("way", ["See what SE does", "Break a channel"])
def test_back_leads_back_from_a_way_on(address, browser, way):
    page = browser.new_page()
    page.goto(address)
    still(page)
    page.get_by_role("link", name=way).click()
    expect(page.get_by_role("heading", name="Compare", exact=True, level=1)).to_have_count(0)
    still(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Compare", exact=True, level=1)).to_be_visible()
    still(page)
    assert page.url.rstrip("/") == address.rstrip("/")
    page.go_forward()
    expect(page.get_by_role("heading", name="Compare", exact=True, level=1)).to_have_count(0)
    still(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Compare", exact=True, level=1)).to_be_visible()


@pytest.mark.parametrize("width", [700, 768, 1366, 1920])
def test_the_header_covers_nothing_with_the_sidebar_closed(address, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 768})
    page.goto(f"{address}/Evaluation")
    still(page)
    if not page.get_by_test_id("stExpandSidebarButton").count():
        page.get_by_test_id("stSidebar").hover()
        page.get_by_test_id("stSidebarCollapseButton").locator("button").click()
    page.get_by_test_id("stExpandSidebarButton").wait_for()
    settled(page)
    page.wait_for_function("""() => {
      const button = document.querySelector("[data-testid=stExpandSidebarButton]");
      const heading = document.querySelector(".st-key-page_head h1");
      const box = heading.getBoundingClientRect();
      const seen = document.elementFromPoint(box.x + 20, box.y + box.height / 2);
      return box.y >= button.getBoundingClientRect().bottom && heading.contains(seen);
    }""")


def test_what_is_chosen_follows_the_language(address, browser):
    page = browser.new_page(locale="en-GB")
    page.set_default_timeout(120_000)
    page.goto(f"{address}/Feature_maps?models=cnn-se,cnn-none&rows=ship-1,dog-1&any_layer=relu2")
    still(page)
    chips = page.get_by_test_id("stMultiSelect").locator("[data-tag]")
    models = page.locator(".st-key-models [data-tag]")
    expect(models).to_have_text(["CNN · SE", "CNN · no attention"])
    page.locator(".st-key-lang").get_by_text("中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(models).to_have_text(["CNN · SE", "CNN · 无注意力"])
    expect(page.locator(".st-key-rows [data-tag]")).to_have_text(["船 1", "狗 1"])
    expect(chips.filter(has_text=re.compile("no attention|Stage|ship|dog"))).to_have_count(0)
    # A click afterwards is understood: one model fewer, in the same session.
    models.first.get_by_role("button").click()
    page.wait_for_url("**models=cnn-none&**")
    page.locator(".st-key-lang").get_by_text("English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(models).to_have_text(["CNN · no attention"])
    expect(page.locator(".st-key-rows [data-tag]")).to_have_text(["ship 1", "dog 1"])
    expect(page.locator(".st-key-any_layer input")).to_have_value("relu2")


def test_many_reruns_leave_one_observer_of_the_pages_width(page, address):
    page.add_init_script("""
      window.observers = new Set();
      window.ResizeObserver = class extends ResizeObserver {
        observe(element, ...rest) {
          if (element.dataset.testid === "stMainBlockContainer") observers.add(this);
          super.observe(element, ...rest);
        }
        disconnect() { observers.delete(this); super.disconnect(); }
      };
    """)
    page.goto(address)
    still(page)
    for width in (390, 1000, 1366, 1000, 390, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        still(page)
    assert page.evaluate("observers.size") == 1


def test_on_a_telephone_a_link_of_the_navigation_uncovers_its_page(address, browser):
    page = telephone(browser)
    page.goto(address)
    still(page)
    sidebar = page.get_by_test_id("stSidebar")
    for name in ("Live", "Gate surgery", "Compare"):
        open_sidebar(page).get_by_role("link", name=name, exact=True).tap()
        expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
        expect(sidebar).to_have_attribute("data-collapsed", "true")
        still(page)
    open_sidebar(page).get_by_text("中文").tap()  # stays open: one looks for what one came for
    expect(page.get_by_role("heading", name="对比", exact=True, level=1)).to_be_visible()
    expect(sidebar).to_have_attribute("data-collapsed", "false")


def test_on_a_telephone_quick_steps_back_and_forward_lose_nothing(address, browser):
    page = telephone(browser)
    page.goto(f"{address}/Feature_maps")
    still(page)
    open_sidebar(page).get_by_role("link", name="Compare", exact=True).tap()
    compare = page.get_by_role("heading", name="Compare", exact=True, level=1)
    expect(compare).to_be_visible()
    still(page)
    for pause in (50, 150, 400, 800):
        page.go_back()
        page.wait_for_timeout(pause)
        page.go_forward()
        page.wait_for_timeout(1000)
        still(page)
        expect(compare).to_be_visible()
        links = page.locator(".st-key-navigation a").evaluate_all("e => e.map(a => a.search)")
        assert set(links) == {""}


def test_a_telephones_width_is_told_once_for_all_pages(address, browser):
    page = telephone(browser)
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(address)
    still(page)
    for name in ("Attention zoo", "Heat maps", "Compare"):
        sent.clear()
        open_sidebar(page).get_by_role("link", name=name).tap()
        expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()
        still(page)
        assert len(sent) == 1  # the change of page, and no second run with another width


@pytest.mark.parametrize("touched", [False, True])
def test_every_spot_of_a_link_in_the_navigation_is_its_own(address, browser, touched):
    page = telephone(browser) if touched else browser.new_page()
    page.goto(address)
    still(page)
    if touched:
        open_sidebar(page)
    boxes = page.locator(".st-key-navigation a").evaluate_all(
        "links => links.map(a => a.getBoundingClientRect()).map(r => [r.top, r.bottom])"
    )
    assert len(boxes) == len(IN_ORDER)
    assert all(bottom - top >= 24 for top, bottom in boxes)  # WCAG 2.2, 2.5.8
    assert all(above[1] <= below[0] + 0.01 for above, below in pairwise(boxes))
