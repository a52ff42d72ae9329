"""Heat maps in a real browser: method, layer, class, threshold, the value under the pointer."""

from playwright.sync_api import Page, expect

from tests.browser.steps import still


def shows(page: Page, words: str) -> None:
    matrix = page.locator(".st-key-matrix[data-stale=false] .js-plotly-plot")
    expect(matrix).to_contain_text(words, timeout=60_000)


def choose(page: Page, key: str, option: str) -> None:
    """Open a list and click on one of its options; a page that still moves would shut the list."""
    still(page)
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_method_layer_class_threshold_and_a_link_that_reopens_them(page, address):
    page.goto(f"{address}/Heat_maps?lang=en&sample=dog-2&models=cnn-se&faithful=1")
    shows(page, "LayerCAM · 8×8")
    shows(page, "target: dog")

    page.locator(".st-key-heat_stage button").nth(1).click()  # after stage 2
    page.wait_for_url("**heat_stage=2**")
    shows(page, "Grad-CAM · 16×16")

    choose(page, "methods", "Occlusion")
    page.wait_for_url("**occlusion**")
    shows(page, "Occlusion · 32×32")
    page.keyboard.press("Escape")

    choose(page, "against", "cat")
    page.wait_for_url("**against=cat**")
    shows(page, "target: dog, not cat")

    still(page)
    place = page.locator(".st-key-matrix .nsewdrag").first.bounding_box()
    assert place
    page.mouse.move(place["x"] + 80, place["y"] + 80)  # on the first picture
    expect(page.locator(".st-key-matrix .hoverlayer")).to_contain_text("value ", timeout=20_000)

    page.get_by_text("Keep only the highlighted region").click()
    page.wait_for_url("**draw=kept**")
    shows(page, "confidence with this region alone")

    page.goto(page.url + "&lang=zh")  # the link, as somebody else opens it
    shows(page, "狗，而不是猫")
    shows(page, "仅用此区域的置信度")
