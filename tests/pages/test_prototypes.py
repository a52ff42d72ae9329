"""The page Prototypes shows the places that the networks themselves find strongest."""

import base64
import io
import json
import re
import time

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnnattn.data.pictures import as_seen, normalise
from cnnattn.data.samples import samples
from cnnattn.explain.trace import trace
from cnnattn.nets.checkpoint import load
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library import jobs

ROOT = loaders.ROOT
SAMPLES = np.stack([as_seen(sample.picture) for sample in samples()])


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(loaders, "DATA", tmp_path / "data")
    monkeypatch.setattr(jobs, "RESULTS", tmp_path / "results")


def run(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/8_Prototypes.py")
    app.query_params.update({"lang": "en", **query})
    app.run()
    assert not app.exception
    return app


def figures(app):
    return {
        re.search(r"prototype_\w+", chart.proto.id)[0]: json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
    }


def values(array):
    """An array as Plotly sends it."""
    if isinstance(array, list):
        return np.array(array)
    return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"])


def words(app):
    return "\n".join(e.value for kind in ("markdown", "caption") for e in app.get(kind))


def maps(name, layer):
    model = load(ROOT / f"checkpoints/{name}.safetensors").model
    x = normalise(torch.from_numpy(SAMPLES))
    return trace(model, x, [layer]).activations[layer].detach().numpy()


@pytest.mark.parametrize(
    ("name", "stage", "layer"), [("cnn-se", "2", "relu2"), ("resnet20-se", "3", "stage3.2.relu2")]
)
def test_the_strongest_pictures_of_a_channel_are_found(name, stage, layer):
    found = maps(name, layer)
    channel = 7
    best = found[:, channel].max((1, 2))
    order = np.argsort(-best, kind="stable")[:9]
    app = run(models=name, prototype_stage=stage, channel=str(channel))
    assert f"the channel reaches {best.max():.2f}." in words(app)
    hovers = figures(app)["prototype_channel"]["data"][0]["hovertext"]
    assert [int(re.search(r"picture (\d+)", text)[1]) for text in hovers] == order.tolist()
    tiles = figures(app)["prototype_tiles"]
    markers, frame = tiles["data"][0], tiles["layout"]["shapes"][0]
    assert markers["customdata"] == list(range(found.shape[1]))
    inside = [
        c
        for c, x, y in zip(
            markers["customdata"], values(markers["x"]), values(markers["y"]), strict=True
        )
        if frame["x0"] < x < frame["x1"] and frame["y0"] < y < frame["y1"]
    ]
    assert inside == [channel]


def test_the_patch_is_cut_out_of_its_picture():
    channel = 4
    found = maps("cnn-se", "relu1")[:, channel]
    _picture, row, column = np.unravel_index(found.argmax(), found.shape)
    app = run(models="cnn-se", prototype_stage="1", channel=str(channel))
    assert "sees 3×3 of the picture's 32² pixels" in words(app)
    shown = figures(app)["prototype_channel"]["layout"]
    frame = shown["shapes"][0]  # around the strongest place of the first picture
    assert (frame["x0"], frame["x1"]) == (max(0, column - 1), min(32, column + 2))
    assert (frame["y0"], frame["y1"]) == (max(0, row - 1), min(32, row + 2))
    content = base64.b64decode(shown["images"][1]["source"].partition(",")[2])
    patches = np.array(Image.open(io.BytesIO(content)))
    assert patches.shape[2] == 4


def test_pictures_are_made_behind_the_page_and_kept(monkeypatch):
    from cnnattn.web.prototypes import prototypes

    whole = prototypes.maximise
    monkeypatch.setattr(prototypes, "maximise", lambda *args, **rest: whole(*args, **rest, steps=8))
    app = run(models="cnn-se", prototype_stage="1", channel="5")
    next(b for b in app.button if b.label.startswith("Make a picture for each of the 32")).click()
    app.run()
    for _second in range(240):
        app.run()
        if not any(button.label == "Cancel" for button in app.button):
            break
        time.sleep(0.5)
    assert not app.exception
    assert "In the picture made for it, it reaches" in words(app)
    assert len(figures(app)["prototype_tiles"]["layout"]["images"]) == 2
    again = run(models="cnn-se", prototype_stage="1", channel="5")
    assert not again.button
    assert "In the picture made for it, it reaches" in words(again)


def test_without_test_pictures_the_page_says_so():
    app = run(searched="test")
    assert not app.get("plotly_chart")
    assert any("not here yet" in info.value for info in app.info)
    assert any(button.label.startswith("Make a picture") for button in app.button)
