"""Every page runs, says the truth and speaks both languages (Streamlit's AppTest, no browser)."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.nets.checkpoint import load
from cnnattn.web.library.pickers import FIRST_SAMPLE
from tests.pages.opening import decoded, words

ROOT = Path(__file__).parents[1]
PAGES = ["app.py", *(f"pages/{file.name}" for file in sorted((ROOT / "pages").glob("*.py")))]


def run(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page != "app.py":
        app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_page_runs_without_an_error_in_both_languages(page, lang):
    app = run(page, lang=lang)
    assert not app.exception
    assert not app.error
    has_chinese = any("\u4e00" <= sign <= "\u9fff" for sign in words(app))
    assert has_chinese == (lang == "zh")


@pytest.mark.parametrize("name", ["cat-1", "ship-1"])
def test_the_verdict_is_what_the_networks_compute(name):
    sample = next(s for s in samples() if s.name == name)
    verdict = run("app.py", lang="en", sample=name).markdown
    sentence = next(m.value for m in verdict if "predicts" in m.value)
    for stem in ("cnn-none", "cnn-se"):
        found = load(ROOT / f"checkpoints/{stem}.safetensors")
        probabilities = found.model(to_input(sample.picture)).softmax(1)[0].numpy()
        assert f"predicts **{found.spec.classes[int(np.argmax(probabilities))]}**" in sentence


def test_of_one_model_alone_nobody_says_all():
    sample = next(s for s in samples() if s.name == "ship-1")
    model = load(ROOT / "checkpoints/cnn-se.safetensors").model
    right = model(to_input(sample.picture)).argmax(1).item() == 8
    verdict = run("app.py", lang="en", sample="ship-1", models="cnn-se").markdown
    sentence = next(m.value for m in verdict if "predicts" in m.value)
    assert sentence.startswith(f"{'Correct' if right else 'Wrong'}: CNN · SE predicts")


def test_a_link_reopens_the_view_and_nonsense_in_it_does_no_harm():
    app = run("app.py", lang="en", sample="ship-1", stage="3", models="resnet20-se", channel="5")
    assert not app.exception
    state = app.session_state
    assert (state["sample"], state["stage"], state["channel"]) == ("ship-1", "3", 5)
    assert state["models"] == ["resnet20-se"]
    app = run("app.py", lang="xx", sample="unicorn", stage="9", models="gpt", channel="-1")
    assert not app.exception
    assert app.session_state["models"] == ["cnn-none", "cnn-se"]
    assert app.session_state["sample"] == FIRST_SAMPLE
    assert app.session_state["channel"] == 0


def test_a_link_to_a_channel_of_a_later_stage_frames_it_at_once():
    app = run("app.py", lang="en", stage="all", large_stage="3", channel="100")
    assert (app.session_state["large_stage"], app.session_state["channel"]) == ("3", 100)
    assert app.number_input(key="channel").value == 100
    assert [framed_tile(app, f"grid_{i}") for i in range(3)] == [None, None, 100]
    assert framed_tile(run("app.py", lang="en", stage="2", channel="5"), "grid_1") == 5


def framed_tile(app: AppTest, key: str) -> int | None:
    """The channel whose tile has a frame in the first network's grid ``key``."""
    spec = next(
        json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
        if chart.proto.id.endswith(f"-{key}")
    )
    frames = [s for s in spec["layout"].get("shapes", ()) if s["type"] == "rect"
              and s.get("xref") == "x" and s.get("yref") == "y"]  # fmt: skip
    if not frames:
        return None
    centre = [(frames[0][f"{side}0"] + frames[0][f"{side}1"]) / 2 for side in "xy"]
    marks = next(trace for trace in spec["data"] if trace["type"].startswith("scatter"))
    places = np.stack([decoded(marks[side]) for side in "xy"], axis=1)
    return int(decoded(marks["customdata"])[np.abs(places - centre).sum(1).argmin()])


def test_without_checkpoints_the_page_says_so(tmp_path, monkeypatch):
    from cnnattn.training import runs
    from cnnattn.web.library import checkpoints as loaders

    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    app = run("app.py", lang="en")
    assert not app.exception
    assert "There is no checkpoint" in app.info[0].value


def test_a_damaged_checkpoint_costs_one_sentence(tmp_path, monkeypatch):
    from cnnattn.web.library import checkpoints as loaders

    for name in ("cnn-none", "cnn-se"):
        content = (ROOT / f"checkpoints/{name}.safetensors").read_bytes()
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    (tmp_path / "broken.safetensors").write_bytes(b"half a file")
    monkeypatch.setattr(loaders, "CHECKPOINTS", tmp_path)
    app = run("app.py", lang="en")
    assert not app.exception
    assert "broken.safetensors: It is not a checkpoint" in app.warning[0].value
    assert any("predicts" in m.value for m in app.markdown)


def test_a_model_that_is_gone_is_named_and_the_others_stay():
    app = run("app.py", lang="en", models="cnn-se,20200101-deleted")
    assert [w.value for w in app.warning] == [
        "Left out, because it is not here (deleted, or of another machine): `20200101-deleted`"
    ]
    assert app.session_state["models"] == ["cnn-se"]
    assert not app.run().warning


def test_a_page_that_ends_early_still_writes_its_link(tmp_path, monkeypatch):
    from cnnattn.web.library import checkpoints

    monkeypatch.setattr(checkpoints, "DATA", tmp_path)  # without a data set Evaluation ends early
    app = run("pages/5_Evaluation.py", lang="en")
    app.segmented_control(key="lang").set_value("zh").run()
    assert not app.exception
    assert app.query_params["lang"] in ("zh", ["zh"])
