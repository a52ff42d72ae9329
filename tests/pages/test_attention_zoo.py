"""The page Attention zoo: every card, the comparison, and what it says when something is amiss."""

import inspect
import json
import shutil
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.nets import attention
from cnnattn.nets.checkpoint import read_card
from cnnattn.nets.models import ARCHITECTURES, ModelSpec, build
from cnnattn.training.results import record, result_of
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.zoo.zoo import KINDS
from cnnattn.web.zoo.zoo_results import milliseconds

SHIPPED = loaders.ROOT / "checkpoints"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of checkpoints with two of those that ship."""
    for name in ("cnn-none", "cnn-se"):
        shutil.copy(SHIPPED / f"{name}.safetensors", tmp_path)
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    return tmp_path


def run(**query):
    app = AppTest.from_file(str(loaders.ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/3_Attention_zoo.py")
    app.query_params.update({"lang": "en", **query})
    app.run()
    assert not app.exception
    return app


def words(app):
    return "\n".join(
        str(e.value) for kind in ("markdown", "caption", "info", "warning") for e in app.get(kind)
    )


@pytest.mark.parametrize("kind", KINDS)
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


def test_the_module_that_ships_is_shown_at_work(folder):
    app = run()
    assert len(app.get("plotly_chart")) == 5
    way = json.loads(app.get("plotly_chart")[1].proto.spec)
    assert any(trace["type"] == "bar" for trace in way["data"])
    shown = words(app)
    for name in ("cnn-none", "cnn-se"):
        accuracy = read_card(folder / f"{name}.safetensors")[1]["results"]["accuracy"]
        assert accuracy * 100 in list(app.dataframe[1].value["accuracy in %"])
        assert f"{accuracy:.2%}".replace("%", " %") in shown or name == "cnn-none"
    assert "With one seed each" in shown


@pytest.mark.parametrize(
    ("gain", "claim", "overall"),
    [
        (0.02, "more than other seeds alone", "Better by more than that explains: ECA."),
        (-0.02, "more than other seeds alone", "Worse by more than that explains: ECA."),
        (0.0005, "within the spread over seeds", "Not to be told from no attention: ECA."),
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
    assert f"{100 * gain:+.2f} points" in shown
    assert claim in shown
    assert overall in shown
    assert "varies by ±0.10 points" in shown
    # two means of 3 and 1, deviation 0.1, t with 2 degrees of freedom: 4.30 · 0.1 · √(4/3)
    assert "0.50 points (19 times in 20)" in shown


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
