"""Compare and Feature maps open networks with every kind of attention."""

import pytest
import torch
from torch import nn

from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.web.library import checkpoints as loaders
from tests.pages.opening import figures, open_page, sound

REASONS = {
    "none": "every channel has weight 1",
    "spatial": "weights positions",
    "coordinate": "one weight per row and one per column",
    "simam": "every pixel",
    "gc": "adds one number to each channel",
    "nonlocal": "mixes positions",
}


@pytest.fixture(params=ARCHITECTURES)
def names(request, tmp_path, monkeypatch):
    """One checkpoint with random weights for every kind of attention."""
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    names = [f"{request.param}-{kind}" for kind in ATTENTION]
    torch.manual_seed(0)
    for name, kind in zip(names, ATTENTION, strict=True):
        spec = ModelSpec(request.param, kind)
        save(tmp_path / f"{name}.safetensors", build(spec), spec, {})
    return names


def test_compare_shows_bars_for_channel_gates_and_says_why_there_are_none(names):
    bars, words = 0, ""
    for part in (names[:5], names[5:]):  # more than six do not stand side by side
        grid = figures(sound(open_page(models=",".join(part))))[3]
        bars += [trace["type"] for trace in grid["data"]].count("bar")
        words += " ".join(text["text"] for text in grid["layout"]["annotations"])
    assert bars == len(names) - len(REASONS)
    for reason in REASONS.values():
        assert words.replace("<br>", " ").count(reason) == 1


def test_feature_maps_lists_the_layers_of_every_kind(names):
    for name in names:
        app = sound(open_page("pages/1_Feature_maps.py", models=name, rows="cat-1"))
        model = load(loaders.CHECKPOINTS / f"{name}.safetensors").model
        layers = app.selectbox(key="any_layer").options
        assert layers[0] == "conv1"
        maps = (nn.Conv2d, nn.BatchNorm2d)  # what else a network has is its own affair
        named = {name for name, part in model.named_modules() if isinstance(part, maps)}
        assert {name for name in named if "attention" not in name} <= set(layers)
