"""Channel attention and Gate surgery in a real browser."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.steps import still


def chart(page: Page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def shown(page: Page, key: str) -> list[str]:
    """The hover texts of a chart's bars: class and probability."""
    return page.evaluate(
        "key => document.querySelector(`.st-key-${key} .js-plotly-plot`).data"
        ".filter(trace => trace.type === 'bar').flatMap(trace => trace.hovertext)",
        key,
    )


def shown_once(page: Page, key: str, good: Callable[[list[str]], bool]) -> list[str]:
    """``shown``, as soon as it is as expected; within half a minute."""
    for _ in range(60):
        if good(found := shown(page, key)):
            break
        page.wait_for_timeout(500)
    return found


def test_switch_off_the_strongest_channel_and_reset(page, address):
    page.goto(f"{address}/Gate_surgery?models=cnn-none,cnn-se&gate_stage=3&experiment=own")
    expect(chart(page, "losses")).to_be_visible(timeout=60_000)
    before = shown(page, "answers")
    assert before[:5] == before[5:]
    page.get_by_role("radio", name="CNN · no attention").click()
    expect(page.get_by_text("Original")).to_have_count(0)
    assert shown_once(page, "answers", before.__ne__) != before
    page.get_by_role("radio", name="CNN · SE").click()
    expect(page.get_by_text("Original")).to_be_visible()
    assert shown_once(page, "answers", before.__eq__) == before

    page.get_by_role("button", name="Zero the strongest").click()
    expect(page.get_by_text(re.compile("^The prediction (is unchanged|flips)"))).to_be_visible()
    page.wait_for_url("**cut=**")
    after = shown_once(page, "answers", lambda texts: texts[5:] != before[5:])
    assert after[:5] == before[:5]
    assert after[5:] != after[:5]

    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_text("Nothing is changed:")).to_be_visible()
    assert shown_once(page, "answers", before.__eq__) == before


def test_the_opening_experiment_and_its_effect_are_on_the_first_screen(page, address):
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(f"{address}/Gate_surgery")
    expect(page.get_by_text("The prediction flips")).to_be_in_viewport(ratio=1)
    expect(chart(page, "answers")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Reset", exact=True)).to_be_in_viewport(ratio=1)
    texts = shown_once(page, "answers", lambda found: len(found) == 10)
    assert texts[:5] != texts[5:]
    assert "cut=" not in page.url
    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_url("**experiment=own**")
    page.reload()
    expect(page.get_by_text("Nothing is changed:")).to_be_visible()


def test_a_click_on_a_map_chooses_its_channel(page, address):
    page.goto(f"{address}/Channel_attention?models=cnn-se&gate_stage=1")
    expect(chart(page, "class_shares")).to_be_visible(timeout=60_000)
    still(page)
    chart(page, "way").scroll_into_view_if_needed()
    maps = chart(page, "way").locator(".nsewdrag").first.bounding_box()
    assert maps
    # 32 maps stand in six columns: number 13 is the second of the third row.
    page.mouse.click(maps["x"] + maps["width"] * 1.5 / 6, maps["y"] + maps["height"] * 2.5 / 6)
    page.wait_for_url("**channel=13**")
    expect(page.locator(".st-key-channel input")).to_have_value("13")
