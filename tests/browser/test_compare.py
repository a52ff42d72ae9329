"""Compare in a real browser, as a newcomer would click it."""

from PIL import Image
from playwright.sync_api import Page, expect

from cnnattn.data.samples import samples
from tests.browser.steps import settled, still, tile


def ready(page: Page) -> None:
    expect(page.locator(".st-key-heat_maps .js-plotly-plot")).to_be_visible(timeout=60_000)


def test_the_main_flow(page, address):
    page.goto(address)
    ready(page)
    expect(page.get_by_text("predicts airplane").first).to_be_visible()
    page.goto(f"{address}/?stage=1")
    ready(page)

    page.locator(".st-key-sample button[role=radio]").nth(6).click()  # a taxi
    page.wait_for_url("**sample=automobile-3**")

    expect(page.get_by_text("predicts automobile").first).to_be_visible()
    still(page)
    page.mouse.click(*tile(page.locator(".st-key-grid_0"), 10))
    page.wait_for_url("**channel=10**")
    expect(page.locator(".st-key-channel input")).to_have_value("10")

    page.get_by_text("中文").click()
    expect(page.get_by_text("单通道放大图")).to_be_visible()
    page.wait_for_url("**lang=zh**")

    page.goto(page.url)  # the link, as somebody else opens it
    ready(page)
    expect(page.get_by_text("单通道放大图")).to_be_visible()
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
    settled(page)  # a fresh place for files takes over from the one that had the bad one
    page.locator(".st-key-upload input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(page.get_by_text("Same prediction: CNN · no attention predicts ship")).to_be_visible()


def test_the_first_screen_needs_no_scrolling(page, address):
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(address)
    ready(page)
    for key in ("predictions", "first_heat", "path", "grid_", "ways_on"):
        box = page.locator(f"[class*=st-key-{key}]").first.bounding_box()
        assert box, key
        assert box["y"] >= 0, key
        assert box["y"] + box["height"] <= 768, key
        assert box["x"] + box["width"] <= 1366, key
    ways = page.locator(".st-key-ways_on")
    for name in ("See what SE does", "Break a channel", "Try your own photo"):
        expect(ways.get_by_text(name)).to_be_visible()
    ways.get_by_text("Break a channel").click()
    page.wait_for_url("**/Gate_surgery?**")
    expect(page.get_by_text("The prediction flips")).to_be_visible(timeout=60_000)
