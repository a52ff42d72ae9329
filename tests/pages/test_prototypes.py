"""The page Prototypes shows the places that the networks themselves find strongest."""

import base64
import io
import json
import re
import shutil
import time
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from cnnattn.data.pictures import input_picture, normalise
from cnnattn.data.samples import samples
from cnnattn.explain.prototype_files import encode, mosaic_file, read, weights_digest
from cnnattn.explain.trace import trace
from cnnattn.nets.checkpoint import load
from cnnattn.places import ROOT
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library import jobs
from tests.pages.opening import decoded, open_page, words

SAMPLES = np.stack([input_picture(sample.picture) for sample in samples()])


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(loaders, "DATA", tmp_path / "data")
    monkeypatch.setattr(jobs, "RESULTS", tmp_path / "results")


@pytest.fixture
def without_pictures(tmp_path, monkeypatch):
    """The networks alone, without the synthetic images that ship beside them."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("cnn-none", "cnn-se"):
        shutil.copy(ROOT / f"checkpoints/{name}.safetensors", folder)
    monkeypatch.setattr(loaders, "CHECKPOINTS", folder)


run = partial(open_page, "pages/8_Prototypes.py")


def figures(app):
    return {
        re.search(r"prototype_\w+", chart.proto.id)[0]: json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
    }


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
    assert f"Its largest activation in all images is {best.max():.2f}." in words(app)
    hovers = figures(app)["prototype_channel"]["data"][0]["hovertext"]
    assert [int(re.search(r"image (\d+)", text)[1]) for text in hovers] == order.tolist()
    tiles = figures(app)["prototype_tiles"]
    markers, frame = tiles["data"][0], tiles["layout"]["shapes"][0]
    assert markers["customdata"] == list(range(found.shape[1]))
    inside = [
        c
        for c, x, y in zip(
            markers["customdata"], decoded(markers["x"]), decoded(markers["y"]), strict=True
        )
        if frame["x0"] < x < frame["x1"] and frame["y0"] < y < frame["y1"]
    ]
    assert inside == [channel]


def test_the_patch_is_cut_out_of_its_picture():
    channel = 4
    found = maps("cnn-se", "relu1")[:, channel]
    _picture, row, column = np.unravel_index(found.argmax(), found.shape)
    app = run(models="cnn-se", prototype_stage="1", channel=str(channel))
    assert "is 3×3 of 32×32 pixels" in words(app)
    shown = figures(app)["prototype_channel"]["layout"]
    frame = shown["shapes"][0]  # around the strongest place of the first picture
    assert (frame["x0"], frame["x1"]) == (max(0, column - 1), min(32, column + 2))
    assert (frame["y0"], frame["y1"]) == (max(0, row - 1), min(32, row + 2))
    content = base64.b64decode(shown["images"][1]["source"].partition(",")[2])
    patches = np.array(Image.open(io.BytesIO(content)))
    assert patches.shape[2] == 4


@pytest.mark.usefixtures("without_pictures")
def test_pictures_are_made_behind_the_page_and_kept(monkeypatch):
    from cnnattn.web.prototypes import search

    whole = search.maximise
    monkeypatch.setattr(search, "maximise", lambda *args, **rest: whole(*args, **rest, steps=8))
    app = run(models="cnn-se", prototype_stage="1", channel="5")
    next(
        b for b in app.button if b.label.startswith("Compute a synthetic image for each of the 32")
    ).click()
    app.run()
    for _second in range(240):
        app.run()
        if not any(button.label == "Cancel" for button in app.button):
            break
        time.sleep(0.5)
    assert not app.exception
    assert "In the synthetic image it is" in words(app)
    assert len(figures(app)["prototype_tiles"]["layout"]["images"]) == 2
    again = run(models="cnn-se", prototype_stage="1", channel="5")
    assert not again.button
    assert "In the synthetic image it is" in words(again)


@pytest.mark.usefixtures("without_pictures")
def test_without_test_pictures_the_page_says_so():
    app = run(searched="test")
    assert not app.get("plotly_chart")
    assert any("not here yet" in info.value for info in app.info)
    assert any(button.label.startswith("Compute a synthetic") for button in app.button)


@pytest.mark.parametrize("name", [f.stem for f in (ROOT / "checkpoints").glob("*.safetensors")])
def test_every_network_ships_with_synthetic_images_of_its_own_weights(name):
    checkpoint = load(ROOT / f"checkpoints/{name}.safetensors")
    weights = weights_digest(checkpoint.model)
    for stage in checkpoint.architecture.stages:
        made = read(
            mosaic_file(ROOT / "checkpoints/prototypes", name, stage.layers["relu"]), weights
        )
        assert made is not None, stage.name


def test_pictures_that_ship_are_shown_at_once_if_they_are_of_these_weights(tmp_path, monkeypatch):
    shutil.copy(ROOT / "checkpoints/cnn-none.safetensors", tmp_path)
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    made = {
        "picture": np.full((64, 32, 32, 3), 90, np.uint8),
        "mean": np.arange(64, dtype=np.float32),
        "activation": np.arange(64, dtype=np.float32) + 100,
    }
    model = load(tmp_path / "cnn-none.safetensors").model
    file = mosaic_file(tmp_path / "prototypes", "cnn-none", "relu2")
    file.parent.mkdir()
    file.write_bytes(encode(made, "0123456789abcdef"))  # of other weights
    query = {"models": "cnn-none", "prototype_stage": "2", "channel": "7"}
    assert [b.label for b in run(**query).button if b.label.startswith("Compute a synthetic")]

    file.write_bytes(encode(made, weights_digest(model)))
    app = run(**query)
    assert "In the synthetic image it is 107.00." in words(app)
    assert not [b for b in app.button if b.label.startswith("Compute a synthetic")]
