"""The home page in a real Chromium: start, another picture, bytes and memory.

    python -m benchmarks.browser [--pictures 15]

Prints the seconds from ``streamlit run`` to the first complete page, and for clicks on other
sample pictures the medians of: milliseconds until the last chart is redrawn, milliseconds until
the server's last message, kilobytes sent to the browser.
"""

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

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
    started = time.perf_counter()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        with sync_playwright() as playwright:
            window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
            page = window.new_page(viewport={"width": 1500, "height": 1000})
            page.add_init_script(WATCH)
            received: list[tuple[float, int]] = []
            page.on("websocket", lambda socket: socket.on("framereceived",
                    lambda frame: received.append((time.perf_counter(), len(frame)))))  # fmt: skip
            open_when_there(page, f"http://127.0.0.1:{port}/?lang=en")
            page.wait_for_selector(".st-key-heat_maps .js-plotly-plot", timeout=120_000)
            settle(page)
            first = time.perf_counter() - started - 1  # settle waits a second after the last chart
            redrawn, served, kilobytes = [], [], []
            for number in range(arguments.pictures):
                received.clear()
                clicked = time.perf_counter()
                page.evaluate(CLICK, number)
                settle(page)
                redrawn.append(page.evaluate("window.drawn - window.clicked"))
                served.append(1000 * (received[-1][0] - clicked))
                kilobytes.append(sum(size for _time, size in received) / 1000)
            window.close()
        memory = psutil.Process(server.pid).memory_info().rss / 1e6
    finally:
        server.terminate()
        server.wait(20)
    print(f"first complete page: {first:.1f} s")
    print(f"another picture, last chart redrawn: {statistics.median(redrawn):.0f} ms "
          f"(slowest {max(redrawn):.0f} ms)")  # fmt: skip
    print(f"another picture, last message of the server: {statistics.median(served):.0f} ms")
    print(f"another picture, sent: {statistics.median(kilobytes):.0f} kB")
    print(f"memory of the server: {memory:.0f} MB")


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
