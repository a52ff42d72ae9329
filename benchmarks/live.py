"""Live in a real Chromium: work a frame, fader to answer, what is sent while one drags.

    python -m benchmarks.live [--frames 150] [--models cnn-none,cnn-se] [--peers node_modules]

Prints for everything visible (all stages): median and 95th percentile of the milliseconds of work
a frame while the grey patch moves, at full speed and with the processor throttled four times; the
milliseconds from a fader's event to the new answer in the page, and until all of it is drawn;
websocket frames while dragging; and the milliseconds from opening a page on a warm server, and the
exported file, to the first frame, the median of five: in a fresh browser, in one that was here
before, and after a click in the navigation. Peers (see ``live_peers.py``) are measured
where a folder with their packages is given: they are no part of this app.
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
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from benchmarks.live_peers import compare

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

LAB = "document.querySelector('.cnnattn-live').lab"
READY = "() => document.querySelector('.cnnattn-live')?.lab?.frames > 0"
MOVE = """async frames => {
  const { lab } = document.querySelector('.cnnattn-live');
  const next = () => new Promise(requestAnimationFrame);
  for (let i = 0; i < 30 + frames; i++) {
    if (i === 30) lab.work.length = 0;
    lab.picture.placePatch(16 + 10 * Math.sin(i / 9), 16 + 10 * Math.cos(i / 7), 8);
    lab.pictureChanged();
    await next();
  }
  return lab.work.slice();
}"""
FADER = """async ([stage, times]) => {
  const { lab } = document.querySelector('.cnnattn-live');
  const model = lab.models.at(-1), { faders } = model.stages[stage];
  const found = { answer: [], drawn: [], changed: 0 };
  const shown = () => model.bars.map((bar) => bar.number.textContent).join();
  for (let i = 0; i < times; i++) {
    // An event comes at any time between two frames of the display.
    await new Promise((done) => setTimeout(done, 20 + 16 * Math.random()));
    while (lab.asked) await new Promise(requestAnimationFrame); // a slow machine still draws
    const before = lab.frames, text = shown(), input = faders.inputs[i % faders.inputs.length];
    const start = performance.now();
    input.value = (i % 10) / 10;
    input.dispatchEvent(new Event('input'));
    const logits = [...model.logits];
    if (shown() !== text) found.changed++;
    found.answer.push(performance.now() - start);
    while (lab.frames === before) await new Promise(requestAnimationFrame);
    found.drawn.push(performance.now() - start);
    if (logits.some((x, c) => x !== model.logits[c])) throw Error('the first answer was another');
  }
  return found;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--models", default="cnn-none,cnn-se")
    parser.add_argument("--peers", type=Path, help="a node_modules folder with the peers")
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    file = folder / "lab.html"
    export = ["-m", "cnnattn", "export", "--models", arguments.models, "--out", str(file)]
    subprocess.run([sys.executable, *export], cwd=ROOT, check=True)
    serve = ["-m", "streamlit", "run", "app.py", "--server.headless", "true",
             "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    environment = os.environ | {"CNNATTN_RUNS": str(folder / "runs")}
    server = subprocess.Popen(
        [sys.executable, *serve], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        with sync_playwright() as playwright:
            measure(
                playwright,
                f"http://127.0.0.1:{port}/Live?lang=en&models={arguments.models}",
                file,
                arguments.frames,
                arguments.peers,
            )
    finally:
        server.terminate()
        server.wait(20)


def measure(
    playwright: Playwright, address: str, file: Path, frames: int, peers: Path | None
) -> None:
    """Print all that the module's docstring names."""
    browser = playwright.chromium.launch(
        executable_path=next(path for path in map(shutil.which, NAMES) if path),
        args=["--no-sandbox"],
    )
    first_frame(browser, address)  # warms the server
    fresh = [first_frame(browser, address) for _ in range(5)]
    first_frames("first frame, warm server, fresh browser", fresh)
    first_frames("first frame, a browser that was here before", known_browser(browser, address))
    first_frames("first frame after a click in the navigation", clicks(browser, address))
    first_frames("first frame of the file", [first_frame(browser, file.as_uri()) for _ in range(5)])
    page = browser.new_page(viewport={"width": 1500, "height": 1400})
    sent: list[str] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append("sent")))
    page.goto(address)
    page.wait_for_function(READY)
    page.get_by_role("button", name="All", exact=True).click()
    page.wait_for_timeout(3000)
    sent.clear()
    report("work a frame", page.evaluate(MOVE, frames))
    for stage in range(page.evaluate(f"{LAB}.models[0].stages.length")):
        found = page.evaluate(FADER, [stage, frames // 3])
        assert found["changed"] > frames // 6, "the bars do not follow the faders"
        report(f"fader of stage {stage + 1} to the answer in the page", found["answer"])
        report(f"fader of stage {stage + 1} until all is drawn", found["drawn"])
    print(f"websocket frames while dragging: {len(sent)}")
    throttle = page.context.new_cdp_session(page)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    report("work a frame, throttled four times", page.evaluate(MOVE, frames))
    if peers:
        compare(browser, peers)
    browser.close()


def first_frames(what: str, waits: list[float]) -> None:
    """Print the median of five openings."""
    waits = sorted(waits)
    print(f"{what}: median {waits[2]:.0f} ms, least {waits[0]:.0f}, most {waits[-1]:.0f}")


def known_browser(browser: Browser, address: str) -> list[float]:
    """The same five times, in a browser that keeps Streamlit's files and their compiled code."""
    context = browser.new_context()
    for _visit in range(3):
        first_frame(context, address)
    return [first_frame(context, address) for _ in range(5)]


def clicks(browser: Browser, address: str) -> list[float]:
    """Milliseconds from a click on Live, on the home page, to the first frame, five times."""
    waits = []
    for _visit in range(5):
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(address.replace("/Live", ""))
        page.wait_for_selector("[data-testid=stPlotlyChart]")
        page.wait_for_timeout(3000)
        start = time.perf_counter()
        page.locator(".st-key-navigation a[href^=Live]").click()
        page.wait_for_function(READY, timeout=120_000)
        waits.append(1000 * (time.perf_counter() - start))
        page.close()
    return waits


def first_frame(browser: Browser | BrowserContext, address: str) -> float:
    """Milliseconds from opening to the first frame that is drawn."""
    page = browser.new_page()
    page.set_viewport_size({"width": 1500, "height": 1000})
    start = time.perf_counter()
    page.goto(address, timeout=120_000)
    page.wait_for_function(READY, timeout=120_000)
    wait = 1000 * (time.perf_counter() - start)
    page.close()
    return wait


def report(what: str, times: list[float]) -> None:
    """One line with the median and the 95th percentile, in milliseconds."""
    times = sorted(times)
    print(
        f"{what}: median {statistics.median(times):.1f} ms, "
        f"p95 {times[int(0.95 * (len(times) - 1))]:.1f} ms"
    )


def wait_for(address: str) -> None:
    """Wait until a server answers."""
    for _try in range(120):
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError("the server did not answer within a minute")


if __name__ == "__main__":
    main()
