"""The attention zoo in a real browser: another module, its way, its source, in both languages."""

from playwright.sync_api import expect

from tests.browser.steps import still


def test_another_module_is_chosen_read_and_linked(page, address):
    page.goto(f"{address}/Attention_zoo")
    flow = page.locator(".st-key-zoo_flow .js-plotly-plot")
    expect(flow.get_by_text("mean over")).to_be_visible(timeout=60_000)

    page.get_by_role("radio", name="Non-local").click()
    expect(flow.get_by_text("softmax θ·φ")).to_be_visible()
    expect(page.get_by_text("Non-local: attends to pairs of positions")).to_be_visible()
    page.wait_for_url("**zoo_kind=nonlocal**")

    page.get_by_text("The source of this module").click()
    expect(page.get_by_text("class NonLocal(nn.Module):")).to_be_visible()

    still(page)
    box = flow.get_by_text("g: 1×1 conv").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(flow.get_by_text("What each position gives: the value.")).to_be_visible()

    page.get_by_text("中文").click()
    expect(page.get_by_text("非局部：关注成对的位置")).to_be_visible()
