"""One bad checkpoint among the others: it is named once and left out, on every page."""

import json
import shutil

import pytest
from safetensors.torch import save_file

from cnnattn.web.library import checkpoints as library
from tests.fuzz.checkpoints import file_with, shipped
from tests.fuzz.pages import PAGES, ROOT, open_page

WITH_MODELS = [page for page in PAGES if page.split("_", 1)[-1] not in (
    "Attention_zoo.py", "Training.py")]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("cnn-none", "cnn-se"):
        shutil.copy(ROOT / f"checkpoints/{name}.safetensors", tmp_path)
    monkeypatch.setattr(library, "CHECKPOINTS", tmp_path)
    return tmp_path


def put(folder, kind):
    weights, spec, card = shipped("cnn-se")
    file = folder / f"odd-{kind}.safetensors"
    if kind == "arch":
        file.write_bytes(file_with("cnn-se", {**spec, "arch": "vgg"}, card))
    elif kind == "card":
        file.write_bytes(file_with("cnn-se", spec, {**card, "results": [1]}))
    elif kind == "shape":  # the card is good, so it can be chosen, but its weights are others
        metadata = {"spec": json.dumps(spec), "card": json.dumps(card)}
        save_file({**weights, "conv1.bias": weights["conv1.bias"][:3].clone()}, file, metadata)
    else:
        file.write_bytes(b"\xff" * 1000)
    return file


@pytest.mark.parametrize("kind", ["arch", "card", "shape", "noise"])
@pytest.mark.parametrize("page", ["app.py", "pages/5_Evaluation.py"])
def test_it_is_named_once_and_left_out(folder, page, kind):
    file = put(folder, kind)
    app = open_page(page, lang="en", models=f"cnn-none,{file.stem},cnn-se")
    assert not app.exception
    assert sum(file.name in warning.value for warning in app.warning) == 1
    assert not app.error


@pytest.mark.parametrize("page", WITH_MODELS)
def test_no_page_falls_over_it(folder, page):
    for kind in ("arch", "card", "shape", "noise"):
        put(folder, kind)
    app = open_page(page, lang="en")
    assert not app.exception
    for kind in ("arch", "card", "noise"):
        assert sum(f"odd-{kind}.saf" in warning.value for warning in app.warning) == 1
