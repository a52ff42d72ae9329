"""Compare and Feature maps: the first screen's figures say what the networks compute."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.explain.trace import trace
from cnnattn.figures.kit.frame import letters, shortened
from cnnattn.figures.kit.palette import NEUTRAL, WRONG
from cnnattn.figures.scores.predictions import Prediction, PredictionColumn, predictions
from cnnattn.nets.checkpoint import load
from cnnattn.nets.models import CIFAR10_CLASSES
from cnnattn.web.compare.first_screen import _answers
from cnnattn.web.library.charts import why_own_scales
from cnnattn.web.library.pickers import FIRST_SAMPLE
from tests.pages.opening import decoded, figures, open_page, words

ROOT = Path(__file__).parents[2]


def network(name: str):
    return load(ROOT / f"checkpoints/{name}.safetensors").model


def test_home_opens_on_a_picture_that_the_models_differ_on_and_the_widest_stage():
    app = open_page()
    first = next(sample for sample in samples() if sample.name == FIRST_SAMPLE)
    shown = to_input(first.picture)
    said = [network(n)(shown).argmax(1).item() for n in ("cnn-none", "cnn-se")]
    assert CIFAR10_CLASSES[said[0]] != first.label == CIFAR10_CLASSES[said[1]]
    traced = trace(network("cnn-se"), shown, [f"attention{i}.gate" for i in "123"])
    spreads = [traced.activations[f"attention{i}.gate"].std().item() for i in "123"]
    assert app.session_state["stage"] == str(int(np.argmax(spreads)) + 1)
    bars = [t for t in figures(app)[3]["data"] if t["type"] == "bar"]
    widest = f"attention{int(np.argmax(spreads)) + 1}.gate"
    gates = traced.activations[widest].detach().flatten().numpy()
    heights = bars[0]["y"]
    assert len(bars) == 1
    assert len(figures(app)) <= 6
    ranking = np.argsort(-gates, kind="stable")
    assert list(bars[0]["customdata"]) == ranking.tolist()
    np.testing.assert_allclose(decoded(heights), gates[ranking] - gates.mean(), atol=1e-6)


def test_what_nobody_knows_is_not_wrong():
    for judged, colour in ((True, WRONG), (False, NEUTRAL)):
        bar = Prediction("cat", 0.5, is_predicted=True, is_judged=judged)
        figure = predictions([PredictionColumn("T", "#000000", [bar])])
        assert figure.data[0].marker.color[0] == colour


def test_scales_part_where_signs_meet_or_one_model_would_vanish():
    ones = np.ones((2, 3, 3))
    assert not why_own_scales([("A", ones), ("B", 0.5 * ones)])
    assert "negative" in why_own_scales([("A", ones), ("B", -ones)])
    assert "B would be black" in why_own_scales([("A", ones), ("B", 0.1 * ones)])


@pytest.mark.parametrize(("text", "most"), [("CNN · SE", 20), ("CNN · no attention", 9)])
def test_a_long_title_is_cut_to_its_room(text, most):
    shown = shortened(text, most)
    assert letters(shown) <= most
    assert (shown == text) == (letters(text) <= most)
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def test_a_resnet_stage_names_its_block():
    app = open_page("pages/1_Feature_maps.py", models="resnet20-se", rows="cat-1")
    words = " ".join(t["text"] for t in figures(app)[0]["layout"]["annotations"])
    assert all(f"block {i}.3" in words or f"Stage {i} (b" in words for i in "123")


def test_one_click_shows_the_lessons_figure():
    app = open_page("pages/1_Feature_maps.py", models="cnn-se", rows="current,dog-1")
    next(b for b in app.button if "Day 46" in b.label).click()
    app.run()
    assert app.session_state["layers"] == ["conv1", "conv2", "conv3"]
    figure = figures(app)[0]
    labels = [t for t in figure["data"] if t.get("mode") == "text"]
    assert [t["text"] for t in labels] == [[str(c) for c in range(9)] * 2] * 3
    over = [t for t in figure["data"] if t["type"] == "heatmap"]
    assert len(over) == 3 + 2  # a mosaic a layer, a heat map a picture


def test_a_difference_of_maps_for_different_classes_says_so():
    def title(sample: str) -> str:
        app = open_page(sample=sample)
        chart = next(chart for chart in app.get("plotly_chart") if chart.key == "first_heat")
        texts = [each["text"] for each in json.loads(chart.proto.spec)["layout"]["annotations"]]
        return next(text for text in texts if "−" in text)

    assert "<b>bird − airplane</b>" in title("bird-2")
    assert "<b>second − first</b>" in title("airplane-1")  # both say airplane


def test_each_class_stands_once_at_the_end_of_the_path_with_the_marks_of_its_models():
    def pair(name: str, colour: str) -> tuple:
        classes = ("cat", "dog", "frog", "deer")
        said = np.eye(4)[classes.index(name)]
        return SimpleNamespace(classes=classes, colour=colour), SimpleNamespace(probabilities=said)

    square = "<span style='color:{}'>■</span>".format
    told = _answers([pair("cat", "red"), pair("dog", "blue"), pair("cat", "green")])
    assert told == f"{square('red')}{square('green')} cat<br>{square('blue')} dog"
    many = [pair(name, "red") for name in ("cat", "dog", "frog", "deer")]
    assert _answers(many).split("<br>")[1:] == [f"{square('red')} dog", "…"]
    assert len(_answers(many[:3]).split("<br>")) == 3


@pytest.mark.parametrize("source", ["upload", "camera", "test"])
def test_until_there_is_another_picture_the_sample_that_was_shown_stays(source, monkeypatch):
    monkeypatch.setattr("cnnattn.web.library.pickers.dataset", lambda: None)
    app = open_page(sample="cat-1", source=source)
    assert "True class: cat" in words(app)
    assert "The picture shown is a sample" in words(app)
