"""The home page in a real Chromium: start, another picture, bytes and memory.

    python -m benchmarks.browser [--pictures 15]

Prints the seconds from ``streamlit run`` to the first complete page, and for clicks on other
sample pictures the medians of: milliseconds until the last chart is redrawn, kilobytes sent to the
browser, milliseconds that the page's script takes on the server. The peer of the clicks are the
same clicks while a run trains in the background, as the Training page starts it.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright
from streamlit.testing.v1 import AppTest

from cnnattn.data.samples import samples
from cnnattn.training import runs
from cnnattn.training.recipes import RECIPES

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Notes when any Plotly chart was last drawn; charts may be replaced at any time.
WATCH = """
window.drawn = 0;
setInterval(() => document.querySelectorAll(".js-plotly-plot").forEach(chart => {
  if (chart.on && !chart.watched) {
    chart.watched = true;
    chart.on("plotly_afterplot", () => { window.drawn = performance.now(); });
  }
}), 20);
"""
CLICK = """number => {
  const buttons = document.querySelectorAll(".st-key-sample button[role=radio]");
  window.clicked = performance.now();
  buttons[number].click();
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=15)
    arguments = parser.parse_args()
    browser = next(path for path in map(shutil.which, NAMES) if path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    runs.RUNS = Path(tempfile.mkdtemp()) / "runs"
    started = time.perf_counter()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"CNNATTN_RUNS": str(runs.RUNS)},
    )
    try:
        with sync_playwright() as playwright:
            window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = window.new_page(viewport={"width": 1500, "height": 1000})
            page.add_init_script(WATCH)
            sizes: list[int] = []
            page.on(
                "websocket",
                lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))),
            )
            open_when_there(page, f"http://127.0.0.1:{port}/?lang=en")
            page.wait_for_selector(".st-key-heat_maps .js-plotly-plot", timeout=120_000)
            settle(page)
            first = time.perf_counter() - started - 1  # settle waits a second after the last chart
            sizes.clear()
            idle = [another_picture(page, number) for number in range(arguments.pictures)]
            kilobytes = sum(sizes) / 1000 / arguments.pictures
            memory = psutil.Process(server.pid).memory_info().rss / 1e6
            with_a_run = clicks_beside_a_run(page, arguments.pictures)
            window.close()
    finally:
        server.terminate()
        server.wait(20)
    print(f"first complete page: {first:.1f} s")
    print(
        f"another picture, last chart redrawn: {statistics.median(idle):.0f} ms "
        f"(slowest {max(idle):.0f} ms)"
    )
    print(
        f"the same while a run trains: {statistics.median(with_a_run):.0f} ms, "
        f"ratio {statistics.median(with_a_run) / statistics.median(idle):.2f}"
    )
    print(f"another picture, sent: {kilobytes:.0f} kB")
    print(f"another picture, the script on the server: {script_ms(arguments.pictures):.0f} ms")
    print(f"memory of the server: {memory:.0f} MB")


def another_picture(page: Page, number: int) -> float:
    """Milliseconds from the click on a sample to the last chart redrawn."""
    page.evaluate(CLICK, number)
    settle(page)
    return page.evaluate("window.drawn - window.clicked")


def clicks_beside_a_run(page: Page, pictures: int) -> list[float]:
    """``another_picture`` for pictures not clicked before, while a run computes."""
    run_id = runs.start(runs.RunConfig(train=replace(RECIPES["fast"], epochs=10_000, batch=64)))
    try:
        while not runs.find(run_id).iteration:
            time.sleep(0.2)
        return [another_picture(page, pictures + number) for number in range(pictures)]
    finally:
        runs.stop(run_id)


def script_ms(pictures: int) -> float:
    """Median milliseconds of one run of the page's script for a new picture, without a browser."""
    app, times = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run(), []
    for sample in samples()[:pictures]:
        app.session_state["sample"] = sample.name
        start = time.perf_counter()
        app.run()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def open_when_there(page: Page, address: str) -> None:
    """Open the page as soon as the server answers."""
    for _try in range(600):
        try:
            page.goto(address)
            return
        except Exception:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer within a minute")


def settle(page: Page) -> None:
    """Wait until the script has ended and no chart was drawn for a second."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
        " && window.drawn > 0 && performance.now() - window.drawn > 1000",
        timeout=60_000,
    )


if __name__ == "__main__":
    main()
