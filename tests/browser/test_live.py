"""Live in a real browser: the networks answer there, as torch does, and ask nobody."""

import re
import shutil
import subprocess
import sys

import pytest
import torch
from playwright.sync_api import expect, sync_playwright

from cnnattn.data.pictures import input_picture, to_input
from cnnattn.data.samples import samples
from cnnattn.explain.surgery import in_turn, scaled, skipped
from cnnattn.explain.trace import trace
from cnnattn.nets.checkpoint import load
from cnnattn.places import ROOT
from tests.browser.steps import still, telephone

LOGITS = "number => [...document.querySelector('.cnnattn-live').lab.models[number].logits]"
FRAMES = "() => document.querySelector('.cnnattn-live').lab.frames"
MODELS = ("cnn-none", "cnn-se")


def picture(name):
    return input_picture(next(s.picture for s in samples() if s.name == name))


def expected(model, name, edits={}):  # noqa: B006
    checkpoint = load(ROOT / f"checkpoints/{model}.safetensors")
    return trace(checkpoint.model, to_input(picture(name)), [], edits).logits[0].detach().numpy()


def open_live(page, address, query=""):
    page.goto(f"{address}/Live?lang=en&sample=cat-1&{query}")
    expect(page.locator(".cnnattn-live h3")).to_have_count(2, timeout=90_000)
    page.wait_for_function(f"({FRAMES})() > 0")


def answered(page):
    """Wait until all that was done has been answered and drawn: then the answers can be read."""
    page.wait_for_function("""() => {
      const { lab } = document.querySelector('.cnnattn-live');
      return !lab.asked && !lab.pictureDirty && lab.models.every((model) => !model.dirty);
    }""")


def near(page, number, wanted):
    page.wait_for_timeout(500)  # what is drawn now may be the answer before
    page.wait_for_function(
        "([number, wanted]) => document.querySelector('.cnnattn-live')?.lab && "
        f"({LOGITS})(number).every((x, i) => Math.abs(x - wanted[i]) < 1e-4)",
        arg=[number, wanted.tolist()],
    )


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
    expect(page.locator(".cnnattn-live .story")).to_contain_text("without channel 9 of stage 1")
    expect(fader.locator("input").nth(9)).to_have_value("0")
    page.get_by_role("button", name="Undo", exact=True).click()
    near(page, 1, expected("cnn-se", "cat-1"))
    assert not frames


def swipe(page, start, end):
    """Draw one finger over the page, from a point to another, in pixels."""
    finger = page.context.new_cdp_session(page)

    def touch(kind, *points):
        at = [{"x": x, "y": y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", start)
    for step in range(1, 13):
        touch("touchMove", tuple(a + (b - a) * step / 12 for a, b in zip(start, end, strict=True)))
        page.wait_for_timeout(20)
    touch("touchEnd")


def test_a_finger_scrolls_past_faders_and_drags_those_it_tapped(browser, address):
    page = telephone(browser)
    open_live(page, address)
    near(page, 1, expected("cnn-se", "cat-1"))
    still(page)
    faders = page.get_by_role("group", name="CNN · SE, stage 1: gate weight per channel")
    faders.evaluate("faders => faders.scrollIntoView({ block: 'center' })")
    weights = """faders => {
      const edit = document.querySelector('.cnnattn-live').lab.models[1].edits['attention1.gate'];
      return Array.from({ length: 32 }, (_, channel) => edit.weight(channel)); }"""
    box, own = faders.bounding_box(), faders.evaluate(weights)
    middle = box["x"] + box["width"] * 9.5 / 32, box["y"] + 40
    swipe(page, middle, (middle[0] + 5, middle[1] - 200))
    page.wait_for_timeout(2000)  # the page glides on
    box = faders.bounding_box()
    assert box["y"] + 40 < middle[1] - 100
    assert faders.evaluate(weights) == own

    middle = box["x"] + box["width"] * 9.5 / 32, box["y"] + 20
    page.touchscreen.tap(*middle)
    tapped = faders.evaluate(weights)
    assert [c for c in range(32) if tapped[c] != own[c]] == [9]
    swipe(page, middle, (middle[0], middle[1] + 60))
    assert faders.evaluate(weights)[9] == 0
    assert faders.bounding_box() == box


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
    near(
        page,
        1,
        expected(
            "cnn-se",
            "cat-1",
            {"attention1.gate": lambda g: g.index_fill(1, torch.tensor([1]), 1.0)},
        ),
    )
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
    """Streamlit may replace the element in a rerun: gates and one single loop outlast that."""
    open_live(page, address)
    lab = "document.querySelector('.cnnattn-live').lab"
    page.evaluate(f"() => {{ window.first = {lab}; {lab}.setGate(1, 'attention2.gate', 3, 0); }}")

    def shut(gate):
        return gate.index_fill(1, torch.tensor([3]), 0)

    for name in ("ship-1", "dog-1"):
        page.locator(".st-key-sample").get_by_role("radio", name=name.split("-")[0]).first.click()
        page.wait_for_timeout(1500)
        near(page, 1, expected("cnn-se", name, {"attention2.gate": shut}))
    pills = page.locator(".st-key-sample").get_by_role("radio")
    for i in range(50):
        pills.nth(i % 10).click()
    page.wait_for_timeout(3000)
    assert page.locator(".cnnattn-live").count() == 1
    assert page.evaluate(f"() => {lab} === window.first || window.first.stopped")
    page.evaluate(f"() => {{ window.first = {lab}; }}")
    assert page.evaluate("() => window.cnnattnNetworks.waiting.size") == 0
    loops = """async () => { // callbacks of one frame of the display, after a change
      let count = 0;
      const ask = window.requestAnimationFrame;
      window.requestAnimationFrame = (act) => { count++; return ask(act); };
      window.first.redraw();
      window.first.redraw();
      window.requestAnimationFrame = ask;
      return count; }"""
    assert page.evaluate(loops) == 1
    page.get_by_role("link", name="Compare").first.click()
    page.wait_for_function("() => window.first.stopped", timeout=30_000)


def test_places_are_painted_shut_and_a_position_shows_where_it_looks(page, address):
    open_live(page, address, "models=cnn-spatial,cnn-nonlocal")
    near(page, 0, expected("cnn-spatial", "cat-1"))
    places = page.get_by_role("application", name="CNN · Spatial, stage 1: weight per position")
    places.scroll_into_view_if_needed()
    box = places.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.6)

    def shut(gate):
        gate, side = gate.clone(), gate.shape[-1]
        x, y, radius = int(0.4 * side), int(0.6 * side), side // 8 - 1
        gate[..., y - radius : y + radius + 1, x - radius : x + radius + 1] = 0
        return gate

    near(page, 0, expected("cnn-spatial", "cat-1", {"attention1.gate": shut}))
    looks = page.get_by_role("application", name="attention weights of one position").first
    box, drawn = looks.bounding_box(), "canvas => canvas.toDataURL()"
    before = looks.evaluate(drawn)
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
    page.wait_for_timeout(500)
    assert looks.evaluate(drawn) != before
    mark = looks.locator("xpath=following-sibling::span").bounding_box()
    middle = mark["x"] + mark["width"] / 2 - box["x"]
    assert abs(middle / box["width"] - 0.1) < 0.06
    near(page, 1, expected("cnn-nonlocal", "cat-1"))


def test_models_take_turns_where_frames_are_slow(page, address):
    open_live(page, address)
    page.wait_for_timeout(1500)
    turns = """async () => {
      const { lab } = document.querySelector('.cnnattn-live');
      const frames = () => lab.models.map((model) => model.frames);
      const start = frames(), seen = [];
      lab.work = Array(15).fill(60);
      lab.redraw();
      for (let i = 0; i < 3; i++) {
        await new Promise(requestAnimationFrame);
        seen.push(frames().map((count, m) => count - start[m]).join());
      }
      return seen; }"""
    first, second, third = page.evaluate(turns)
    assert first in ("1,0", "0,1")
    assert (second, third) == ("1,1", "1,1")


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


def test_a_fader_answers_within_its_own_event(page, address):
    open_live(page, address)
    page.wait_for_timeout(1500)
    moved = """() => {
      const { lab } = document.querySelector('.cnnattn-live'), model = lab.models[1];
      const bars = () => model.bars.map((bar) => bar.number.textContent).join();
      const { frames } = lab, input = model.stages[0].faders.inputs[9], before = bars();
      input.value = 0;
      input.dispatchEvent(new Event('input'));
      return [bars() !== before, lab.frames === frames, [...model.logits]]; }"""
    bars_moved, in_the_same_frame, logits = page.evaluate(moved)
    assert bars_moved
    assert in_the_same_frame
    near(page, 1, torch.tensor(logits))  # the frame that follows finds nothing else


def test_the_networks_are_sent_once_in_the_life_of_a_tab(page, address):
    sizes = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))),
    )
    open_live(page, address)
    page.wait_for_timeout(2000)
    assert sum(size > 1_000_000 for size in sizes) == 1
    sizes.clear()
    page.locator(".st-key-sample").get_by_role("radio", name="ship").first.click()
    near(page, 1, expected("cnn-se", "ship-1"))
    page.get_by_role("link", name="Compare").first.click()
    expect(page.locator(".cnnattn-live")).to_have_count(0)
    page.get_by_role("link", name="Live").first.click()
    near(page, 1, expected("cnn-se", "ship-1"))
    assert not [size for size in sizes if size > 1_000_000]


def surgery(page):
    """Gate surgery's own part of Live is there, and still."""
    part = "document.querySelector('.cnnattn-live.part')"
    page.wait_for_function(f"() => {part}?.lab?.frames > 0", timeout=60_000)
    page.wait_for_timeout(3000)
    return part


def shares(page, lab, before=False):
    """Probabilities that the record of Gate surgery shows for "After", and those of Live there."""
    expect(page.locator(".st-key-answers .js-plotly-plot")).to_be_visible()
    page.wait_for_timeout(1000)
    record = page.evaluate("""() => document.querySelector('.st-key-answers .js-plotly-plot').data
        .filter((trace) => trace.type === 'bar').flatMap((trace) => [...trace.hovertext])""")
    half = record[:5] if before else record[5:]
    live = page.evaluate(
        f"() => {lab}.lab.models[0].classes.map((name, c) => "
        f"[name, 100 * {lab}.lab.models[0].probabilities[c]])"
    )
    return half, dict(live)


def agree(record, live):
    """Hover texts like "cat<br>39.6%" tell the same as the live answer, to what is written."""
    for text in record:
        name = next(name for name in live if name in text)
        said = re.search(r"([\d.]+)%", text)
        assert said, text
        assert abs(float(said[1]) - live[name]) < 0.06, (text, live[name])


def test_picture_and_gates_are_taken_along_to_gate_surgery(page, address):
    open_live(page, address)
    page.evaluate("""() => { const { lab } = document.querySelector('.cnnattn-live');
      lab.picture.placePatch(16, 16, 8);
      lab.pictureChanged(); }""")
    page.get_by_role("button", name="Stage 2").click()
    fader = page.get_by_role("group", name="CNN · SE, stage 2: gate weight per channel")
    for channel, key in ((3, "Home"), (4, "PageDown")):
        fader.locator("input").nth(channel).focus()
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    answered(page)
    wanted = page.evaluate(LOGITS, 1)
    page.locator(".cnnattn-live").get_by_role("button", name="Gate surgery").click()
    page.wait_for_url("**Gate_surgery**")
    lab = surgery(page)
    near(page, 0, torch.tensor(wanted))
    expect(page.get_by_text("Image from Live")).to_be_visible()
    expect(page.locator(".st-key-gate_stage").get_by_role("radio", name="2")).to_be_checked()
    agree(*shares(page, lab))


def test_weights_of_positions_are_taken_along_and_taken_back(page, address):
    open_live(page, address, "models=cnn-none,cnn-spatial")
    own = page.evaluate(LOGITS, 1)
    places = page.get_by_role("application", name="CNN · Spatial, stage 1: weight per position")
    places.scroll_into_view_if_needed()
    box = places.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=6)
    page.mouse.up()
    page.wait_for_timeout(500)
    answered(page)
    wanted = page.evaluate(LOGITS, 1)
    assert wanted != own
    page.locator(".cnnattn-live").get_by_role("button", name="Gate surgery").click()
    page.wait_for_url("**by_place=**")
    lab = surgery(page)
    near(page, 0, torch.tensor(wanted))
    expect(page.get_by_text(re.compile("Weights of .* of 1024 positions changed"))).to_be_visible()
    agree(*shares(page, lab))
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_text("Nothing is changed:")).to_be_visible()
    near(page, 0, torch.tensor(own))
    assert "by_place" not in page.url


def test_a_fader_on_gate_surgery_answers_at_once_and_the_record_follows(page, address):
    frames = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    page.goto(f"{address}/Gate_surgery?lang=en")
    lab = surgery(page)
    agree(*shares(page, lab))  # the opening experiment stands in the faders, too
    stage = page.evaluate(f"() => {lab}.lab.stage")
    fader = page.get_by_role("group", name=f"CNN · SE, stage {stage}: gate weight per channel")
    fader.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    frames.clear()
    before, slot = page.evaluate(LOGITS, 0), fader.locator("input").nth(5).bounding_box()
    page.mouse.move(slot["x"] + slot["width"] / 2, slot["y"] + 20)
    page.mouse.down()
    page.mouse.move(slot["x"] + slot["width"] / 2, slot["y"] + 45, steps=8)
    page.wait_for_timeout(300)
    assert page.evaluate(LOGITS, 0) != before
    assert not frames
    page.mouse.up()
    page.wait_for_url("**by_hand=5**")
    page.wait_for_timeout(3000)
    agree(*shares(page, lab))
    assert page.evaluate(f"() => {lab}.lab.stage") == stage
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_text("Nothing is changed:")).to_be_visible()
    page.wait_for_timeout(1000)
    assert page.evaluate(f"() => {lab}.lab.models[0].logits.every((x) => isFinite(x))")
    agree(*shares(page, lab, before=True))


@pytest.mark.parametrize("source", ["ones", "shuffled", "borrowed"])
def test_gates_from_elsewhere_stand_in_the_live_faders(page, address, source):
    page.goto(
        f"{address}/Gate_surgery?models=cnn-cbam&gate_stage=2&gates_from={source}&cut=3"
        "&experiment=own"
    )
    lab = surgery(page)
    agree(*shares(page, lab))
    said = {"ones": "all gates of stage 2 set to 1", "shuffled": "gates of stage 2 shuffled",
            "borrowed": "gates of stage 2 taken from another image"}[source]  # fmt: skip
    told = page.locator(".cnnattn-live.part").get_by_text(f"{said}, without channel 3")
    expect(told.first).to_be_visible()  # what came of both is not put down to the channel alone


@pytest.mark.parametrize("model", ["cnn-nonlocal", "cnn-gc"])
def test_channels_can_be_dragged_where_a_module_without_gates_is_left_out(page, address, model):
    page.goto(
        f"{address}/Gate_surgery?models={model}&gate_stage=2&gates_from=ones&cut=3&pass_on=50"
        "&experiment=own&sample=cat-1"
    )
    lab = surgery(page)
    agree(*shares(page, lab))
    edits = skipped("relu2", "attention2")
    half = scaled({3: 0.5})
    both = {"attention2": in_turn(edits["attention2"], half), "relu2": edits["relu2"]}
    wanted = expected(model, "cat-1", both)
    near(page, 0, wanted)
    assert abs(wanted - expected(model, "cat-1", {"attention2": half})).max() > 1e-3


def test_channel_attention_has_the_faders_of_its_gate(page, address):
    page.goto(f"{address}/Channel_attention?models=cnn-se&gate_stage=1&sample=cat-1&lang=en")
    page.get_by_text("Move the gates by hand").click()
    surgery(page)
    near(page, 0, expected("cnn-se", "cat-1"))
    fader = page.get_by_role("group", name="CNN · SE, stage 1: gate weight per channel")
    fader.locator("input").nth(9).focus()
    page.keyboard.press("Home")
    near(
        page,
        0,
        expected(
            "cnn-se", "cat-1", {"attention1.gate": lambda g: g.index_fill(1, torch.tensor([9]), 0)}
        ),
    )
    page.locator(".cnnattn-live").get_by_role("button", name="Gate surgery").click()
    page.wait_for_url("**Gate_surgery**")
    surgery(page)
    near(
        page,
        0,
        expected(
            "cnn-se", "cat-1", {"attention1.gate": lambda g: g.index_fill(1, torch.tensor([9]), 0)}
        ),
    )
