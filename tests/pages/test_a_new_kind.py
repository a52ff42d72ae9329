"""A tenth kind of attention: a module, a record and a colour, and every page knows it."""

import shutil

import pytest
import torch
from torch import nn

from cnnattn.figures.attention.flow import Box
from cnnattn.figures.kit.palette import ATTENTION_COLOURS
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.places import ROOT
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.kind import Kind
from cnnattn.web.library import checkpoints as loaders
from tests.pages.opening import figures, open_page, sound, words

COLOUR = "#123456"


class FixedGate(nn.Module):
    """One learned weight per channel, the same for all images."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-2, 2, channels))

    def forward(self, x):
        return self.weight.sigmoid()[None, :, None, None].expand(len(x), -1, 1, 1)


class Fixed(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gate = FixedGate(channels)

    def forward(self, x):
        return x * self.gate(x)


FIXED = Kind(
    "fixed",
    attends="habit",
    idea="Every channel has a weight that never changes.",
    explanation="**Fixed** multiplies {channels} maps by {channels} constants.",
    formula="y_c = g_c x_c",
    symbols="$g_c$: constants",
    parameters="C",
    paper="Nobody: Fixed attention",
    address="https://example.org",
    diagram=lambda c, height, width: ([Box("gate", "constants", 0, 1, str(c))], [("x", "gate")]),
    questions=(("Does it attend?", "No: {channels} numbers that do not see the image."),),
)


@pytest.fixture
def fixed(tmp_path, monkeypatch):
    monkeypatch.setitem(ATTENTION, "fixed", Fixed)
    monkeypatch.setitem(KINDS, "fixed", FIXED)
    monkeypatch.setitem(ATTENTION_COLOURS, "fixed", COLOUR)
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    shutil.copy(ROOT / "checkpoints/cnn-none.safetensors", tmp_path)
    spec = ModelSpec("cnn", "fixed")
    save(tmp_path / "cnn-fixed.safetensors", build(spec), spec, {})


def run(page, **query):
    return sound(open_page(page, **{"models": "cnn-none,cnn-fixed", **query}))


@pytest.mark.usefixtures("fixed")
def test_the_zoo_has_its_card_its_costs_and_its_questions():
    app = run("pages/3_Attention_zoo.py", zoo_kind="fixed")
    told = words(app)
    for text in ("FIXED: attends to habit", FIXED.idea, FIXED.formula, "Nobody: Fixed attention"):
        assert text in told
    assert "No: 32 numbers that do not see the image." in told
    assert list(app.dataframe[0].value["parameters"]) == [32, 64, 128]
    labels = [text["text"] for text in figures(app)[0]["layout"]["annotations"]]
    assert any("constants" in label for label in labels)


@pytest.mark.usefixtures("fixed")
def test_channel_attention_explains_it_and_draws_its_gates():
    app = run("pages/2_Channel_attention.py", gate_stage="2")
    assert app.session_state["model"] == "cnn-fixed"
    assert "**Fixed** multiplies 64 maps by 64 constants." in words(app)
    bars = [t for f in figures(app) for t in f["data"] if t["type"] == "bar"]
    assert {bar["marker"]["color"] for bar in bars} == {COLOUR}


@pytest.mark.usefixtures("fixed")
def test_compare_shows_it_beside_the_baseline():
    app = run("app.py")
    assert "CNN · FIXED predicts" in words(app)
    grid = next(
        f
        for f in figures(app)
        if any(t["type"] == "bar" for t in f["data"])
        and any(t["type"] == "heatmap" for t in f["data"])
    )
    (bars,) = [trace for trace in grid["data"] if trace["type"] == "bar"]
    assert bars["marker"]["color"] == COLOUR
