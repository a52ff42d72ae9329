"""Channel attention and Gate surgery show what the networks compute, and survive odd ones."""

import base64
import json
import re
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cnnattn.__main__ import results
from cnnattn.data.datasets import image_folder
from cnnattn.data.pictures import input_picture, normalise, to_input
from cnnattn.data.samples import samples
from cnnattn.explain.gates import gate_profile
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import load, read_card, save
from cnnattn.nets.cnn import CNN
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.places import ROOT
from cnnattn.training import runs, worker
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library import jobs
from cnnattn.web.library.folders import folder_state
from cnnattn.web.shell.text import percent
from cnnattn.web.surgery import outcome
from tests.pages.opening import open_page, sound, words

ATTENTION_PAGE, SURGERY = "pages/2_Channel_attention.py", "pages/7_Gate_surgery.py"
CAT = next(sample for sample in samples() if sample.name == "cat-1")
SE = load(ROOT / "checkpoints/cnn-se.safetensors").model


def opened(page, **query):
    return sound(open_page(page, **{"models": "cnn-se", "sample": "cat-1", **query}))


def chart(app, key):
    """The figure with this key, its arrays as numpy's."""
    found = [c for c in app.get("plotly_chart") if key in c.proto.id]
    assert len(found) == 1, key
    return decoded(json.loads(found[0].proto.spec))


def decoded(node):
    if isinstance(node, dict):
        if "bdata" in node:
            shape = [int(n) for n in str(node.get("shape", "-1")).split(",")]
            return np.frombuffer(base64.b64decode(node["bdata"]), node["dtype"]).reshape(shape)
        return {key: decoded(value) for key, value in node.items()}
    return [decoded(value) for value in node] if isinstance(node, list) else node


def bars(figure):
    return [trace for trace in figure["data"] if trace["type"] == "bar"]


def stages(model, x, gates=None):
    """The three stages of a CNN by hand; ``gates`` maps stage to what its gates are times."""
    for i in "123":
        layer = {name: getattr(model, f"{name}{i}") for name in ("conv", "bn", "relu", "pool")}
        x = layer["relu"](layer["bn"](layer["conv"](x)))
        gate = getattr(model, f"attention{i}").gate(x)
        gate = (gates or {}).get(int(i), lambda own: own)(gate)
        yield x, gate
        x = layer["pool"](x * gate)
    yield model.fc2(model.relu4(model.fc1(x.flatten(1)))), None


def probabilities(gates=None, picture=CAT.picture):
    *_maps, (logits, _none) = stages(SE, to_input(picture), gates)
    return logits.softmax(1)[0].numpy()


# --- Channel attention


def test_the_way_is_what_the_network_computes_by_hand():
    app = opened(ATTENTION_PAGE, gate_stage="2")
    (_first, (maps, gate), *_rest) = stages(SE, to_input(CAT.picture))
    squeeze, hidden, drawn = bars(chart(app, "way"))
    mean = maps.mean((2, 3))[0]
    module = SE.attention2.gate
    np.testing.assert_allclose(squeeze["x"], mean, atol=1e-6)
    np.testing.assert_allclose(hidden["x"], (module.fc1.weight @ mean).clamp(min=0), atol=1e-5)
    np.testing.assert_allclose(drawn["x"], gate.flatten(), atol=1e-6)
    first, last = int(gate.flatten().argmax()), int(gate.flatten().argmin())
    assert f"channel **{first}** is emphasised most" in words(app)
    assert f"channel **{last}** least" in words(app)


def test_the_profile_is_that_of_the_card_in_every_order():
    card = read_card(ROOT / "checkpoints/cnn-se.safetensors")[1]
    mean = np.array(card["results"]["gates"]["attention3.gate"]["mean"])
    for order, apart in [("number", "0"), ("classes", "0"), ("alike", "1")]:
        app = opened(ATTENTION_PAGE, gate_stage="3", profile_order=order, apart=apart)
        figure = chart(app, "class_profile")
        heat = figure["data"][0]
        channels = np.asarray(heat["customdata"])[0, :, 0].astype(int)
        assert sorted(channels) == list(range(128))
        rows = [CIFAR10_CLASSES.index(name) for name in figure["layout"]["yaxis2"]["ticktext"]]
        shown = mean - mean.mean(0) if apart == "1" else mean
        np.testing.assert_allclose(heat["z"], shown[np.ix_(rows, channels)], atol=1e-5)
        if order == "classes":
            apart_by = mean.std(0)[channels]
            assert (np.diff(apart_by) <= 0).all()
    counts = np.sum(card["results"]["confusion"], 1)[:, None]
    shares = []
    for stage in "13":
        gates = card["results"]["gates"][f"attention{stage}.gate"]
        means, inside = np.array(gates["mean"]), np.array(gates["spread"]) ** 2
        between = (means - (means * counts).sum(0) / counts.sum()) ** 2
        shares.append(100 * (between * counts).sum() / ((between + inside) * counts).sum())
    assert f"explains **{shares[0]:.0f}%**" in words(app)
    assert f"**{shares[1]:.0f}%** in the last: a rise, as in the paper" in words(app)


def test_a_model_without_attention_is_no_dead_end():
    app = opened(ATTENTION_PAGE, models="resnet20-none")
    assert "every channel has weight 1" in words(app)
    labels = [b.label for b in app.button if b.label.startswith("Add ")]
    assert labels[0] == "Add ResNet-20 · SE"  # of the same architecture, and SE, first
    assert not any("no attention" in label for label in labels)
    next(b for b in app.button if b.label == labels[0]).click().run()
    assert sound(app).session_state["models"] == ["resnet20-none", "resnet20-se"]
    assert app.session_state["model"] == "resnet20-se"
    assert chart(app, "way")
    assert any("ResNet-20 · no attention" in caption.value for caption in app.caption)


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A checkpoint with random weights for every kind of attention."""
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    torch.manual_seed(0)
    for kind in ATTENTION:
        spec = ModelSpec("cnn", kind)
        model = build(spec)
        for module in model.modules():  # else gc and nonlocal would add nothing
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.1)
        save(tmp_path / f"cnn-{kind}.safetensors", model, spec, {})
    return tmp_path


STEPS = {
    "se": ["Maps before", "Squeeze", "Excitation", "Gate", "Maps after"],
    "eca": ["Maps before", "Squeeze", "Gate", "Maps after"],
    "cbam": ["Maps before", "Squeeze", "Excitation", "Gate", "Maps after"],
    "spatial": ["Maps before", "Squeeze", "Gate", "Maps after"],
    "coordinate": ["Maps before", "Gate", "Channel 7", "Maps after"],
    "simam": ["Maps before", "Gate", "Channel 7", "Maps after"],
    "gc": ["Maps before", "Context", "Added", "Maps after"],
    "nonlocal": ["Maps before", "Where it looks", "Added", "Maps after"],
}


def test_every_module_has_its_steps_and_can_be_operated_on(zoo):
    assert set(STEPS) == set(ATTENTION) - {"none"}
    for kind, expected in STEPS.items():
        app = opened(ATTENTION_PAGE, models=f"cnn-{kind}", gate_stage="3", channel="7")
        texts = [t["text"] for t in chart(app, "way")["layout"]["annotations"]]
        titles = [t.split("<b>")[1].split("</b>")[0] for t in texts if "<b>" in t]
        assert titles == expected
        app = opened(SURGERY, models=f"cnn-{kind}", gates_from="ones", cut="3")
        assert "The prediction" in words(app)


def test_the_second_gate_of_cbam_is_shown_behind_the_first(zoo):
    app = opened(ATTENTION_PAGE, models="cnn-cbam", gate_stage="3", gate="1")
    model = load(zoo / "cnn-cbam.safetensors").model
    x = to_input(CAT.picture)
    for i in "12":
        x = getattr(model, f"relu{i}")(getattr(model, f"bn{i}")(getattr(model, f"conv{i}")(x)))
        x = getattr(model, f"pool{i}")(getattr(model, f"attention{i}")(x))
    x = model.relu3(model.bn3(model.conv3(x)))
    gate = model.attention3.spatial.gate(x * model.attention3.gate(x))
    heat = [t for t in chart(app, "way")["data"] if t["type"] == "heatmap"]
    np.testing.assert_allclose(heat[2]["z"], gate[0, 0], atol=1e-5)


def test_a_full_gate_is_shown_over_the_picture_for_the_chosen_channel(zoo):
    app = opened(ATTENTION_PAGE, models="cnn-simam", gate_stage="1", channel="5")
    model = load(zoo / "cnn-simam.safetensors").model
    gate = model.attention1.gate(model.relu1(model.bn1(model.conv1(to_input(CAT.picture)))))
    heat = [t for t in chart(app, "way")["data"] if t["type"] == "heatmap"]
    np.testing.assert_allclose(heat[2]["z"], gate[0, 5], atol=1e-5)


def test_a_place_chosen_by_number_shows_where_it_looks(zoo):
    app = opened(
        ATTENTION_PAGE, models="cnn-nonlocal", gate_stage="3", place_row="2", place_column="5"
    )
    model = load(zoo / "cnn-nonlocal.safetensors").model
    x = to_input(CAT.picture)
    for i in "12":
        x = getattr(model, f"relu{i}")(getattr(model, f"bn{i}")(getattr(model, f"conv{i}")(x)))
        x = getattr(model, f"pool{i}")(getattr(model, f"attention{i}")(x))
    affinity = model.attention3.affinity(model.relu3(model.bn3(model.conv3(x))))
    heat = [t for t in chart(app, "way")["data"] if t["type"] == "heatmap"]
    np.testing.assert_allclose(heat[1]["z"], affinity[0, 2 * 8 + 5].reshape(8, 8), atol=1e-5)


@pytest.mark.parametrize("page", [ATTENTION_PAGE, SURGERY])
def test_gates_that_are_not_numbers_cost_one_sentence(page, zoo, monkeypatch):
    # As in a network that answers grey pictures with numbers, and others not.
    monkeypatch.setattr("cnnattn.nets.checkpoint._answers_in_numbers", lambda *_: True)
    file = zoo / "cnn-se.safetensors"
    model = load(file).model
    model.bn1.running_var.fill_(-1.0)  # its root is no number
    save(zoo / "cnn-nan.safetensors", model, ModelSpec("cnn", "se"), {})
    app = opened(page, models="cnn-nan")
    assert "are not numbers here" in app.warning[0].value
    assert not app.get("plotly_chart")


class OneChannel(CNN):
    """The first stage has a single channel."""

    def __init__(self, attention, classes=10):
        super().__init__(attention, classes)
        self.conv1 = nn.Conv2d(3, 1, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(1)
        self.attention1 = attention(1)
        self.conv2 = nn.Conv2d(1, 64, 3, padding=1)


def test_a_stage_of_one_channel_is_a_stage_too(tmp_path, monkeypatch):
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    record = replace(ARCHITECTURES["cnn"], build=OneChannel)
    monkeypatch.setitem(ARCHITECTURES, "cnn", record)
    spec, model = ModelSpec("cnn", "se"), build(ModelSpec("cnn", "se")).eval()
    profile = gate_profile(model, [(torch.randn(20, 3, 32, 32), torch.arange(20) % 10)], 10)
    gates = {n: {"mean": m.tolist(), "spread": s.tolist()} for n, (m, s) in profile.items()}
    counts = {"pictures": 20, "accuracy": 0.1, "loss": 2.3, "confusion": (2 * np.eye(10)).tolist()}
    counts["confusion"] = [[int(n) for n in row] for row in counts["confusion"]]
    save(tmp_path / "cnn-se.safetensors", model, spec, {"results": {**counts, "gates": gates}})
    app = opened(ATTENTION_PAGE, gate_stage="1", profile_order="alike")
    assert "This stage has one channel, and its gate is" in words(app)
    assert len(bars(chart(app, "way"))[0]["x"]) == 1
    app = opened(SURGERY, gate_stage="1", cut="0")
    assert "This stage has one channel; without it" in words(app)


# --- what takes a test set


@pytest.fixture
def test_set(tmp_path, monkeypatch):
    """Two noisy pictures a class, and nothing kept from earlier jobs."""
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for c, name in enumerate(CIFAR10_CLASSES):
            (tmp_path / "data" / split / name).mkdir(parents=True)
            for i in range(2):
                noise = random.integers(0, 60 + 19 * c, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(noise).save(tmp_path / "data" / split / name / f"{i}.png")
    monkeypatch.setattr(loaders, "DATA", tmp_path / "data")
    monkeypatch.setattr(jobs, "RESULTS", tmp_path / "results")
    return image_folder(tmp_path / "data").test


def press(app, label):
    """Press the button that starts a job, and wait for its result."""
    button = next(b for b in app.button if b.label.startswith(label))
    button.click().run()
    end = time.monotonic() + 120
    while any(b.label == "Cancel" for b in app.button):
        assert time.monotonic() < end
        time.sleep(0.2)
        app.run()
    return sound(app)


def test_a_missing_profile_is_measured_on_the_test_set_and_kept(zoo, test_set):
    app = opened(ATTENTION_PAGE, gate_stage="3")
    assert not [c for c in app.get("plotly_chart") if "class_profile" in c.proto.id]
    app = press(app, "Measure the class profile")
    x, labels = normalise(torch.from_numpy(test_set.pictures)), torch.from_numpy(test_set.labels)
    model = load(zoo / "cnn-se.safetensors").model
    mean, _spread = gate_profile(model, [(x, labels)], 10)["attention3.gate"]
    np.testing.assert_allclose(chart(app, "class_profile")["data"][0]["z"], mean, atol=1e-5)
    again = opened(ATTENTION_PAGE, gate_stage="3")  # from the disk
    np.testing.assert_allclose(chart(again, "class_profile")["data"][0]["z"], mean, atol=1e-5)


def test_a_profile_cancelled_before_its_end_leaves_nothing(zoo, test_set):
    app = opened(ATTENTION_PAGE, gate_stage="3")
    with jobs._TURN:  # another computation, which never ends
        next(b for b in app.button if b.label.startswith("Measure")).click().run()
        next(b for b in app.button if b.label == "Cancel").click().run()
        assert any(b.label.startswith("Measure") for b in sound(app).button)
    time.sleep(0.5)
    assert not list(jobs.RESULTS.glob("*"))
    press(app, "Measure the class profile")
    assert chart(app, "class_profile")


def test_a_data_set_with_other_classes_is_refused_in_a_sentence(zoo, test_set):
    for split in ("train", "test"):
        folder = loaders.DATA / split
        (folder / "truck").rename(folder / "unicorn")
    app = open_page(ATTENTION_PAGE, models="cnn-se")
    assert "has other classes than CNN · SE" in app.error[0].value


def test_the_operation_on_the_test_set_is_that_of_a_plain_loop(test_set):
    app = press(opened(SURGERY, gate_stage="2", cut="3,9", pass_on="300"), "Measure on 20")

    def louder(gate):
        factor = torch.ones(64)
        factor[[3, 9]] = 3
        return gate * factor[None, :, None, None]

    right = {"before": [], "after": []}
    for picture, label in zip(test_set.pictures, test_set.labels, strict=True):
        for when, gates in (("before", None), ("after", {2: louder})):
            right[when].append(probabilities(gates, picture).argmax() == label)
    before, after = (np.reshape(right[when], (10, 2)).mean(1) for when in ("before", "after"))
    assert accuracies(app) == (percent(before.mean(), 1), percent(after.mean(), 1))
    np.testing.assert_allclose(bars(chart(app, "class_changes"))[0]["y"], after - before)


def accuracies(app):
    return re.search(r"\*\*(\S+)\*\* correct before, \*\*(\S+)\*\* after", words(app)).groups()


def test_another_test_set_of_the_same_size_is_another_result(test_set):
    view = {"gate_stage": "2", "cut": "3,9"}
    first = press(opened(SURGERY, **view), "Measure on 20")
    for i, name in enumerate(CIFAR10_CLASSES):
        for number in range(2):
            picture = next(s for s in samples() if s.label == CIFAR10_CLASSES[(i + 1) % 10])
            file = loaders.DATA / "test" / name / f"{number}.png"
            Image.fromarray(input_picture(picture.picture)).save(file)
    folder_state.clear()  # of the last seconds
    again = opened(SURGERY, **view)
    assert not [c for c in again.get("plotly_chart") if "class_changes" in c.proto.id]
    press(again, "Measure on 20")
    pictures = image_folder(loaders.DATA).test
    predicted = [probabilities(None, picture).argmax() for picture in pictures.pictures]
    right = np.array(predicted) == pictures.labels
    assert accuracies(again)[0] == percent(np.mean(right), 1)
    assert accuracies(again) != accuracies(first)


def test_without_a_test_set_the_samples_are_measured_and_the_test_set_can_be_downloaded(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(loaders, "DATA", tmp_path / "data")
    monkeypatch.setattr(jobs, "RESULTS", tmp_path / "results")
    app = opened(SURGERY, gate_stage="2", cut="3,9")
    keep = torch.ones(1, 64, 1, 1)
    keep[:, [3, 9]] = 0
    right = [
        [probabilities(gates, s.picture).argmax() == CIFAR10_CLASSES.index(s.label)
         for s in samples()]
        for gates in (None, {2: lambda gate: gate * keep})
    ]  # fmt: skip
    assert accuracies(app) == tuple(percent(np.mean(each), 1) for each in right)
    app.segmented_control(key="surgery_set").set_value("test").run()
    assert "python" not in words(app) + "".join(info.value for info in app.info)
    assert any(button.label.startswith("Download CIFAR-10") for button in sound(app).button)


def test_of_a_picture_of_unknown_class_no_bar_is_right_or_wrong():
    model = loaders.model(ROOT / "checkpoints/cnn-se.safetensors")
    before = loaders.analysed(model, input_picture(CAT.picture))
    for label, marks in ((None, {""}), ("cat", {"", "✓", "✗"})):
        bars = [bar for column in outcome.answers(model, before, before, label)
                for bar in column.predictions]  # fmt: skip
        assert {bar.is_judged for bar in bars} == {label is not None}
        assert {bar.mark for bar in bars} <= marks


def test_both_places_that_lack_the_test_set_offer_it(tmp_path, monkeypatch):
    monkeypatch.setattr(loaders, "DATA", tmp_path / "data")
    app = opened(SURGERY, source="test", surgery_set="test", cut="3", gate_stage="2")
    assert sum(button.label.startswith("Download CIFAR-10") for button in app.button) == 2


# --- Gate surgery


def shown_probabilities(app):
    """Class -> probability, before and after."""
    return [
        dict(zip(trace["customdata"], trace["x"], strict=True))
        for trace in bars(chart(app, "answers"))
    ]


def assert_after(app, expected):
    _before, after = shown_probabilities(app)
    assert len(after) == 5
    for name, probability in after.items():
        assert probability == pytest.approx(expected[CIFAR10_CLASSES.index(name)], abs=1e-5)


def test_zeroing_the_strongest_channel_and_back_again():
    app = opened(SURGERY, gate_stage="2", experiment="own")
    whole = probabilities()
    before, after = shown_probabilities(app)
    assert before == after
    _first, (_maps, gate), *_rest = stages(SE, to_input(CAT.picture))
    strongest = int(gate.flatten().argmax())
    app.button(key="strongest_off").click().run()
    assert sound(app).session_state["cut"] == [str(strongest)]

    def off(own):
        return own * (torch.arange(64) != strongest)[None, :, None, None]

    assert_after(app, probabilities({2: off}))
    drawn = bars(chart(app, "operated_maps"))
    np.testing.assert_allclose(drawn[0]["y"], gate.flatten(), atol=1e-6)
    np.testing.assert_allclose(drawn[1]["y"], off(gate).flatten(), atol=1e-6)
    app.button(key="reset").click().run()
    assert sound(app).session_state["cut"] == []
    assert_after(app, whole)


def test_bypass_and_borrowing():
    assert_after(
        opened(SURGERY, gate_stage="2", gates_from="ones"), probabilities({2: torch.ones_like})
    )
    own = opened(SURGERY, gate_stage="2", gates_from="borrowed", lender="cat-1")
    before, after = shown_probabilities(own)
    assert before == after
    ship = next(sample for sample in samples() if sample.name == "ship-1")
    _first, (_maps, foreign), *_rest = stages(SE, to_input(ship.picture))
    app = opened(SURGERY, gate_stage="2", gates_from="borrowed", lender="ship-1")
    assert_after(app, probabilities({2: lambda own: foreign}))


def test_the_bars_say_what_the_class_loses_without_each_channel():
    whole = probabilities()
    target = int(whole.argmax())
    for sort in "01":
        app = opened(SURGERY, gate_stage="3", by_loss=sort)
        bars_, clicks = chart(app, "losses")["data"]
        channels = np.asarray(clicks["customdata"])
        assert sorted(channels) == list(range(128))
        for place in range(0, 128, 17):
            keep = (torch.arange(128) != channels[place])[None, :, None, None]
            without = probabilities({3: lambda own, keep=keep: own * keep})[target]
            assert bars_["y"][place] == pytest.approx(whole[target] - without, abs=1e-5)
    assert f"depends most on channel **{channels[0]}**" in words(app)


def test_a_baseline_has_channels_to_cut_but_no_gates_to_change():
    app = opened(SURGERY, models="cnn-none", gate_stage="3", cut="1,2,3")
    assert "gates_from" not in app.session_state
    before, after = shown_probabilities(app)
    assert before != after


PRESETS = [lambda g: g[:1], lambda g: g[: len(g) // 4], lambda g: g[(len(g) + 1) // 2 :]]


def opening_by_hand(stages_tried):
    """The mildest flip: (harshness, -drop, stage, channels), tried with nothing of the app."""
    whole = probabilities()
    flips = []
    for stage, (_maps, gate) in zip("123", stages(SE, to_input(CAT.picture)), strict=False):
        if stage not in stages_tried:
            continue
        ranking = gate.flatten().argsort(descending=True, stable=True)
        for harshness, chosen in enumerate(PRESETS):
            keep = torch.ones(len(ranking))
            keep[chosen(ranking)] = 0
            cut = {int(stage): lambda own, keep=keep: own * keep[None, :, None, None]}
            after = probabilities(cut)
            drop = float(whole.max() - after[whole.argmax()])
            if after.argmax() != whole.argmax():
                numbers = sorted(chosen(ranking).tolist())
                flips.append((harshness, -drop, stage, numbers, after))
    return min(flips, key=lambda trial: trial[:2])


def test_surgery_opens_with_the_mildest_preset_that_flips_the_prediction():
    *_order, stage, channels, expected = opening_by_hand("123")
    app = opened(SURGERY)
    assert app.session_state["gate_stage"] == stage
    assert sorted(map(int, app.session_state["cut"])) == channels
    assert_after(app, expected)
    now = CIFAR10_CLASSES[int(expected.argmax())]
    assert f"the model now predicts **{now}**" in words(app)


def test_reset_gives_the_untouched_network_and_its_link_reopens_that():
    app = opened(SURGERY)
    app.button(key="reset").click().run()
    assert_after(sound(app), probabilities())
    assert_after(opened(SURGERY, experiment="own"), probabilities())


def test_a_stage_of_resnet_says_which_block_it_is():
    app = opened(SURGERY, models="resnet20-se")
    stage = next(g for g in app.get("button_group") if g.label == "Stage")
    assert [option.content for option in stage.proto.options] == [
        f"{i} (block {i}.3)" for i in "123"
    ]


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """The model "demo", as a run on the samples leaves it: its card is of its training images."""
    se = load(ROOT / "checkpoints/cnn-se.safetensors")
    data = worker.open_data(runs.SAMPLES, None)
    card = {"data": data.name, "results": results(se, data)}
    save(tmp_path / "demo.safetensors", se.model, se.spec, card)
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    return card


@pytest.mark.parametrize("stage", ["1", "2", "3"])
def test_of_classes_of_unequal_size_the_page_tells_one_share(demo, stage):
    app = opened(ATTENTION_PAGE, models="demo", gate_stage=stage)
    shares = next(bar["hovertext"] for bar in bars(chart(app, "class_shares")))
    by_chart = re.search(r"explained by class: ([\d.]+%)", np.ravel(shares)[int(stage) - 1])[1]
    by_text = re.search(r"the class explains ([\d.]+%) of that variance", words(app))[1]
    counts = np.bincount([CIFAR10_CLASSES.index(s.label) for s in samples()])
    gates = demo["results"]["gates"][f"attention{stage}.gate"]
    means, inside = np.array(gates["mean"]), np.array(gates["spread"]) ** 2
    overall = np.average(means, axis=0, weights=counts)
    between = (counts[:, None] * (means - overall) ** 2).sum()
    share = between / (between + (counts[:, None] * inside).sum())
    assert by_chart == by_text == percent(share)


def test_what_was_measured_on_training_images_says_so_and_is_not_held_against_the_paper(demo):
    text = words(opened(ATTENTION_PAGE, models="demo", gate_stage="3"))
    assert "Over the images that the model was trained on (quick demo), each" in text
    assert "Measured on the images that the model was trained on (quick demo)" in text
    assert "in the paper" not in text
    assert "Over the test images" not in text
