"""Channel attention in a real browser, as somebody would click who has never seen it."""

from playwright.sync_api import expect

from tests.browser.steps import still


def test_from_a_model_without_attention_to_gates_and_positions(page, address):
    page.goto(f"{address}/Channel_attention?models=cnn-none")
    page.get_by_role("button", name="Add CNN · SE").click(timeout=60_000)
    bars = page.locator(".st-key-gates .js-plotly-plot")
    expect(bars).to_be_visible(timeout=60_000)
    expect(page.get_by_text("from image to image")).to_be_visible()

    still(page)
    box = bars.locator(".nsewdrag").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)  # the largest gate stands first
    page.wait_for_url("**channel=**")
    largest = page.get_by_text("is emphasised most").locator("strong").first.inner_text()
    expect(page.locator(".st-key-channel input")).to_have_value(largest)

    page.get_by_role("button", name="click a position").click()
    page.wait_for_url("**model=cnn-nonlocal**")
    way = page.locator(".st-key-way .js-plotly-plot")
    expect(way.get_by_text("Where it looks")).to_be_visible()
    still(page)
    image = way.locator(".nsewdrag").nth(1).bounding_box()
    assert image
    corner = image["x"] + image["width"] / 16, image["y"] + image["height"] / 16
    page.mouse.click(*corner)  # of 8 × 8 positions the first
    page.wait_for_url("**place_row=0**")
    expect(page.locator(".st-key-place_row input")).to_have_value("0")
    expect(page.locator(".st-key-place_column input")).to_have_value("0")

    page.get_by_text("中文").click()
    expect(way.get_by_text("它关注哪里")).to_be_visible()


def test_the_zoo_leads_to_where_positions_look(page, address):
    page.goto(f"{address}/Attention_zoo?zoo_kind=nonlocal&gate_stage=3")
    expect(page.locator(".st-key-zoo_way .js-plotly-plot")).to_be_visible(timeout=60_000)
    page.get_by_text("click a position").click()
    page.wait_for_url("**/Channel_attention?**")
    expect(page.locator(".st-key-place_row input")).to_have_value("4")
    expect(page.locator(".st-key-way .js-plotly-plot")).to_be_visible()
