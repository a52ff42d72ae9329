"""Live in a real browser: the networks answer there, as torch does, and ask nobody."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from playwright.sync_api import expect, sync_playwright

from cnnattn.data.pictures import as_seen, to_input
from cnnattn.data.samples import samples
from cnnattn.explain.trace import trace
from cnnattn.nets.checkpoint import load
from cnnattn.web.library.checkpoints import ROOT

LOGITS = "number => [...document.querySelector('.cnnattn-live').lab.models[number].logits]"
FRAMES = "() => document.querySelector('.cnnattn-live').lab.frames"
MODELS = ("cnn-none", "cnn-se")


def picture(name):
    return as_seen(next(s.picture for s in samples() if s.name == name))


def expected(model, name, edits={}):  # noqa: B006
    checkpoint = load(ROOT / f"checkpoints/{model}.safetensors")
    return trace(checkpoint.model, to_input(picture(name)), [], edits).logits[0].detach().numpy()


def open_live(page, address, query=""):
    page.goto(f"{address}/Live?lang=en&sample=cat-1&{query}")
    expect(page.locator(".cnnattn-live h3")).to_have_count(2, timeout=90_000)
    page.wait_for_function(f"({FRAMES})() > 0")


def near(page, number, wanted):
    page.wait_for_timeout(500)
    assert np.abs(np.array(page.evaluate(LOGITS, number)) - wanted).max() < 1e-4


def test_a_fader_is_dragged_without_a_word_to_the_server(page, address):
    frames = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    open_live(page, address)
    page.wait_for_timeout(3000)
    near(page, 0, expected("cnn-none", "cat-1"))
    near(page, 1, expected("cnn-se", "cat-1"))
    verdict = page.locator(".cnnattn-live .bar output")
    before = verdict.all_text_contents()
    drawn = page.evaluate(FRAMES)
    frames.clear()
    fader = page.get_by_role("group", name="CNN · SE, stage 1: gate weight per channel")
    fader.scroll_into_view_if_needed()
    slot = fader.locator("input").nth(9).bounding_box()
    page.mouse.move(slot["x"] + slot["width"] / 2, slot["y"] + 20)
    page.mouse.down()
    page.mouse.move(slot["x"] + slot["width"] / 2, slot["y"] + slot["height"] + 5, steps=10)
    page.mouse.up()

    def off(gate):
        gate = gate.clone()
        gate[0, 9] = 0
        return gate

    near(page, 1, expected("cnn-se", "cat-1", {"attention1.gate": off}))
    near(page, 0, expected("cnn-none", "cat-1"))
    assert page.evaluate(FRAMES) > drawn
    assert verdict.all_text_contents() != before
    expect(page.locator(".cnnattn-live .story")).to_contain_text("without channels 9 of stage 1")
    expect(fader.locator("input").nth(9)).to_have_value("0")
    page.get_by_role("button", name="Undo", exact=True).click()
    near(page, 1, expected("cnn-se", "cat-1"))
    assert not frames


def test_faders_and_the_patch_answer_to_the_keyboard(page, address):
    open_live(page, address)
    page.get_by_role("group", name="CNN · SE, stage 1: gate weight per channel").locator(
        "input"
    ).first.focus()
    before = page.evaluate(LOGITS, 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    assert page.evaluate(LOGITS, 1) != before
    near(page, 1, expected("cnn-se", "cat-1", {"attention1.gate": lambda g: g.index_fill(
        1, torch.tensor([1]), 1.0)}))  # fmt: skip
    page.get_by_role("application", name="Network input").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".cnnattn-live .story")).to_contain_text("partly covered")


def test_the_way_in_from_outside_and_another_picture(page, address):
    open_live(page, address)
    page.evaluate("""() => { const { lab } = document.querySelector('.cnnattn-live');
      lab.setGate(1, 'attention2.gate', 3, 0.5); }""")
    factor = torch.ones(1, 64, 1, 1)
    factor[0, 3] = 0.5
    near(page, 1, expected("cnn-se", "cat-1", {"attention2.gate": lambda g: g * factor}))
    page.evaluate(
        """pixels => { const { lab } = document.querySelector('.cnnattn-live');
        lab.setGate(1, 'attention2.gate', 3, 1);
        lab.setPicture(Uint8ClampedArray.from(pixels)); }""",
        picture("ship-1").ravel().tolist(),
    )
    near(page, 0, expected("cnn-none", "ship-1"))
    near(page, 1, expected("cnn-se", "ship-1"))


def test_reruns_leave_one_page_and_leaving_stops_it(page, address):
    open_live(page, address)
    page.evaluate("() => { window.first = document.querySelector('.cnnattn-live').lab; }")
    for name in ("ship-1", "dog-1"):
        page.locator(".st-key-sample").get_by_role("radio", name=name.split("-")[0]).first.click()
        page.wait_for_timeout(1500)
        near(page, 1, expected("cnn-se", name))
    assert page.evaluate("() => window.first === document.querySelector('.cnnattn-live').lab")
    assert not page.evaluate("() => window.first.stopped")
    page.get_by_role("link", name="Compare").first.click()
    page.wait_for_function("() => window.first.stopped", timeout=30_000)


CAMERA = """() => { navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  let level = 0;
  setInterval(() => { context.fillStyle = `rgb(${level++ % 256}, 90, 200)`;
    context.fillRect(0, 0, 300, 150); }, 50);
  const stream = canvas.captureStream(20);
  window.track = stream.getTracks()[0];
  return stream;
}; }"""


def test_the_camera_stops_when_the_page_is_left(page, address):
    open_live(page, address)
    page.evaluate(CAMERA)
    page.locator(".cnnattn-live").get_by_role("button", name="Use the camera").click()
    expect(page.get_by_text("forced into its ten classes")).to_be_visible()
    drawn = page.evaluate(FRAMES)
    page.wait_for_function(f"drawn => ({FRAMES})() > drawn + 5", arg=drawn)
    assert page.evaluate("window.track.readyState") == "live"
    page.get_by_role("link", name="Compare").first.click()
    page.wait_for_function("window.track.readyState === 'ended'", timeout=30_000)


def test_the_file_to_take_home_answers_with_the_network_off(tmp_path):
    names = ("chromium", "google-chrome", "chrome")
    browser_path = next((path for path in map(shutil.which, names) if path), None)
    if browser_path is None:
        pytest.skip("no Chromium or Chrome on the PATH: install one of them")
    file = tmp_path / "lab.html"
    command = [sys.executable, "-m", "cnnattn", "export", "--models", ",".join(MODELS)]
    subprocess.run([*command, "--out", file], cwd=ROOT, check=True, capture_output=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        context = browser.new_context(locale="en-GB", offline=True)
        page, asked, problems = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.goto(file.as_uri())
        page.wait_for_function(f"({FRAMES})() > 0")
        for number, model in enumerate(MODELS):
            near(page, number, expected(model, "airplane-1"))
        expect(page.locator("h1")).to_have_text("Live")
        page.get_by_role("button", name="中文").click()
        expect(page.locator("h1")).to_have_text("实时")
        near(page, 1, expected("cnn-se", "airplane-1"))
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert not problems
        browser.close()
