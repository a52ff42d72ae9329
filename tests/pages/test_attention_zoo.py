"""The page Attention zoo: every card, the comparison, and what it says when something is amiss."""

import inspect
import json
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats

from cnnattn.nets import attention
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.checkpoint import read_card, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.places import ROOT
from cnnattn.training.results import record, result_of
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.zoo.zoo_results import milliseconds
from tests.pages.opening import open_page, words

SHIPPED = ROOT / "checkpoints"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of checkpoints with two of those that ship."""
    for name in ("cnn-none", "cnn-se"):
        shutil.copy(SHIPPED / f"{name}.safetensors", tmp_path)
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    return tmp_path


run = partial(open_page, "pages/3_Attention_zoo.py")


@pytest.mark.parametrize("kind", [kind for kind in attention.ATTENTION if kind != "none"])
def test_a_card_shows_the_costs_and_the_source_of_its_module(kind, folder):
    app = run(zoo_kind=kind, zoo_arch="resnet20")
    costs = app.dataframe[0].value
    counts = [
        sum(p.numel() for p in build(ModelSpec("resnet20", k)).parameters()) for k in (kind, "none")
    ]
    assert costs["parameters"].sum() == counts[0] - counts[1]
    assert list(costs["modules"]) == [3, 3, 3]
    assert list(costs["maps"]) == ["16×32×32", "32×16×16", "64×8×8"]
    main = type(attention.ATTENTION[kind](32))
    assert inspect.getsource(main).strip() in app.code[0].value
    compile(app.code[0].value, "source", "exec")
    assert not app.error
    assert "No trained ResNet-20" in app.info[0].value
    assert len(app.get("plotly_chart")) == 3  # no demo, no comparison: nothing ships here


@pytest.mark.parametrize(
    ("kind", "told", "never"),
    [
        ("se", "where a gate is close to 0", "it adds to"),
        ("simam", "No weight is below 0.62", "close to 0"),
        ("gc", "In the CNN it adds to the output of the ReLU", "it weights"),
        ("nonlocal", "In the CNN it adds to the output of the ReLU", "it weights"),
    ],
)
def test_where_it_stands_a_module_does_what_its_kind_does(kind, told, never, folder):
    shown = words(run(zoo_kind=kind))
    assert told in shown
    assert never not in shown
    assert "the thick frame is the module's output" not in shown
    frame = "the softmax" if kind in ("gc", "nonlocal") else "the gate"
    assert f"thick frame: {frame}" in shown


def test_the_module_that_ships_is_shown_at_work(folder):
    app = run()
    assert len(app.get("plotly_chart")) == 5
    way = json.loads(app.get("plotly_chart")[1].proto.spec)
    assert any(trace["type"] == "bar" for trace in way["data"])
    shown = words(app)
    for name in ("cnn-none", "cnn-se"):
        accuracy = read_card(folder / f"{name}.safetensors")[1]["results"]["accuracy"]
        assert accuracy * 100 in list(app.dataframe[1].value["accuracy (%)"])
        assert f"{accuracy:.2%}" in shown or name == "cnn-none"
    assert "With one seed per kind, no difference can be told from chance." in shown
    assert "At least two seeds per kind are needed" in shown


def figure(app, place):
    return json.loads(app.get("plotly_chart")[place].proto.spec)


def band(app):
    """Top and bottom of the grey band in the first panel of the figure of the comparison."""
    shapes = [s for s in figure(app, -1)["layout"]["shapes"] if s["type"] == "rect"]
    return shapes[0]["y0"], shapes[0]["y1"]


@pytest.mark.parametrize(
    ("gain", "claim", "overall"),
    [
        (0.02, "That is more than seed noise explains", "Better than seed noise explains: ECA."),
        (-0.02, "That is more than seed noise explains", "Worse than seed noise explains: ECA."),
        (
            0.0005,
            "neither a gain nor a loss can be claimed",
            "Indistinguishable from no attention: ECA.",
        ),
    ],
)
def test_a_gain_is_claimed_only_beyond_the_spread_over_seeds(folder, gain, claim, overall):
    (folder / "cnn-se.safetensors").unlink()
    reference = result_of(*read_card(folder / "cnn-none.safetensors"))
    for seed, wobble in ((1, 0.001), (2, -0.001)):  # three seeds, deviation 0.1 points
        accuracy = reference.accuracy + wobble
        record(folder / "results.json", replace(reference, seed=seed, accuracy=accuracy))
    better = replace(reference, attention="eca", accuracy=reference.accuracy + gain)
    record(folder / "results.json", better)
    app = run(zoo_kind="eca")
    shown = words(app)
    assert f"{100 * gain:+.2f} percentage points" in shown
    assert claim in shown
    assert overall in shown
    assert "varies by ±0.10 percentage points" in shown
    # two means of 3 and 1, deviation 0.1, t with 2 degrees of freedom: 4.303 · 0.1 · √(4/3)
    assert (
        "the means of two equally good kinds (seeds: 1 and 3) differ by up to 0.50 points (95%)"
        in shown
    )
    assert "classified correctly (one seed)" in shown
    assert "without attention (mean over 3 seeds)" in shown
    low, high = band(app)
    assert (high - low) / 2 == pytest.approx(4.3027 * 0.1 * (4 / 3) ** 0.5, abs=1e-4)
    assert (high + low) / 2 == pytest.approx(100 * reference.accuracy)
    assert "Means are compared without pairing" in shown


def test_the_same_seeds_are_paired_and_the_band_is_that_of_scipy_s_paired_test(folder):
    (folder / "cnn-se.safetensors").unlink()
    reference = result_of(*read_card(folder / "cnn-none.safetensors"))
    none = [reference.accuracy + step for step in (0, 0.01, -0.01, 0.02)]
    eca = [
        accuracy + gain for accuracy, gain in zip(none, (0.004, 0.006, 0.005, 0.005), strict=True)
    ]
    for kind, accuracies in {"none": none, "eca": eca}.items():
        for seed, accuracy in enumerate(accuracies):
            result = replace(reference, attention=kind, seed=seed, accuracy=accuracy)
            record(folder / "results.json", result)
    app = run(zoo_kind="eca")
    expected = stats.ttest_rel(eca, none).confidence_interval(0.95)
    low, high = band(app)
    assert (high - low) / 2 == pytest.approx(50 * (expected.high - expected.low))
    assert "Better than seed noise explains: ECA." in words(app)  # by 0.5 ± 0.13 points
    assert "Networks with the same seed are compared with each other" in words(app)
    chance = dict(
        zip(*(app.dataframe[1].value[c] for c in ("attention", "chance (±pp)")), strict=True)
    )
    assert chance["ECA"] == pytest.approx((high - low) / 2)


@pytest.mark.parametrize(
    ("eca", "told"),
    [
        # Seed by seed 0.4, 0.7, 0.7 points above: mean 0.6, deviation √0.03 = 0.1732, so the mean
        # has the error 0.1732 / √3 = 0.1; t with 2 degrees of freedom: 4.303 · 0.1 = 0.43.
        ((0.804, 0.817, 0.827), ("81.60%", "+0.60", "0.43", "That is more than seed noise")),
        # -0.6, 0.6, 0.6 points: mean 0.2, deviation √0.48 = 0.6928, 4.303 · 0.6928 / √3 = 1.72
        ((0.794, 0.816, 0.826), ("81.20%", "+0.20", "1.72", "neither a gain nor a loss")),
    ],
)
def test_an_accuracy_is_a_mean_over_seeds_and_the_bound_is_that_of_such_means(folder, eca, told):
    (folder / "cnn-se.safetensors").unlink()
    reference = result_of(*read_card(folder / "cnn-none.safetensors"))
    for kind, accuracies in {"none": (0.80, 0.81, 0.82), "eca": eca}.items():
        for seed, accuracy in enumerate(accuracies):
            result = replace(reference, attention=kind, seed=seed, accuracy=accuracy)
            record(folder / "results.json", result)
    shown = words(run(zoo_kind="eca"))
    mean, difference, chance, verdict = told
    assert f"**{mean}** of {reference.pictures:,} test images are classified correctly" in shown
    assert f"correctly (mean over 3 seeds), {difference} percentage points" in shown
    bound = f"the means of two equally good kinds (seeds: 3) differ by up to {chance} points (95%)"
    assert bound in shown
    assert verdict in shown
    assert "two such networks" not in shown


def test_how_much_a_module_attends_is_told_drawn_and_put_into_the_table(folder):
    spec, card = read_card(folder / "cnn-se.safetensors")
    gate = {"over_pictures": 0.0123, "between_classes": 0.01, "explained": 0.5, "mean": 0.5,
            "open": 0, "shut": 0, "over_places": None}  # fmt: skip
    card["results"]["gate_variability"] = {
        "attention1.gate": gate | {"over_pictures": 0.9}, "attention3.gate": gate,
    }  # fmt: skip
    save(folder / "cnn-se.safetensors", build(spec), spec, card)
    shutil.copy(SHIPPED / "cnn-gc.safetensors", folder)
    app = run(zoo_axis="variability")
    shown = words(app)
    assert "It hardly attends" in shown
    assert "only ±0.012 (below 0.02)" in shown
    table = app.dataframe[1].value.set_index("attention")["gate variability"]
    assert table["SE"] == 0.0123
    assert np.isnan(table["GC"])
    assert "Without a value, since they add and have no gates: GC." in shown
    means = figure(app, -1)["data"][0]
    assert means["x"] == [0.0123]
    accuracy = card["results"]["accuracy"]
    assert means["y"] == [pytest.approx(100 * accuracy)]

    gate["over_pictures"] = 0.125
    save(folder / "cnn-se.safetensors", build(spec), spec, card)
    shown = words(run())
    assert "vary by ±0.125; the class explains 50%" in shown.replace(" %", "%")
    assert "It adds to the feature maps" in words(run(zoo_kind="gc"))


def test_an_older_card_tells_the_variability_by_its_class_profile(folder):
    _spec, card = read_card(folder / "cnn-se.safetensors")
    profile = card["results"]["gates"]["attention3.gate"]
    mean, spread = np.array(profile["mean"]), np.array(profile["spread"])
    deviation = np.sqrt(mean.var(0) + (spread**2).mean(0)).mean()  # classes of equal size
    shown = app = run()
    table = app.dataframe[1].value.set_index("attention")["gate variability"]
    if "gate_variability" not in card["results"]:
        assert table["SE"] == pytest.approx(deviation)
    assert f"±{table['SE']:.3f}" in words(shown)


def test_a_resnet_s_stages_say_which_block_is_shown(folder):
    stages = next(b for b in run(zoo_arch="resnet20").button_group if b.label == "Stage")
    assert stages.options[0] == "Stage 1 (block 1.3)"


def test_networks_trained_in_another_way_are_left_out_by_name(folder):
    reference = result_of(*read_card(folder / "cnn-none.safetensors"))
    longer = reference.config | {"epochs": 99}
    record(folder / "results.json", replace(reference, attention="gc", config=longer))
    assert "Left out, since trained in another way: GC." in words(run())


def test_a_damaged_list_of_results_costs_one_sentence(folder):
    (folder / "results.json").write_text("[{")
    (folder / "speed.json").write_text("[")
    app = run()
    assert [w.value for w in app.warning] == [
        "results.json cannot be read as a list of results; take it away and record them again."
    ]


def test_without_any_checkpoint_the_rest_is_still_there(folder):
    for file in folder.iterdir():
        file.unlink()
    app = run(zoo_kind="nonlocal", gate_stage="3")
    assert "No trained CNN with Non-local ships yet" in app.info[0].value
    assert "There is no result of this network yet." in words(app)
    assert len(app.get("plotly_chart")) == 3


def test_the_times_that_ship_are_those_of_all_networks():
    for arch in ARCHITECTURES:
        times = {kind: milliseconds(arch, kind) for kind in attention.ATTENTION}
        assert all(time is not None and time > 0 for time in times.values())
