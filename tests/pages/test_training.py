"""The Training page: a press starts a run, the table tells how it went, the model is there."""

import json
import os
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.nets.checkpoint import read_card
from cnnattn.training import runs
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_folder import identity, write_status
from cnnattn.training.runs import RunConfig
from tests.pages.opening import open_page, words

ROOT = Path(__file__).parents[2]
REHEARSAL = {"train_data": "samples", "train_attention": "se", "train_epochs_rehearsal": "2"}


@pytest.fixture(autouse=True)
def runs_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    monkeypatch.delenv("CNNATTN_PIN", raising=False)
    yield
    for run in runs.list_runs():  # what a failed test has left running
        runs.stop(run.id)
    wait(lambda: all(run.state != "running" for run in runs.list_runs()))


def opened(page: str = "pages/6_Training.py", **query: str) -> AppTest:
    return open_page(page, **query)


def wait(condition) -> None:
    end = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.3)


def started(**changes) -> runs.Run:
    """A run of the samples that has trained its two epochs."""
    config = RunConfig("cnn", "se", train=TrainConfig(epochs=2, batch=64, learning_rate=0.03))
    run_id = runs.start(config)
    wait(lambda: runs.find(run_id).state == "finished")
    return runs.find(run_id)


@pytest.mark.parametrize("line", ["123", "null", "{}", "[" * 100_000, '{"epoch": "1"}'])
def test_a_line_that_is_no_event_takes_nothing_but_its_own_run(line):
    good, bad = (runs.create(RunConfig(), state="stopped") for _ in range(2))
    (bad / "events.jsonl").write_text(f"{line}\n")
    assert "Nothing has been trained here yet" not in words(opened(runs=f"{good.name},{bad.name}"))


def test_a_run_says_what_it_does_before_its_first_iteration():
    """The starting, the reading of the pictures, and a stop; without charts that show nothing."""
    place = runs.create(RunConfig(), state="stopped")
    this = identity(os.getpid())

    def told(phase: str) -> str:
        write_status(place, state="running", process=this, phase=phase)
        app = opened()
        assert not app.get("plotly_chart")
        assert "No iteration is done yet" in words(app)
        (line,) = app.get("progress")
        return line.proto.text

    assert "starting …" in told("starting")
    assert "reading the training and test images …" in told("reading")
    (place / "progress.json").write_text('{"epoch": 0, "iteration": 0, "iterations": 40}')
    assert "training · epoch 1 of" in told("training")
    assert "reading the training and test images …" in told("reading")  # resumed
    runs.stop(place.name)
    for phase in ("starting", "reading", "training"):
        assert "stopping …" in told(phase)


def test_accuracies_are_drawn_from_the_first_epoch_on():
    place = runs.create(RunConfig(), state="stopped")
    step = {"kind": "step", "epoch": 1, "iteration": 1, "loss": 2.3, "learning_rate": 0.1}
    (place / "events.jsonl").write_text(json.dumps(step) + "\n")
    app = opened()
    assert len(app.get("plotly_chart")) == 1
    assert "Accuracy appears here after the first epoch" in words(app)


def test_a_press_trains_and_the_table_the_pickers_and_the_slider_show_it(monkeypatch):
    app = opened(**REHEARSAL)
    assert "Nothing has been trained here yet" in app.info[0].value
    app.button(key="train").click().run()
    assert not app.exception
    (run,) = runs.list_runs()
    assert run.config.train.epochs == 2
    assert (run.config.attention, run.config.data) == ("se", runs.SAMPLES)

    wait(lambda: runs.find(run.id).state == "finished")
    app.run()
    assert not app.exception
    run = runs.find(run.id)
    spec, card = read_card(run.best)
    assert spec.attention == "se"
    row = app.dataframe[0].value.iloc[0]
    assert row["state"] == "finished"
    expected = 100 * card["history"][-1]["test_accuracy"]
    assert row["test accuracy (%)"] == pytest.approx(expected, abs=1e-2)
    assert row["parameters"] == card["parameters"]
    assert row["epochs"] == "2 / 2"
    assert row["seed"] == 0
    assert len(app.get("plotly_chart")) == 2

    app = opened("app.py", models=f"cnn-se,{run.id}")
    assert not app.exception
    verdict = next(m.value for m in app.markdown if "predicts" in m.value)
    assert "CNN · SE (quick demo," in verdict
    app.toggle(key="look_back").set_value(True).run()
    app.slider(key="epoch").set_value(2).run()
    verdict = next(m.value for m in app.markdown if "predicts" in m.value)
    assert "epoch 2)" in verdict
    assert verdict.count("epoch") == 1  # the shipped model has no epochs to look back at

    runs.rename(run.id, "my first")
    app = opened("app.py", models=run.id)
    assert any("CNN · SE (my first)" in m.value for m in app.markdown)

    runs.delete(run.id)
    app = opened("app.py", models=run.id)
    assert not app.exception
    assert not any("my first" in m.value for m in app.markdown)


def test_several_attentions_and_seeds_are_one_queued_run_each(monkeypatch):
    begun: list[RunConfig] = []
    monkeypatch.setattr(runs, "start", lambda config: begun.append(config) or str(len(begun)))
    app = opened(train_data="samples", train_attention="none,eca", train_seed="3")
    app.number_input(key="train_seeds").set_value(2).run()
    assert app.button(key="train").label == "Train: 4 runs"
    app.button(key="train").click().run()
    assert [(c.attention, c.train.seed) for c in begun] == [
        ("none", 3), ("eca", 3), ("none", 4), ("eca", 4),
    ]  # fmt: skip
    assert len({(c.arch, c.data, c.train.recipe, c.train.epochs) for c in begun}) == 1


def test_a_custom_recipe_is_trained_as_it_was_set(monkeypatch, tmp_path):
    begun: list[RunConfig] = []
    monkeypatch.setattr(runs, "start", lambda config: begun.append(config) or "1")
    app = opened(
        train_data="folder",
        train_recipe="custom",
        train_arch="resnet20",
        train_attention="cbam",
        train_epochs="7",
        train_batch="32",
        train_rate="0.003",
        train_optimiser="adam",
        train_schedule="plateau",
        train_flip="0",
        train_rotation="1",
        train_cutout="1",
    )
    assert app.button(key="train").disabled
    app.text_input(key="train_folder").input(str(tmp_path / "nowhere")).run()
    assert "There is no folder" in app.error[0].value
    app.text_input(key="train_folder").input(str(tmp_path)).run()
    app.button(key="train").click().run()
    (config,) = begun
    how = config.train
    assert (config.arch, config.attention, config.data) == ("resnet20", "cbam", str(tmp_path))
    assert (how.recipe, how.epochs, how.batch) == ("custom", 7, 32)
    assert (how.optimiser, how.learning_rate, how.schedule) == ("adam", 0.003, "plateau")
    changes = how.augmentation
    assert (changes.crop, changes.flip, changes.rotation, changes.cutout) == (4, False, 15, 8)
    assert not any(changes.jitter)


def test_with_a_pin_nothing_starts_until_it_was_typed(monkeypatch):
    begun: list[RunConfig] = []
    monkeypatch.setattr(runs, "start", lambda config: begun.append(config) or "1")
    monkeypatch.setenv("CNNATTN_PIN", "4711")
    app = opened(**REHEARSAL)
    assert app.button(key="train").disabled
    app.button(key="train").proto.disabled = False  # as a forged message would have it
    app.button(key="train").click().run()
    assert not begun
    app.text_input(key="pin").input("4711").run()
    app.button(key="train").click().run()
    assert len(begun) == 1


def test_a_run_that_cannot_start_is_told_in_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(runs, "RUNS", tmp_path / "file")
    app = opened(**REHEARSAL)
    app.button(key="train").click().run()
    assert not app.exception
    assert "The folder for runs" in app.error[0].value


def test_a_damaged_and_a_failed_run_do_no_harm_and_say_why(tmp_path):
    good = runs.create(RunConfig())
    (good / "events.jsonl").write_text(
        '{"kind":"step","epoch":1,"iteration":1,"loss":2.3,"learning_rate":0.1}\n{"kind":"st'
    )
    runs.write_status(good, state="failed", problem={"template": "It broke.", "values": {}})
    half = runs.RUNS / "half"
    half.mkdir()
    (half / "config.json").write_text("{")
    app = opened(runs=f"{good.name},half")
    assert not app.exception
    assert set(app.dataframe[0].value["state"].str.split(" ").str[0]) == {"failed", "damaged"}
    assert any("It broke." in warning.value for warning in app.warning)
    assert any("is not a whole run" in warning.value for warning in app.warning)


def test_a_download_without_a_network_points_to_the_other_way(monkeypatch, tmp_path):
    from cnnattn.data import download
    from cnnattn.web.library import checkpoints as loaders
    from cnnattn.web.library import get_data

    nowhere = download.Archive("http://nowhere.invalid/x.tar.gz", "", "x")
    monkeypatch.setattr(download, "cifar10_archive", lambda: nowhere)
    monkeypatch.setattr(loaders, "DATA", tmp_path)
    begun: dict[str, download.Download] = {}
    monkeypatch.setattr(get_data, "_downloads", lambda: begun)
    app = opened(train_data="cifar10", train_attention="se")
    assert app.button(key="train").disabled  # there is nothing to learn from
    app.button(key="download").click().run()
    wait(lambda: not begun["cifar10"].running)
    app.run()
    assert not app.exception
    assert "cannot be fetched from nowhere.invalid" in app.error[0].value
    assert "train/<class>/" in app.error[0].value
    assert app.button(key="download").label == "Try again"


@pytest.mark.parametrize("page", ["app.py", "pages/1_Feature_maps.py"])
def test_where_no_model_is_a_click_trains_the_baseline_and_se(page, monkeypatch, tmp_path):
    from cnnattn.web.library import checkpoints as loaders

    begun: list[RunConfig] = []
    monkeypatch.setattr(runs, "start", lambda config: begun.append(config) or "1")
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(loaders, "DATA", tmp_path)
    app = opened(page)
    assert not app.exception
    assert "There is no checkpoint" in app.info[0].value
    app.button(key="first_models_start").click().run()
    assert [(c.arch, c.attention, c.data) for c in begun] == [
        ("cnn", "none", runs.SAMPLES),
        ("cnn", "se", runs.SAMPLES),
    ]


def test_the_first_models_are_picked_up_while_they_train(monkeypatch, tmp_path):
    from cnnattn.web.library import checkpoints as loaders

    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    run = started()
    app = opened("app.py")
    assert not app.exception
    assert app.session_state["models"] == [run.id]
    other = started()  # whoever has chosen nothing gets the new one beside it
    app.run()
    assert set(app.session_state["models"]) == {run.id, other.id}


def test_training_ends_with_two_ways_on_and_the_demo_says_in_the_chart_what_it_is():
    run = started()
    app = opened(runs=run.id)
    epochs = json.loads(app.get("plotly_chart")[1].proto.spec)
    words = " ".join(a["text"].replace("<br>", " ") for a in epochs["layout"]["annotations"])
    assert "tested on the training images" in words
    app.button(key="watch_runs").click().run()
    app.switch_page("app.py").run()  # AppTest stays on its page after st.switch_page
    assert not app.exception
    assert app.session_state["models"] == [run.id]
    assert app.toggle(key="look_back").value
    assert app.slider(key="epoch").value == 1
    assert app.button(key="play").label == "Pause"


def test_seven_models_are_six_side_by_side_and_a_sentence_names_the_other(monkeypatch, tmp_path):
    from cnnattn.nets.checkpoint import save
    from cnnattn.nets.models import ModelSpec, build
    from cnnattn.web.library import checkpoints as loaders

    spec = ModelSpec()
    for number in range(7):
        save(tmp_path / f"m{number}.safetensors", build(spec), spec, {})
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    app = opened("app.py", models=",".join(f"m{number}" for number in range(7)))
    assert not app.exception
    (said,) = [info.value for info in app.info if "side by side" in info.value]
    assert "(m6)" in said
    assert "(m5)" not in said
    verdict = next(m.value for m in app.markdown if "(m0) predicts" in m.value)
    assert "(m5) predicts" in verdict
    assert "(m6)" not in verdict


@pytest.mark.parametrize(
    ("page", "place"),
    [("app.py", ""), ("pages/5_Evaluation.py", "tested_"), ("pages/8_Prototypes.py", "searched_")],
)
def test_without_cifar_10_a_button_downloads_it_where_the_test_set_is_asked_for(
    page, place, monkeypatch, tmp_path
):
    from cnnattn.data import download
    from cnnattn.web.library import checkpoints as loaders
    from cnnattn.web.library import get_data

    begun: list[Path] = []
    monkeypatch.setattr(download, "start", lambda folder: begun.append(folder) or Running())
    monkeypatch.setattr(loaders, "DATA", tmp_path)
    going: dict[str, object] = {}
    monkeypatch.setattr(get_data, "_downloads", lambda: going)
    monkeypatch.setenv("CNNATTN_PIN", "4711")
    app = opened(page, source="test", tested="test", searched="test")
    assert not any("python -m" in info.value for info in app.info)
    assert app.button(key=f"{place}download").disabled
    app.text_input(key=f"{place}pin").input("4711").run()
    app.button(key=f"{place}download").click().run()
    assert not app.exception
    assert begun == [tmp_path]
    assert app.button(key=f"{place}download_cancel").label == "Cancel"


class Running:
    """A download that goes on."""

    running, problem, state = True, None, "loading"
    done, total, speed, seconds_left = 17e6, 170e6, 1e6, 153.0
