"""Training in a real browser: start, watch, stop, resume, open, look back, delete."""

from playwright.sync_api import Page, expect

from tests.browser.steps import settled, still, telephone

REHEARSAL = "/Training?train_data=samples&train_attention=se&train_epochs_rehearsal=12"
ALL = 108  # iterations: 12 epochs of 516 pictures, 64 at once
LENGTH = """() => {
  const chart = document.querySelector(".st-key-iterations .js-plotly-plot");
  return chart && chart._fullData && chart._fullData[0] ? chart._fullData[0]._length : 0;
}"""
RANGE = """() => JSON.stringify(
  document.querySelector(".st-key-iterations .js-plotly-plot")._fullLayout.xaxis.range)"""


def more_points_than(page: Page, count: int) -> int:
    page.wait_for_function(f"() => ({LENGTH})() > {count}")
    return page.evaluate(LENGTH)


def tick_first_row(page: Page) -> None:
    table = page.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + 17, box["y"] + 38 + 19)  # the box of the first row


def test_train_watch_stop_resume_open_look_back_delete(page, address):
    page.set_default_timeout(120_000)
    page.goto(address + REHEARSAL)
    page.locator(".st-key-train button").click()
    more_points_than(page, 0)
    stop = page.locator("[class*=st-key-stop_] button")
    stop.click()
    expect(page.get_by_text("No training is running")).to_be_visible(timeout=60_000)
    stopped = page.evaluate(LENGTH)
    assert stopped < ALL

    # Zoom in and resume: the points arrive in the same drawing, and the zoom stays.
    still(page)
    box = page.locator(".st-key-iterations .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 150, steps=4)
    page.mouse.up()
    page.wait_for_function(f"() => ({RANGE})() !== '[0,{ALL}]'")
    zoomed = page.evaluate(RANGE)
    tick_first_row(page)
    page.wait_for_url("**runs=**")
    page.locator(".st-key-run_resume button").click()
    more_points_than(page, stopped)
    assert page.evaluate(RANGE) == zoomed
    more_points_than(page, ALL - 1)
    expect(page.get_by_text("No training is running")).to_be_visible(timeout=60_000)
    assert page.evaluate(RANGE) == zoomed

    page.locator(".st-key-run_open button").click()
    expect(page.get_by_text("CNN · SE (quick demo,").first).to_be_visible(timeout=60_000)
    page.get_by_text("Look back through the epochs").click()
    expect(page.get_by_text("epoch 1)").first).to_be_visible(timeout=60_000)
    slider = page.locator(".st-key-epoch").get_by_role("slider")
    slider.press("ArrowRight")
    expect(page.get_by_text("epoch 2)").first).to_be_visible(timeout=60_000)
    page.wait_for_url("**epoch=2**")
    page.locator(".st-key-play button").click()
    expect(page.get_by_text("epoch 4)").first).to_be_visible(timeout=60_000)
    page.locator(".st-key-play button").click()
    expect(page.locator(".st-key-play button")).to_contain_text("Play")
    expect(page.locator(".st-key-epoch_clock")).to_have_count(0)
    page.locator(".st-key-play button").click()
    expect(page.get_by_text("epoch 6)").first).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Training").click()  # while it plays
    expect(page.locator(".st-key-run_delete")).to_be_visible(timeout=60_000)
    page.locator(".st-key-run_delete button").first.click()
    page.locator(".st-key-run_delete_yes button").click()
    expect(page.get_by_text("Nothing has been trained here yet")).to_be_visible(timeout=60_000)


def test_on_a_telephone_what_to_train_is_chosen_in_the_page(address, browser):
    page = telephone(browser)
    page.goto(f"{address}/Training?train_data=samples")
    settled(page)
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
    expect(page.get_by_test_id("stSidebar").locator(".st-key-train")).to_have_count(0)
    main = page.get_by_test_id("stMain")
    train = main.locator(".st-key-train button")
    if not train.is_visible():  # something has been trained, so the runs come first
        main.get_by_text("Choose and train").tap()
    expect(train).to_contain_text("Train: 2 runs")
    seeds = main.locator(".st-key-train_seeds input")
    seeds.fill("2")
    seeds.press("Enter")
    expect(train).to_contain_text("Train: 4 runs")
    expect(train).to_be_enabled()
