"""Live in a real Chromium: work a frame, fader to answer, what is sent while one drags.

    python -m benchmarks.live [--frames 150] [--models cnn-none,cnn-se]

Prints for everything visible (all stages): median and 95th percentile of the milliseconds of work
a frame while the grey patch moves, at full speed and with the processor throttled four times; the
milliseconds from a fader's event to the new answer; websocket frames while dragging; and the
milliseconds from opening a page on a warm server, and the exported file, to the first frame.
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

from playwright.sync_api import Page, sync_playwright

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
  const model = lab.models.at(-1), { faders } = model.stages[stage], waits = [];
  for (let i = 0; i < times; i++) {
    const before = lab.frames, input = faders.inputs[i % faders.inputs.length];
    const start = performance.now();
    input.value = (i % 10) / 10;
    input.dispatchEvent(new Event('input'));
    while (lab.frames === before) await new Promise(requestAnimationFrame);
    waits.push(performance.now() - start);
  }
  return waits;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--models", default="cnn-none,cnn-se")
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
            measure(playwright, f"http://127.0.0.1:{port}/Live?lang=en&models={arguments.models}",
                    file, arguments.frames)  # fmt: skip
    finally:
        server.terminate()
        server.wait(20)


def measure(playwright, address: str, file: Path, frames: int) -> None:
    """Print all that the module's docstring names."""
    browser = playwright.chromium.launch(
        executable_path=next(path for path in map(shutil.which, NAMES) if path),
        args=["--no-sandbox"],
    )
    first_frame(browser.new_page(), address)  # warms the server
    page = browser.new_page(viewport={"width": 1500, "height": 1400})
    sent: list[str] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append("sent")))
    print(f"first frame, warm server: {first_frame(page, address):.0f} ms")
    page.get_by_role("button", name="All", exact=True).click()
    page.wait_for_timeout(3000)
    sent.clear()
    report("work a frame", page.evaluate(MOVE, frames))
    for stage in range(page.evaluate(f"{LAB}.models[0].stages.length")):
        report(f"fader of stage {stage + 1} to answer", page.evaluate(FADER, [stage, frames // 3]))
    print(f"websocket frames while dragging: {len(sent)}")
    throttle = page.context.new_cdp_session(page)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    report("work a frame, throttled four times", page.evaluate(MOVE, frames))
    print(f"first frame of the file: {first_frame(browser.new_page(), file.as_uri()):.0f} ms")
    browser.close()


def first_frame(page: Page, address: str) -> float:
    """Milliseconds from opening to the first frame that is drawn."""
    start = time.perf_counter()
    page.goto(address, timeout=120_000)
    page.wait_for_function(READY, timeout=120_000)
    return 1000 * (time.perf_counter() - start)


def report(what: str, times: list[float]) -> None:
    """One line with the median and the 95th percentile, in milliseconds."""
    times = sorted(times)
    print(f"{what}: median {statistics.median(times):.1f} ms, "
          f"p95 {times[int(0.95 * (len(times) - 1))]:.1f} ms")  # fmt: skip


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
