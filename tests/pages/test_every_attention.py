"""Compare and Feature maps open networks with every kind of attention."""

import json

import pytest
import torch
from streamlit.testing.v1 import AppTest

from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import save
from cnnattn.nets.models import ARCHITECTURES, ModelSpec, build
from cnnattn.web.library import checkpoints as loaders

ROOT = loaders.ROOT

REASONS = {
    "none": "every channel passes with the same weight of 1",
    "spatial": "weighs places",
    "coordinate": "every row and every column",
    "simam": "every pixel",
    "gc": "adds one number to each channel",
    "nonlocal": "mixes places",
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
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        app.query_params.update({"lang": "en", "models": ",".join(part)})
        app.run()
        assert not app.exception
        assert not app.error
        grid = json.loads(app.get("plotly_chart")[3].proto.spec)
        bars += [trace["type"] for trace in grid["data"]].count("bar")
        words += " ".join(text["text"] for text in grid["layout"]["annotations"])
    assert bars == len(names) - len(REASONS)
    for reason in REASONS.values():
        assert words.replace("<br>", " ").count(reason) == 1


def test_feature_maps_lists_the_layers_of_every_kind(names):
    for name in names:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        app.switch_page("pages/1_Feature_maps.py")
        app.query_params.update({"lang": "en", "models": name, "rows": "cat-1"})
        app.run()
        assert not app.exception
        assert not app.error
