"""A walk through the app with a photo: pages, language, Back, another tab, reload; a telephone."""

import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from cnnattn.data.samples import samples
from tests.browser.steps import open_sidebar, settled, telephone

WORDS = {
    "en": {"upload": "Upload", "other": "中文", "none": "No picture uploaded in this tab yet"},
    "zh": {"upload": "上传", "other": "English", "none": "此标签页还没有上传图片"},
}


@pytest.fixture
def photo(tmp_path):
    picture = next(s for s in samples() if s.name == "ship-1").picture
    path = tmp_path / "my ship.png"
    Image.fromarray(picture).save(path)
    return path


def own_is_shown(page: Page) -> None:
    settled(page)
    chosen = page.locator(".st-key-own button[aria-checked=true] img")
    expect(chosen).to_have_attribute("alt", "my ship.png")
    for words in WORDS.values():
        expect(page.get_by_text(words["none"])).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_walk_with_a_photo(address, browser, photo, lang):
    words = WORDS[lang]
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale={"en": "en-GB", "zh": "zh-CN"}[lang]
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    settled(page)
    page.locator(".st-key-source").get_by_text(words["upload"], exact=True).click()
    settled(page)
    page.locator(".st-key-upload input[type=file]").set_input_files(photo)
    own_is_shown(page)

    page.locator(".st-key-navigation a[href*=Heat_maps]").click()
    page.wait_for_url("**/Heat_maps?**")
    own_is_shown(page)
    page.locator(".st-key-lang").get_by_text(words["other"]).click()
    page.wait_for_url("**lang=**")
    own_is_shown(page)
    page.go_back()
    page.wait_for_url(lambda url: "lang=" not in url)
    own_is_shown(page)
    checked = page.locator(".st-key-lang [aria-checked=true]")
    expect(checked).to_have_text({"en": "English", "zh": "中文"}[lang])
    page.go_back()
    page.wait_for_url(lambda url: "Heat_maps" not in url)
    own_is_shown(page)

    # Another tab, and this one after a reload, are sessions of their own: the photo is not there,
    # and nobody takes the sample for it.
    second = context.new_page()
    second.set_default_timeout(120_000)
    second.goto(page.url)
    page.reload()
    for tab in (second, page):
        settled(tab)
        expect(tab.get_by_test_id("stMain").get_by_text(words["none"])).to_be_visible()
        expect(tab.locator(".st-key-own button")).to_have_count(0)


def test_another_tab_shows_the_same_view_and_goes_its_own_way(address, browser):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        tab.set_default_timeout(120_000)
    first.goto(f"{address}?sample=ship-1&models=cnn-se,cnn-eca&stage=3")
    settled(first)
    second.goto(first.url)
    settled(second)
    second.locator(".st-key-sample button[role=radio]").nth(0).click()
    second.wait_for_url("**sample=airplane-1**")
    second.locator(".st-key-lang").get_by_text("中文").click()
    second.wait_for_url("**lang=zh**")
    for tab, name, image in ((first, "English", "ship"), (second, "中文", "飞机")):
        tab.reload()
        settled(tab)
        expect(tab.locator(".st-key-lang [aria-checked=true]")).to_have_text(name)
        expect(tab.locator(".st-key-sample [aria-checked=true] img")).to_have_attribute(
            "alt", image
        )
        expect(tab.locator(".st-key-models [data-tag]")).to_have_text(["CNN · SE", "CNN · ECA"])
        expect(tab.locator(".st-key-stage [aria-checked=true]")).to_have_text("3")


@pytest.mark.parametrize("page_name", ["", "Heat_maps"])
def test_on_a_telephone_a_link_to_upload_leads_to_a_place_for_the_photo(
    address, browser, photo, page_name
):
    page = telephone(browser)
    page.goto(f"{address}/{page_name}?source=upload")
    settled(page)
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(WORDS["en"]["none"])).to_be_visible()
    page.locator(".st-key-bring_own button").tap()
    over = page.get_by_role("dialog")
    over.locator("input[type=file]").set_input_files(photo)
    expect(over).to_have_count(0)
    settled(page)
    expect(main.get_by_text(WORDS["en"]["none"])).to_have_count(0)
    open_sidebar(page)
    own_is_shown(page)


def test_on_a_telephone_the_camera_opens_over_the_page(address, executable):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        telephone = {"width": 390, "height": 844}
        page = browser.new_context(viewport=telephone, locale="en-GB").new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{address}/Heat_maps?source=camera")
        settled(page)
        page.locator(".st-key-bring_own button").click()
        over = page.get_by_role("dialog")
        page.wait_for_function("document.querySelector('[role=dialog] video')?.readyState === 4")
        over.get_by_test_id("stCameraInputButton").click()
        expect(over).to_have_count(0)
        settled(page)
        expect(page.get_by_text("No photo taken in this tab yet")).to_have_count(0)
        open_sidebar(page)
        expect(page.locator(".st-key-own_chosen")).to_contain_text("Photo 1")
        browser.close()


def test_on_a_telephone_gate_surgery_is_planned_for_its_width(address, browser):
    """Its networks arrive while the page tells how wide it is: neither may drown the other."""
    page = telephone(browser)
    page.goto(f"{address}/Gate_surgery")
    settled(page)
    page.wait_for_function("""() => {
      const layout = document.querySelector(".st-key-operated_maps .js-plotly-plot")?._fullLayout;
      return layout && `${layout.xaxis.domain}` === `${layout.xaxis2.domain}`
        && layout.yaxis.domain[0] > layout.yaxis2.domain[1];
    }""")
    page.wait_for_function("() => window.cnnattnNetworks?.changed === false")
