"""The page Heat maps says what the networks compute, and why a map shows nothing."""

import json
import re
import time

import numpy as np
import pytest
import torch

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.explain.cam import enlarge, heatmap
from cnnattn.explain.faithfulness import area, confidence_through, curves, hard_masks, mass_on
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.places import ROOT
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library import jobs
from cnnattn.web.shell.text import percent
from tests.pages.opening import decoded, open_page, sound, words

SE = ModelSpec("cnn", "se")
SAMPLE = next(sample for sample in samples() if sample.name == "dog-2")


def run(**query):
    asked = {"sample": SAMPLE.name, "faithful": "1", **query}
    return sound(open_page("pages/4_Heat_maps.py", **asked))


def chart(app, index=0):
    return json.loads(app.get("plotly_chart")[index].proto.spec)


def maps(figure):
    return [decoded(trace["customdata"]) for trace in figure["data"] if trace["type"] == "heatmap"]


def texts(figure):
    return [text["text"] for text in figure["layout"]["annotations"]]


def captions(app):
    return "\n".join(caption.value for caption in app.caption)


def model_of(name):
    return load(ROOT / f"checkpoints/{name}.safetensors").model


def test_maps_and_the_numbers_beside_them_are_what_the_networks_compute():
    app = run(models="cnn-se,resnet20-none", methods="grad_cam,occlusion,integrated_gradients")
    figure = chart(app)
    shown, words = iter(maps(figure)), iter(text for text in texts(figure) if "×" in text)
    x = to_input(SAMPLE.picture)
    for name, layer in (("cnn-se", "attention3"), ("resnet20-none", "stage3.2.relu2")):
        model = model_of(name)
        target = int(model(x)[0].argmax())
        for method in ("grad_cam", "occlusion", "integrated_gradients"):
            expected = heatmap(model, x, target, layer, method)
            np.testing.assert_allclose(next(shown), expected[0], rtol=1e-3, atol=1e-5)
            found = curves(model, x, enlarge(expected, (32, 32)), target, 16)
            on = mass_on(enlarge(expected, (32, 32)), torch.tensor(SAMPLE.mask))
            beside = next(words).replace("<br>", " ")
            for word, value in (
                ("deletion", area(found.deletion)),
                ("insertion", area(found.insertion)),
                ("energy inside", on),
            ):
                assert f"{word} {percent(value.item())}" in beside
            if method == "integrated_gradients":
                numbers = re.search(r"sum ([\d.]+), expected ([\d.]+)", beside).groups()
                logits = model(torch.cat([x, torch.zeros_like(x)]))[:, target]
                due = [float(expected.sum()), float(logits[0] - logits[1])]
                assert [float(number) for number in numbers] == pytest.approx(due, abs=0.006)


def test_why_one_class_and_not_another():
    app = run(models="cnn-se", methods="hires_cam", wanted="dog", against="cat", heat_stage="2")
    model, x = model_of("cnn-se"), to_input(SAMPLE.picture)
    figure = chart(app)
    expected = heatmap(model, x, (5, 3), "attention2", "hires_cam")[0]
    np.testing.assert_allclose(maps(figure)[0], expected, rtol=1e-3, atol=1e-5)
    dog, cat = model(x)[0, 5].item(), model(x)[0, 3].item()
    sure = percent(1 / (1 + np.exp(cat - dog)))
    assert any(f"target: dog, not cat; confidence {sure}" in text for text in texts(figure))
    app = run(models="cnn-se", wanted="dog", against="dog")
    assert "“dog” cannot be contrasted with itself" in app.warning[0].value


def test_a_layer_chosen_by_name_and_a_link_that_makes_no_sense():
    app = run(models="cnn-se", methods="layer_cam", heat_stage="other", heat_layer="conv2")
    expected = heatmap(model_of("cnn-se"), to_input(SAMPLE.picture), 5, "conv2", "layer_cam")[0]
    np.testing.assert_allclose(maps(chart(app))[0], expected, rtol=1e-3, atol=1e-5)
    app = run(models="cnn-se", methods="gpt", heat_stage="9", wanted="unicorn", threshold="-3")
    assert len(maps(chart(app))) == 4


def test_what_a_map_keeps_of_the_picture():
    app = run(models="cnn-se", methods="grad_cam", draw="kept", threshold="30")
    model, x = model_of("cnn-se"), to_input(SAMPLE.picture)
    mask = hard_masks(heatmap(model, x, 5, "attention3"), (32, 32), 0.3)
    sure = confidence_through(model, x, mask, 5)[1].item()
    [words] = [text for text in texts(chart(app)) if "keeps" in text]
    assert f"keeps {percent(mask.float().mean().item())} of the image" in words
    assert f"alone: {percent(sure)}" in words.replace("<br>", " ")


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Saves a changed network as the only checkpoint."""
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)

    def put(spec=SE, change=lambda model: None):
        torch.manual_seed(0)
        model = build(spec)
        change(model)
        save(tmp_path / f"{spec.arch}-{spec.attention}.safetensors", model, spec, {})

    return put


def test_a_blank_map_is_explained(network):
    network(change=lambda model: torch.nn.init.zeros_(model.fc2.weight))
    assert "the map is blank: no gradient reaches this layer" in captions(run(methods="grad_cam"))


def test_weights_that_are_no_numbers_are_explained(network, monkeypatch):
    # As in a network that answers grey pictures with numbers, and others not.
    monkeypatch.setattr("cnnattn.nets.checkpoint._answers_in_numbers", lambda *_: True)
    network(change=lambda model: torch.nn.init.constant_(model.fc1.weight, torch.inf))
    assert "some values are not numbers" in captions(run(methods="grad_cam,eigen_cam,occlusion"))


def test_a_map_against_the_class_is_explained_unless_signed(network):
    def against(model):  # all weights that lead from the last maps to class 0 are negative
        for layer in (model.fc1, model.fc2):
            layer.weight.data.abs_()
        model.fc2.weight.data[0] *= -1

    network(change=against)
    query = {"methods": "hires_cam", "wanted": "airplane"}
    assert "no value is above 0" in captions(run(**query))
    assert "no value is above 0" not in captions(run(**query, signed="1"))


def test_a_network_without_spatial_attention_or_without_the_class_says_so(network):
    network(SE)
    network(ModelSpec("cnn", "cbam", ("dog", "house")))
    app = run(models="cnn-se,cnn-cbam", methods="attention", wanted="dog")
    assert "SE and ECA weigh whole channels" in captions(app)
    assert len(maps(chart(app))) == 1
    app = run(models="cnn-se,cnn-cbam", methods="grad_cam", wanted="house")
    assert "does not have the class “house”" in app.warning[0].value
    assert len(maps(chart(app))) == 1


def test_several_pictures_and_shuffled_weights():
    app = run(models="cnn-se", methods="grad_cam", sheet="cat-1,ship-1,frog-2")
    sheet = chart(app, 2)
    for name, cam in zip(("cat-1", "ship-1", "frog-2"), maps(sheet), strict=True):
        x = to_input(next(sample for sample in samples() if sample.name == name).picture)
        model = model_of("cnn-se")
        expected = heatmap(model, x, int(model(x)[0].argmax()), "attention3")[0]
        np.testing.assert_allclose(cam, expected, rtol=1e-3, atol=1e-5)
    app.session_state["shuffle"] = True
    app.run()
    assert not app.exception
    shuffled = chart(app, 3)
    assert len(maps(shuffled)) == 9  # as trained, and after each of the 8 layers
    assert (
        sum(
            "as trained" in text and "rank correlation 1.00" in text.replace("<br>", " ")
            for text in texts(shuffled)
        )
        == 1
    )


def test_the_table_says_how_much_would_be_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "RESULTS", tmp_path)
    app = run(models="cnn-none,cnn-se", methods="grad_cam,layer_cam,hires_cam")
    assert any("Measure on 43 images" in button.label for button in app.button)
    said = words(app)
    assert "3 × 43 × 2 = 258 heat maps" in said
    assert "200 images" not in said


def test_the_table_over_all_samples_runs_behind_the_page_and_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "RESULTS", tmp_path)
    query = {"models": "cnn-se", "methods": "grad_cam", "sheet": "cat-1"}
    app = run(**query)
    next(button for button in app.button if "Measure on 43 images" in button.label).click().run()
    deadline = time.monotonic() + 100
    while not list(tmp_path.glob("*.npz")) and time.monotonic() < deadline:
        time.sleep(0.5)
    app = run(**query)
    table = chart(app, -1)
    words = " ".join(texts(table))
    assert "Deletion (lower is better)" in words
    assert "Pointing game hits" in words
    dots = [trace for trace in table["data"] if trace["mode"] == "markers"]
    assert len(dots) == 6 * 3  # six measures of one method and two controls
    assert all("CNN · SE, " in dot["hovertext"] for dot in dots)


@pytest.mark.parametrize(("sample", "falls"), [("ship-3", True), ("dog-2", False)])
def test_an_insertion_curve_that_falls_is_explained_and_no_other(sample, falls):
    app = run(models="cnn-se", methods="grad_cam", sample=sample)
    picture = next(each for each in samples() if each.name == sample).picture
    model, x = model_of("cnn-se"), to_input(picture)
    target = int(model(x)[0].argmax())
    curve = curves(model, x, heatmap(model, x, target, "attention3"), target, 16).insertion[0]
    start, end = (percent(value.item()) for value in (curve[0], curve[-1]))
    assert bool(curve[0] > curve[-1]) == falls
    assert (f"insertion ends lower than it starts ({start} → {end})" in captions(app)) == falls
