"""What hangs in the corner of every figure: a picture of it, and a link to the view."""

from playwright.sync_api import expect


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
