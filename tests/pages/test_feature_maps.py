"""The page Feature maps: the lesson's figure, and networks without attention."""

import shutil

import numpy as np
import pytest

from cnnattn.data.samples import samples
from cnnattn.places import ROOT
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.checkpoints import analysed, model
from tests.pages.opening import figures, open_page, sound, words

PAGE = "pages/1_Feature_maps.py"


def lesson(**query):
    app = open_page(PAGE, rows="cat-1,ship-1", **query)
    app.button(key="lesson").click().run()
    return sound(app)


@pytest.mark.parametrize("models", ["cnn-none,cnn-se", "cnn-none", "resnet20-se", "cnn-gc,cnn-eca"])
def test_the_lesson_s_figure_is_of_the_two_networks_that_it_compares(models):
    app = lesson(models=models)
    state = app.session_state
    assert (state["models"], state["model"]) == (["cnn-none", "cnn-se"], "cnn-se")
    assert state["layers"] == ["conv1", "conv2", "conv3"]
    app.button_group(key="model").set_value("cnn-none").run()
    assert sound(app).session_state["layers"] == ["conv1", "conv2", "conv3"]


def test_without_these_two_the_lesson_s_figure_promises_no_attention(tmp_path, monkeypatch):
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    shutil.copy(ROOT / "checkpoints/resnet20-none.safetensors", tmp_path)
    app = lesson()
    assert app.session_state["model"] == "resnet20-none"
    assert app.session_state["layers"] == [f"stage{i}.2.conv2" for i in (1, 2, 3)]
    assert "after attention" not in app.button(key="lesson").help


def test_the_lesson_s_heat_maps_have_a_scale_and_say_what_they_explain():
    app = lesson()
    network = model(ROOT / "checkpoints/cnn-se.safetensors")
    pictures = {s.name: s.picture for s in samples()}
    explained = [
        network.classes[int(np.argmax(analysed(network, pictures[name]).probabilities))]
        for name in ("cat-1", "ship-1")
    ]
    assert (
        f"layer attention3 for the predicted class, from the top down {', '.join(explained)};"
        in (words(app))
    )
    assert "jet" in words(app)
    layout = figures(app)[0]["layout"]
    bars = [axis["colorbar"] for key, axis in layout.items() if key.startswith("coloraxis")]
    assert len(bars) == 4
    assert ["0", "0.5", "1"] in [bar["ticktext"] for bar in bars]
    assert all(len(bar["ticktext"]) >= 2 for bar in bars)  # of signed maps, 0 alone tells nothing


@pytest.mark.parametrize("name", ["cnn-none", "cnn-se"])
def test_every_colour_bar_of_the_convolutions_has_its_ends(name):
    app = sound(open_page(PAGE, models=name, rows="cat-1", layers="conv1,conv2,conv3"))
    layout = figures(app)[0]["layout"]
    bars = [axis["colorbar"] for key, axis in layout.items() if key.startswith("coloraxis")]
    assert [len(bar["ticktext"]) >= 2 for bar in bars] == [True] * 3


@pytest.mark.parametrize(
    ("name", "last"), [("cnn-none", "relu{}"), ("resnet20-none", "stage{}.2.relu2")]
)
def test_a_network_without_attention_shows_none(name, last):
    app = sound(open_page(PAGE, models=name, rows="cat-1"))
    layers = app.selectbox(key="any_layer").options
    assert not [layer for layer in layers if "attention" in layer]
    assert app.session_state["layers"] == [last.format(i) for i in (1, 2, 3)]
    titles = [text["text"] for text in figures(app)[0]["layout"]["annotations"]]
    assert any("Stage 1" in title for title in titles)
    drawn = [mark for trace in figures(app)[1]["data"] for mark in trace.get("customdata", [])]
    assert drawn == layers
    assert "no attention at" not in words(app)


def test_a_link_to_attention_that_is_not_there_says_so_and_shows_the_maps_of_the_relu():
    app = open_page(PAGE, models="cnn-none", layers="attention1,conv2", any_layer="attention3")
    told = "no attention at attention1, attention3: the maps there are those of relu1, relu3"
    assert told in words(sound(app))
    assert app.session_state["any_layer"] == "relu3"
    assert app.session_state["layers"] == ["conv2"]


def test_another_model_shows_its_own_stages_until_somebody_chooses_layers():
    app = sound(open_page(PAGE, models="cnn-none,cnn-se", rows="cat-1"))
    for name, last in (("cnn-se", "attention"), ("cnn-none", "relu"), ("cnn-se", "attention")):
        app.button_group(key="model").set_value(name).run()
        assert sound(app).session_state["layers"] == [f"{last}{i}" for i in (1, 2, 3)]
        assert "no attention at" not in words(app)
    app.multiselect(key="layers").set_value(["attention2", "conv1"]).run()
    app.button_group(key="model").set_value("cnn-none").run()
    assert app.session_state["layers"] == ["conv1"]
    assert "no attention at attention2" in words(sound(app))


def test_the_grad_cam_of_a_network_without_attention_is_of_its_relu():
    app = sound(open_page(PAGE, models="cnn-none", rows="cat-1", heat="1"))
    assert "Grad-CAM of layer relu3 " in words(app)
