"""What hangs in the corner of every figure: a picture of it, and a link to the view."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import still, telephone, tile


def test_every_figure_can_be_saved_and_the_view_passed_on(page, address):
    page.goto(address + "?sample=ship-1&stage=1")
    expect(page.locator(".st-key-heat_maps .js-plotly-plot")).to_be_visible(timeout=60_000)
    charts = page.locator("[data-testid=stPlotlyChart]")
    expect(page.locator(".figure-tools")).to_have_count(charts.count())
    grid = page.locator(".st-key-grid_0")
    with page.expect_download() as download:
        grid.get_by_role("button", name="PNG", exact=True).press("Enter")
    assert download.value.suggested_filename == "compare-grid_0-ship-1-cnn-none+cnn-se.png"
    chart = grid.locator("[data-testid=stPlotlyChart]").bounding_box()
    tools = grid.locator(".figure-tools").bounding_box()
    assert tools["x"] + tools["width"] <= chart["x"] + chart["width"] + 1
    titles = [box for title in grid.locator("svg .annotation-text").all()
              if (box := title.bounding_box())]  # fmt: skip
    assert titles
    for title in titles:  # never on a word
        apart = (
            title["x"] + title["width"] <= tools["x"] or title["y"] >= tools["y"] + tools["height"]
        )
        assert apart, title
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    grid.get_by_role("button", name="Copy link").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text === location.href)")
    assert "sample=ship-1" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_saved_figure_looks_as_it_does_on_the_page(address, browser, scheme):
    page = browser.new_context(color_scheme=scheme, locale="en-GB").new_page()
    page.goto(f"{address}?sample=ship-1")
    still(page)
    box = page.locator(".st-key-predictions")
    with page.expect_download() as download:
        box.get_by_role("button", name="PNG", exact=True).click()
    saved = Image.open(download.value.path())
    page.add_style_tag(content=".figure-tools {visibility: hidden}")
    page.mouse.move(0, 0)
    shown = Image.open(BytesIO(box.locator(".js-plotly-plot").screenshot()))
    assert np.allclose(np.array(saved.size) / 2, shown.size, atol=2)
    pair = [each.convert("L").resize(shown.size) for each in (saved, shown)]
    # Letters are as many and as bright, and stand in the same places, to six pixels.
    ink = [(np.asarray(each) > 180 if scheme == "dark" else np.asarray(each) < 80).mean()
           for each in pair]  # fmt: skip
    assert 0.75 < ink[0] / ink[1] < 1.33
    coarse = [np.asarray(each.reduce(6), float) for each in pair]
    assert abs(coarse[0] - coarse[1]).mean() < 2


def test_a_finger_scrolls_over_a_figure_and_taps_what_it_means(address, browser):
    page = telephone(browser)
    page.goto(f"{address}?stage=1")
    still(page)
    grid = page.locator(".st-key-grid_0")
    grid.scroll_into_view_if_needed()
    for channel in (10, 3):  # at first Plotly knows of no finger, then of where the last one was
        still(page)
        page.touchscreen.tap(*tile(grid, channel))
        page.wait_for_url(f"**channel={channel}**")
    still(page)
    before = scrolled(page)
    swipe_up(page, grid.locator(".nsewdrag").first, 100)
    page.wait_for_function("before => scrollOf() - before > 60", arg=before)
    assert "channel=3" in page.url


def test_under_a_finger_a_tables_tools_do_not_cover_the_figures(address, browser):
    page = telephone(browser)
    page.goto(f"{address}?stage=1")
    still(page)
    tools = page.locator(".st-key-predictions .figure-tools")
    tools.get_by_role("button", name="Table").tap()
    of_the_table = (
        page.get_by_test_id("stDataFrame").locator("..").get_by_test_id("stElementToolbar")
    )
    expect(of_the_table).to_be_visible()
    still(page)
    above, below = tools.bounding_box(), of_the_table.bounding_box()
    assert above["y"] + above["height"] <= below["y"]
    tools.get_by_role("button", name="Table").tap()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


def scrolled(page: Page) -> float:
    """How far the page is scrolled, in pixels."""
    return page.evaluate(
        "() => (window.scrollOf = () => document.querySelector('[data-testid=stMain]').scrollTop)()"
    )


def swipe_up(page: Page, start: Locator, pixels: int) -> None:
    """Move a finger up from the middle of ``start``."""
    box = start.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    browser = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for way in range(10, pixels + 1, 10):
        touch("touchMove", {"x": x, "y": y - way})
        page.wait_for_timeout(16)
    touch("touchEnd")
