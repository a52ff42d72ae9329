"""Channel attention shows the gates: where they differ, by how much, and where they do not."""

import json

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.explain.trace import trace
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.places import ROOT
from cnnattn.web.library import checkpoints as loaders
from tests.pages.opening import decoded, open_page, sound, words

PAGE = "pages/2_Channel_attention.py"


def opened(**query):
    return sound(open_page(PAGE, **{"models": "cnn-se", "sample": "cat-1", **query}))


def chart(app, key):
    (found,) = [c.proto for c in app.get("plotly_chart") if f"-{key}-" in f"-{c.proto.id}-"]
    return json.loads(found.spec), found.alt


def gates_of(name, sample):
    """Stage -> its gates for this sample, by one run of the network."""
    found = load(ROOT / f"checkpoints/{name}.safetensors")
    picture = next(s.picture for s in samples() if s.name == sample)
    layers = {stage.name: stage.gate for stage in found.architecture.stages}
    outputs = trace(found.model, to_input(picture), layers.values()).activations
    return {name: outputs[gate].detach().numpy()[0] for name, gate in layers.items()}


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("cnn-se", "cat-1"),
        ("cnn-cbam", "ship-1"),
        ("resnet20-se", "automobile-4"),
        ("cnn-spatial", "cat-1"),
        ("cnn-simam", "dog-1"),
    ],
)
def test_it_opens_on_the_stage_whose_gates_differ_most(name, sample):
    spreads = {stage: gate.std() for stage, gate in gates_of(name, sample).items()}
    app = opened(models=name, sample=sample)
    assert app.session_state["gate_stage"] == max(spreads, key=spreads.get)


def test_a_stage_from_the_link_stays():
    assert opened(gate_stage="3").session_state["gate_stage"] == "3"


@pytest.mark.parametrize("view", ["deviation", "weight"])
@pytest.mark.parametrize("by_weight", ["0", "1"])
def test_every_gate_is_a_bar(view, by_weight):
    gates = gates_of("cnn-se", "cat-1")["2"].ravel()
    figure, alt = chart(opened(gate_stage="2", gate_view=view, by_weight=by_weight), "gates")
    (bars,) = [t for t in figure["data"] if t["type"] == "bar"]
    order = np.argsort(-gates, kind="stable") if by_weight == "1" else np.arange(64)
    drawn = gates - gates.mean() if view == "deviation" else gates
    assert decoded(bars["customdata"]).tolist() == order.tolist()
    np.testing.assert_allclose(decoded(bars["y"]), drawn[order], atol=1e-6)
    for value in (gates.mean(), gates.max(), gates.min()):
        assert f"{value:.2f}" in alt
    assert f"channel {gates.argmax()}" in alt


def test_how_far_gates_move_from_image_to_image_is_that_of_the_card():
    results = load(ROOT / "checkpoints/cnn-se.safetensors").card["results"]
    profile = results["gates"]["attention2.gate"]
    mean, spread = np.array(profile["mean"]), np.array(profile["spread"])
    weight = np.sum(results["confusion"], axis=1)[:, None] / np.sum(results["confusion"])
    between = (weight * (mean - (weight * mean).sum(0)) ** 2).sum(0)
    deviation = np.sqrt(between + (weight * spread**2).sum(0)).mean()
    assert f"varies by **±{deviation:.2g}** from image to image" in words(opened(gate_stage="2"))


@pytest.fixture
def still(tmp_path, monkeypatch):
    """SE whose gates are all one half, and ECA whose card says that its last gates move by 0.2."""
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    torch.manual_seed(0)
    for kind, gates in (("se", 0.001), ("eca", 0.2)):
        spec = ModelSpec("cnn", kind)
        model = build(spec)
        if kind == "se":
            for module in (model.attention1, model.attention2, model.attention3):
                torch.nn.init.zeros_(module.gate.fc2.weight)
        profile = {"mean": [[0.5] * 128] * 10, "spread": [[gates] * 128] * 10}
        card = {"results": {"gates": {"attention3.gate": profile}}}
        save(tmp_path / f"cnn-{kind}.safetensors", model, spec, card)


@pytest.mark.usefixtures("still")
def test_gates_that_decide_nothing_are_told_so_and_lead_to_some_that_do():
    app = opened(gate_stage="3")
    assert "All gates lie between 0.500 and 0.500" in words(app)
    assert "varies by **±0.001** from image to image" in words(app)
    assert "this module hardly attends" in words(app)
    way = app.button(key="livelier")
    assert way.label == "CNN · ECA, stage 3: gates vary by ±0.2"
    way.click().run()
    assert not app.exception
    assert app.session_state["models"] == ["cnn-se", "cnn-eca"]
    assert (app.session_state["model"], app.session_state["gate_stage"]) == ("cnn-eca", "3")
    assert "hardly attends" not in words(app)
    assert not [b for b in app.button if b.key == "livelier"]


def test_a_single_hidden_unit_and_its_block_are_called_so():
    app = opened(models="resnet20-se", gate_stage="1")
    assert "bottleneck of 1 hidden unit for 16 channels" in words(app)
    assert "stage 1 (block 1.3)" in words(app)
    assert "1 hidden units" not in words(app)


def test_non_local_is_one_click_away_and_says_where_it_looks():
    app = opened()
    app.button(key="to_positions").click().run()
    assert not app.exception
    state = app.session_state
    assert (state["model"], state["gate_stage"]) == ("cnn-nonlocal", "3")
    assert state["models"] == ["cnn-se", "cnn-nonlocal"]
    figure, alt = chart(app, "way")
    places = [t for t in figure["data"] if t.get("customdata") and "4,4" in t["customdata"]]
    assert len(places) == 1
    assert "128 feature maps of 8×8" in alt
    assert not [b for b in app.button if b.key == "to_positions"]


def test_the_zoo_leads_to_the_positions_too():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/3_Attention_zoo.py")
    app.query_params.update({"lang": "en", "zoo_kind": "nonlocal", "gate_stage": "3"})
    app.run()
    assert not app.exception
    links = [link.proto for link in app.get("page_link")]
    (link,) = [link for link in links if "click a position" in link.label]
    assert "cnn-nonlocal" in str(link)
