"""Take the README's pictures of a running app: ``python docs/screenshots.py URL``."""

import sys
from pathlib import Path
from shutil import which

from playwright.sync_api import sync_playwright

VIEWS = {  # file name: (page and query, colour scheme)
    "compare-light": ("?lang=en", "light"),
    "compare-dark": ("?lang=en&sample=ship-1", "dark"),
    "compare-chinese": ("?lang=zh&sample=horse-1", "light"),
    "channel-attention": ("Channel_attention?lang=en&sample=ship-1", "light"),
    "surgery": ("Gate_surgery?lang=en", "light"),
    "zoo": ("Attention_zoo?lang=en", "light"),
    "heat-maps": ("Heat_maps?lang=en", "dark"),
    "evaluation": ("Evaluation?lang=zh", "light"),
}

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=which("chromium") or which("google-chrome"), args=["--no-sandbox"]
    )
    for name, (query, scheme) in VIEWS.items():
        page = browser.new_page(
            viewport={"width": 1500, "height": 1000},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.goto(f"{sys.argv[1]}/{query}")
        page.locator(".js-plotly-plot").first.wait_for(timeout=90_000)
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=90_000)
        page.wait_for_timeout(3000)
        page.screenshot(path=Path(__file__).parent / f"{name}.png")
        page.close()
    browser.close()
