"""The page Evaluation says what the networks and the statistics say, of any set of pictures."""

import html
import json
import re
import time
from functools import partial
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import binomtest

from cnnattn.data.corrupt import corrupt
from cnnattn.data.pictures import input_picture, normalise
from cnnattn.data.samples import samples
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.places import ROOT
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library import jobs
from cnnattn.web.library.folders import folder_state
from cnnattn.web.shell.text import percent
from tests.pages.opening import open_page, words

MODELS = ("cnn-none", "cnn-se")


run = partial(open_page, "pages/5_Evaluation.py")


def charts(app):
    return {
        chart.proto.id.rpartition("-")[2]: json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
    }


def galleries(app):
    """Of each gallery, (link, caption lines) of its pictures."""
    found = []
    for element in app.get("html"):
        figures = re.findall(r"<figure>(.*?)</figure>", element.proto.body, re.S)
        if figures:
            links = [re.search(r'href="(.*?)"', figure) for figure in figures]
            found.append(
                [
                    (link and html.unescape(link[1]), re.sub("<.*?>", "\n", figure).split("\n"))
                    for link, figure in zip(links, figures, strict=True)
                ]
            )
    return found


def answers(pictures, name):
    model = load(ROOT / f"checkpoints/{name}.safetensors").model
    with torch.inference_mode():
        return model(normalise(torch.from_numpy(pictures))).softmax(1).numpy()


SAMPLES = np.stack([input_picture(sample.picture) for sample in samples()])
LABELS = np.array([CIFAR10_CLASSES.index(sample.label) for sample in samples()])


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No data set but the test's own, and nothing kept from elsewhere."""
    monkeypatch.setattr(loaders, "DATA", tmp_path / "data")
    monkeypatch.setattr(jobs, "RESULTS", tmp_path / "results")


def write_folder(folder, names=None, count=40):
    """An image folder whose test pictures are ``count`` variants of the samples of a class."""
    rename = names or {}
    for split, many in (("train", 1), ("test", count)):
        for label in CIFAR10_CLASSES:
            place = folder / split / rename.get(label, label)
            place.mkdir(parents=True)
            of_class = [s for s in samples() if s.label == label]
            for i in range(many):
                seen = input_picture(of_class[i % len(of_class)].picture)
                Image.fromarray(np.roll(seen, i, 1)).save(place / f"{i:03}.png")


def start(app, label):
    """Press the button that starts a job, and wait for its result."""
    next(button for button in app.button if label in button.label).click().run()
    for _second in range(240):
        app.run()
        assert not app.exception
        if not any(button.label == "Cancel" for button in app.button):
            return
        time.sleep(0.5)
    raise TimeoutError(label)


def test_without_pictures_the_cards_answer():
    app = run()
    text = words(app)
    assert "From the model card" in text
    assert "test images are not here yet" in text
    for name in MODELS:
        results = load(ROOT / f"checkpoints/{name}.safetensors").card["results"]
        hits = round(results["accuracy"] * results["pictures"])
        ends = binomtest(hits, results["pictures"]).proportion_ci(0.95, "wilson")
        shown = f"{results['accuracy']:.1%} ({ends.low:.1%} to {ends.high:.1%})"
        assert shown in json.dumps(charts(app))
        confusion = np.array(results["confusion"])
        assert confusion.sum() == results["pictures"]
        assert str(confusion[3, 5]) in json.dumps(charts(app))  # cats called dogs
    assert "The card stores counts only" in text
    assert not galleries(app)


def test_the_samples_are_answered_at_once_and_rightly():
    app = run(tested="samples")
    said = {name: answers(SAMPLES, name) for name in MODELS}
    right = {name: p.argmax(1) == LABELS for name, p in said.items()}
    only_a = (right["cnn-none"] & ~right["cnn-se"]).sum()
    only_b = (~right["cnn-none"] & right["cnn-se"]).sum()
    p = binomtest(only_a, only_a + only_b).pvalue
    text = words(app)
    assert (
        f"Of {len(SAMPLES)} images, {only_a} are correct only for CNN · no attention, {only_b} only"
        in text
    )
    assert f"in {percent(p, 1)} of such tests" in text
    for name in MODELS:
        assert f"{percent(right[name].mean(), 1)} (" in json.dumps(charts(app))
    # The gallery of those that only the first model knows, by the confidence of the second.
    index = np.flatnonzero(right["cnn-none"] & ~right["cnn-se"])
    index = index[np.argsort(-said["cnn-se"].max(1)[index], kind="stable")]
    links = [parse_qs(urlsplit(link).query) for link, _lines in galleries(app)[-1]]
    assert [link["sample"][0] for link in links] == [samples()[i].name for i in index]
    assert links[0]["models"] == ["cnn-none,cnn-se"]


def test_a_cell_of_the_matrix_shows_its_pictures():
    predicted = answers(SAMPLES, "cnn-se").argmax(1)
    true, called = next((t, c) for t, c in zip(LABELS, predicted, strict=True) if t != c)
    app = run(
        tested="samples",
        confused_by="cnn-se",
        true_class=CIFAR10_CLASSES[true],
        called_class=CIFAR10_CLASSES[called],
    )
    expected = {samples()[i].name for i in np.flatnonzero((true == LABELS) & (predicted == called))}
    links = [parse_qs(urlsplit(link).query) for link, _lines in galleries(app)[0]]
    assert {link["sample"][0] for link in links} == expected
    assert f"for {len(expected)} of {(true == LABELS).sum()} images of the class" in words(app)


def test_worse_pictures_are_other_pictures():
    app = run(tested="samples", worse="blur", worse_by="60")
    worse = corrupt(SAMPLES, "blur", 0.6)
    for name in MODELS:
        hits = (answers(worse, name).argmax(1) == LABELS).sum()
        assert f"correct on {hits} of {len(SAMPLES)} images" in json.dumps(charts(app))


def test_a_test_set_is_measured_behind_the_page_and_kept(tmp_path):
    write_folder(tmp_path / "data")
    app = run()
    assert "From the model card" not in words(app)  # the cards are of 10,000 other pictures
    assert "Not evaluated yet" in words(app)
    start(app, "Evaluate on all 400 images")
    pictures = loaders.dataset().test.pictures
    labels = loaders.dataset().test.labels
    right = {name: answers(pictures, name).argmax(1) == labels for name in MODELS}
    both = (~right["cnn-none"] & ~right["cnn-se"]).sum()
    names = next(b for b in app.get("button_group") if b.key == "disagreement")
    assert f"Both wrong ({both})" in [option.content for option in names.proto.options]
    again = run(models="cnn-se")  # of another session and another choice: nothing to compute
    assert not any("Evaluate on all" in button.label for button in again.button)
    shown = f"correct on {right['cnn-se'].sum()} of 400 images"
    assert shown in json.dumps(charts(again))
    # A picture beyond those that Compare offers by itself opens there all the same.
    label, far = "truck", 399
    compare = open_page(
        "app.py", **{"source": "test", "test_class": label, f"test_{label}": str(far)}
    )
    assert compare.session_state[f"test_{label}"] == str(far)
    said = CIFAR10_CLASSES[answers(pictures[[far]], "cnn-se").argmax()]
    assert f"CNN · SE predicts **{said}**" in words(compare)
    for odd in ("0", "9" * 5000):  # an airplane; more digits than Python turns into a number
        wrong = open_page("app.py", **{"source": "test", "test_class": "cat", "test_cat": odd})
        assert wrong.session_state["test_cat"] != odd


def test_curves_of_worse_and_worse_pictures():
    app = run(tested="samples", models="cnn-se", corrupted_count="20")
    start(app, "Run the robustness test")
    index = np.linspace(0, len(SAMPLES) - 1, 20).round().astype(int)
    figure = json.dumps(charts(app))
    for kind, strength in (("noise", 0.0), ("rotation", 0.4), ("occlusion", 1.0)):
        worse = corrupt(SAMPLES[index], kind, strength)
        hits = (answers(worse, "cnn-se").argmax(1) == LABELS[index]).mean()
        assert f"strength {strength:.0%}: {percent(hits, 1)} (" in figure


def test_the_count_follows_the_chosen_set_until_the_visitor_sets_one(tmp_path):
    write_folder(tmp_path / "data", count=6)
    app = run(tested="samples", models="cnn-se")
    assert app.number_input(key="corrupted_count").value == len(SAMPLES)
    app.segmented_control(key="tested").set_value("test").run()
    start(app, "Evaluate on all 60 images")
    assert app.number_input(key="corrupted_count").value == 60
    app.number_input(key="corrupted_count").set_value(12).run()
    app.segmented_control(key="tested").set_value("samples").run()
    assert app.number_input(key="corrupted_count").value == 12


def test_cancelling_keeps_nothing(tmp_path):
    write_folder(tmp_path / "data", count=2)
    app = run()
    with jobs._TURN:  # another computation, which never ends
        next(b for b in app.button if "Evaluate on all" in b.label).click().run()
        app.run()
        next(b for b in app.button if b.label == "Cancel").click().run()
        app.run()
    assert any("Evaluate on all 20" in button.label for button in app.button)
    assert not list((tmp_path / "results").glob("*"))


def test_other_classes_are_matched_by_name(tmp_path):
    write_folder(tmp_path / "mine", {"cat": "axolotl", "dog": "zebra"}, count=3)
    app = run(tested="folder", models="cnn-se")
    assert not app.error
    app.text_input(key="folder").set_value(str(tmp_path / "mine")).run()
    start(app, "Evaluate on all 30 images")
    text = words(app)
    assert "CNN · SE does not have the classes axolotl, zebra: 6 images are left out." in text
    assert "There are no images of these classes of CNN · SE: cat, dog." in text
    assert "of 24 images: " in json.dumps(charts(app))


def test_a_model_named_twice_in_a_link_is_one_model():
    app = run(models="cnn-se,cnn-se", tested="samples")
    assert app.multiselect(key="models").value == ["cnn-se"]
    assert [len(figure["data"]) for figure in charts(app).values()] == [
        len(figure["data"]) for figure in charts(run(models="cnn-se", tested="samples")).values()
    ]


def shown_accuracy(app):
    return re.search(r"correct on (\d+) of (\d+) images", json.dumps(charts(app))).groups()


def test_an_edited_picture_of_a_folder_asks_for_new_answers(tmp_path):
    write_folder(tmp_path / "mine", count=2)
    app = run(tested="folder", models="cnn-se")
    app.text_input(key="folder").set_value(str(tmp_path / "mine")).run()
    start(app, "Evaluate on all 20 images")
    before = loaders.open_dataset(tmp_path / "mine").test
    right = answers(before.pictures, "cnn-se").argmax(1) == before.labels
    assert shown_accuracy(app) == (str(right.sum()), "20")
    # Another picture of the same class in a file of the same name: a right one becomes wrong.
    index = int(np.flatnonzero(right)[0])
    wrong = SAMPLES[answers(SAMPLES, "cnn-se").argmax(1) != before.labels[index]][0]
    name = before.labels[index], index % 2
    Image.fromarray(wrong).save(
        tmp_path / "mine/test" / CIFAR10_CLASSES[name[0]] / f"{name[1]:03}.png"
    )
    folder_state.clear()  # of the last seconds
    app.run()
    start(app, "Evaluate on all 20 images")
    assert shown_accuracy(app) == (str(right.sum() - 1), "20")


def test_a_set_without_any_known_class_is_one_sentence(tmp_path):
    write_folder(tmp_path / "mine", {name: f"new {name}" for name in CIFAR10_CLASSES}, count=1)
    app = run(tested="folder", models="cnn-se")
    app.text_input(key="folder").set_value(str(tmp_path / "mine")).run()
    assert not app.exception
    assert "CNN · SE knows none of the classes of these images" in words(app)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: None, "There is no folder"),
        (lambda folder: folder.mkdir(), "There is no folder train in"),
        (lambda folder: (folder / "train").mkdir(parents=True), "holds no classes"),
    ],
)
def test_a_folder_that_is_no_data_set_is_one_sentence(tmp_path, make, sentence):
    make(tmp_path / "mine")
    if (tmp_path / "mine/train").exists():
        (tmp_path / "mine/test").mkdir()
    app = run(tested="folder")
    app.text_input(key="folder").set_value(str(tmp_path / "mine")).run()
    assert not app.exception
    assert len(app.error) == 1
    assert sentence in app.error[0].value


def test_a_picture_that_cannot_be_read_is_one_sentence(tmp_path):
    write_folder(tmp_path / "mine", count=1)
    (tmp_path / "mine/test/cat/000.png").write_bytes(b"\x89PNG no more")
    app = run(tested="folder")
    app.text_input(key="folder").set_value(str(tmp_path / "mine")).run()
    assert len(app.error) == 1
    assert "000.png cannot be used" in app.error[0].value


def test_a_model_without_results_and_pictures(tmp_path, monkeypatch):
    spec = ModelSpec("cnn", "se")
    save(tmp_path / "new.safetensors", build(spec), spec, {})
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    app = run(models="new")
    assert "Not evaluated yet: CNN · SE (new)." in words(app)


@pytest.fixture
def beside_a_quick_demo(tmp_path, monkeypatch):
    """The checkpoints cnn-se and "demo", whose card is that of a run on the samples."""
    shipped = load(ROOT / "checkpoints/cnn-se.safetensors")
    (tmp_path / "cnn-se.safetensors").symlink_to(ROOT / "checkpoints/cnn-se.safetensors")
    confusion = np.diag(np.bincount(LABELS, minlength=10)).tolist()
    results = {"pictures": len(SAMPLES), "accuracy": 1.0, "loss": 0.01, "confusion": confusion}
    card = {"data": "rehearsal (built-in samples)", "results": results}
    save(tmp_path / "demo.safetensors", shipped.model, shipped.spec, card)
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)


def titles(app):
    """The models whose accuracies are drawn."""
    return re.findall(r"<b>(.*?)</b><br>correct on", json.dumps(charts(app), ensure_ascii=False))


def test_results_on_other_pictures_do_not_stand_side_by_side(beside_a_quick_demo):
    for order in ("cnn-se,demo", "demo,cnn-se"):
        app = run(models=order)
        assert set(titles(app)) == {"CNN · SE"}
        assert "cards are of other images" in words(app)
        assert "only means memorised: CNN · SE (demo)." in words(app)
        assert "Not evaluated yet" not in words(app)


def test_a_quick_demo_alone_is_shown_as_what_was_memorised(beside_a_quick_demo):
    app = run(models="demo")
    assert set(titles(app)) == {"CNN · SE (demo)"}
    assert "100%, on its training images" in json.dumps(charts(app))
    assert "100% (" not in json.dumps(charts(app))  # no interval for other pictures
    assert "only means memorised: CNN · SE (demo)." in words(app)


def test_on_the_samples_a_quick_demo_is_no_better_model(beside_a_quick_demo):
    app = run(models="cnn-se,demo", tested="samples")
    assert set(titles(app)) == {"CNN · SE", "CNN · SE (demo)"}
    assert "only means memorised: CNN · SE (demo)." in words(app)
    assert "are correct only for CNN · SE" in words(app)
    assert "McNemar" not in words(app)


def test_a_quick_demo_is_measured_on_a_test_set_as_any_other(beside_a_quick_demo, tmp_path):
    write_folder(tmp_path / "data", count=2)
    app = run(models="cnn-se,demo")
    assert "Not evaluated yet: CNN · SE, CNN · SE (demo)." in words(app)
    start(app, "Evaluate on all 20 images")
    assert set(titles(app)) == {"CNN · SE", "CNN · SE (demo)"}
    assert "memorised" not in words(app)
