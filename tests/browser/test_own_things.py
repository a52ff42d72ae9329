"""What a stranger brings, pictures and weights, is not lost and never mistaken for a sample."""

import shutil

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from cnnattn.data.samples import samples
from cnnattn.nets.checkpoint import save
from cnnattn.nets.models import ModelSpec, build
from tests.browser.steps import open_sidebar, still, telephone

SIZES = ((1366, 768), (390, 844))
WORDS = {
    "en": {
        "upload": "Upload", "samples": "Samples", "other": "中文", "camera": "Camera",
        "no picture": "not a picture in a known format", "large": "the limit is 10 MB",
        "sample": "The picture shown is a sample", "still": "is still shown",
    },
    "zh": {
        "upload": "上传", "samples": "示例", "other": "English", "camera": "拍照",
        "no picture": "不是可识别的图片", "large": "10 MB 的上限",
        "sample": "显示的是示例图片", "still": "仍显示你的图片",
    },
}  # fmt: skip


@pytest.fixture
def files(tmp_path):
    for name in ("ship-1", "dog-1"):
        picture = next(s for s in samples() if s.name == name).picture
        Image.fromarray(picture).save(tmp_path / f"my {name}.png")
    (tmp_path / "notes.png").write_text("no picture at all")
    (tmp_path / "large.png").write_bytes(bytes(10_000_001))
    return tmp_path


def open_home(page: Page, address: str, lang: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{address}?lang={lang}")
    page.wait_for_selector("[data-testid=stPlotlyChart]")
    still(page)


def show_sidebar(page: Page) -> None:
    still(page)
    if page.get_by_test_id("stExpandSidebarButton").is_visible():
        open_sidebar(page)


def bring(page: Page, box: str, file) -> None:
    page.locator(f".st-key-{box} input[type=file]").set_input_files(file)
    still(page)


def source(page: Page, name: str) -> None:
    page.locator(".st-key-source").get_by_text(name, exact=True).click()
    still(page)


def is_there(page: Page, name: str) -> None:
    """The own picture is named and chosen in the sidebar, and nothing calls it a sample."""
    show_sidebar(page)
    expect(page.locator(".st-key-own_chosen")).to_contain_text(name)
    expect(page.locator(".st-key-own button[aria-checked=true] img")).to_have_attribute("alt", name)
    for words in WORDS.values():
        expect(page.get_by_text(words["sample"])).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_an_uploaded_picture_is_there_on_every_page_and_in_each_language(
    page, address, files, lang, size
):
    words = WORDS[lang]
    open_home(page, address, lang, size)
    show_sidebar(page)
    source(page, words["upload"])
    expect(page.get_by_test_id("stMain").get_by_text(words["sample"])).to_be_visible()
    bring(page, "upload", files / "my ship-1.png")
    is_there(page, "my ship-1.png")
    links = page.locator(".st-key-navigation a")
    for index in [*range(1, links.count()), 0]:
        show_sidebar(page)
        links.nth(index).click()
        still(page)
        show_sidebar(page)
        if page.locator(".st-key-source").count():  # some pages are not about one picture
            is_there(page, "my ship-1.png")
    page.get_by_text(words["other"]).click()
    is_there(page, "my ship-1.png")
    expect(page.get_by_test_id("stMain").get_by_alt_text("my ship-1.png").first).to_be_visible()
    other = WORDS["zh" if lang == "en" else "en"]
    source(page, other["samples"])
    source(page, other["upload"])
    is_there(page, "my ship-1.png")


def test_several_pictures_are_kept_and_chosen_and_removed(page, address, files):
    open_home(page, address, "en", (1366, 768))
    source(page, "Upload")
    bring(page, "upload", [files / "my ship-1.png"])
    is_there(page, "my ship-1.png")
    bring(page, "upload", [files / "my dog-1.png"])
    is_there(page, "my dog-1.png")
    page.locator(".st-key-own button[role=radio]").nth(1).click()
    is_there(page, "my ship-1.png")
    page.get_by_role("link", name="Feature maps").click()
    is_there(page, "my ship-1.png")
    page.locator(".st-key-own_remove button").click()
    is_there(page, "my dog-1.png")
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 255, (40, 50, 3), np.uint8)
        Image.fromarray(noise).save(files / f"noise {number}.png")
    bring(page, "upload", [files / f"noise {number}.png" for number in range(6)])
    is_there(page, "noise 5.png")
    expect(page.locator(".st-key-own button[role=radio]")).to_have_count(5)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_a_bad_file_is_told_in_the_page_until_a_good_one_comes(page, address, files, lang, size):
    words = WORDS[lang]
    main = page.get_by_test_id("stMain")
    open_home(page, address, lang, size)
    show_sidebar(page)
    source(page, words["upload"])
    bring(page, "upload", files / "notes.png")
    expect(main.get_by_text(words["no picture"])).to_be_visible()
    expect(main.get_by_text(words["sample"])).to_be_visible()
    bring(page, "upload", files / "large.png")
    expect(main.get_by_text(words["large"])).to_be_visible()
    expect(page.get_by_text(words["no picture"])).to_have_count(0)
    expect(page.get_by_text("File must be")).to_have_count(0)  # Streamlit's own words
    bring(page, "upload", files / "my ship-1.png")
    is_there(page, "my ship-1.png")
    expect(page.get_by_text(words["large"])).to_have_count(0)
    bring(page, "upload", files / "notes.png")
    expect(main.get_by_text(words["still"])).to_be_visible()
    is_there(page, "my ship-1.png")
    source(page, words["samples"])
    expect(page.get_by_text(words["no picture"])).to_have_count(0)


def test_own_weights_are_chosen_at_once_and_their_warning_leaves(page, address, files):
    spec = ModelSpec("cnn", "se")
    save(files / "lesson.safetensors", build(spec), spec, {})
    (files / "broken.pth").write_text("no weights")
    main = page.get_by_test_id("stMain")
    open_home(page, address, "en", (1366, 768))
    page.get_by_text("Load your own weights").click()
    bring(page, "weights", files / "broken.pth")
    expect(main.get_by_text("broken.pth")).to_be_visible()
    bring(page, "weights", files / "large.png")
    expect(main.get_by_text("the limit is 10 MB")).to_be_visible()
    expect(main.get_by_text("broken.pth")).to_have_count(0)
    bring(page, "weights", files / "lesson.safetensors")
    expect(page.get_by_text("Loaded: CNN + SE ✓")).to_be_visible()
    expect(main.get_by_text("the limit is 10 MB")).to_have_count(0)
    expect(main.get_by_text("CNN · SE (lesson)").first).to_be_visible()
    expect(page.locator(".st-key-models")).to_contain_text("lesson")
    # The same bytes again, as a browser names a second download; then a file that is refused.
    shutil.copy(files / "lesson.safetensors", files / "lesson (1).safetensors")
    bring(page, "weights", files / "lesson (1).safetensors")
    expect(page.get_by_text("Loaded: CNN + SE ✓")).to_have_count(1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    bring(page, "weights", files / "broken.pth")
    expect(main.get_by_text("broken.pth: It cannot be read")).to_be_visible()
    expect(page.locator(".st-key-models")).to_contain_text("lesson")
    page.get_by_role("link", name="Heat maps").click()
    expect(page.locator(".st-key-models")).to_contain_text("lesson")
    expect(page.get_by_text("Loaded: CNN + SE ✓")).to_be_visible()


def test_on_a_telephone_a_photo_of_ones_own_is_two_taps_away(address, browser, files):
    page = telephone(browser)
    page.goto(address)
    page.wait_for_selector(".st-key-own_photo")
    still(page)
    name = page.get_by_test_id("stExpandSidebarButton")
    expect(name).to_be_visible()
    page.wait_for_function(
        "getComputedStyle(document.querySelector('[data-testid=stExpandSidebarButton]'), '::after')"
        ".content === '\"CNN Attention Lab\"'"
    )
    page.locator(".st-key-own_photo button").tap()
    over = page.get_by_role("dialog")
    expect(over).to_be_visible()
    with page.expect_file_chooser() as chooser:
        over.locator("button").get_by_text("Upload", exact=True).tap()
    chooser.value.set_files(files / "notes.png")
    expect(over.get_by_text("not a picture in a known format")).to_be_visible()
    turn(page)
    expect(over.get_by_text("not a picture in a known format")).to_be_visible()
    over.locator("input[type=file]").set_input_files(files / "my ship-1.png")
    expect(over).to_have_count(0)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_alt_text("my ship-1.png").first).to_be_visible()
    expect(main.get_by_text("not a picture in a known format")).to_have_count(0)
    is_there(page, "my ship-1.png")


def test_the_words_of_streamlits_own_elements_are_chinese_on_a_chinese_page(page, address):
    page.goto(f"{address}?lang=zh&source=upload")
    still(page)
    box = page.locator(".st-key-upload")
    expect(box.get_by_role("button", name="上传", exact=True)).to_be_visible()
    expect(box.get_by_text("Upload", exact=True)).to_be_hidden()
    expect(box.get_by_text("10MB per file")).to_be_hidden()


def test_the_place_for_a_photo_of_ones_own_stays_until_it_is_closed(address, browser):
    page = telephone(browser)
    page.goto(f"{address}/Feature_maps")
    show_sidebar(page)
    page.get_by_role("link", name="Compare").click()
    button = page.locator(".st-key-own_photo button")
    place = page.get_by_role("dialog").locator("input[type=file]")
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    still(page)
    button.tap()
    expect(place).to_have_count(1)
    turn(page)
    expect(place).to_have_count(1)
    page.keyboard.press("Escape")
    expect(place).to_have_count(0)
    turn(page)
    expect(place).to_have_count(0)
    button.tap()
    expect(place).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("heading", name="Feature maps", exact=True)).to_be_visible()
    page.go_forward()
    page.get_by_role("heading", name="Compare", exact=True).wait_for()
    still(page)
    expect(button).to_be_visible()
    expect(place).to_have_count(0)


def turn(page: Page) -> None:
    """Turn a telephone round: its page is planned anew, without anybody having asked for it."""
    size = page.viewport_size
    page.set_viewport_size({"width": size["height"], "height": size["width"]})
    still(page)
