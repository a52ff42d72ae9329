"""The command line, as a person types it."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnattn.data.samples import samples
from cnnattn.explain.gate_variability import recorded_variability
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.training.results import read_results, result_of
from cnnattn.training.run_folder import measured_on, read_run

ROOT = Path(__file__).parents[1]


def cnnattn(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "cnnattn", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An image folder with two classes of noisy colours."""
    root = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for split, count in {"train": 24, "test": 8}.items():
        for channel, name in enumerate(("red", "green")):
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                picture = random.integers(0, 120, (40, 48, 3), dtype=np.uint8)
                picture[..., channel] += 100
                Image.fromarray(picture).save(root / split / name / f"{i}.png")
    return root


def test_train_then_evaluate_reproduces_the_card(folder, tmp_path):
    file, cache = tmp_path / "new" / "se.safetensors", tmp_path / "cache"
    data = ("--data", folder, "--cache", cache)
    done = cnnattn("train", "--attention", "se", "--epochs", 2, *data, "--out", file)
    assert done.returncode == 0, done.stderr
    checkpoint = load(file)
    results = checkpoint.card["results"]
    assert checkpoint.spec.classes == ("green", "red")
    assert len(checkpoint.card["history"]) == 2
    assert np.sum(results["confusion"]) == results["pictures"] == 16
    assert np.trace(results["confusion"]) == round(16 * results["accuracy"])
    assert np.shape(results["gates"]["attention3.gate"]["mean"]) == (2, 128)

    recorded = tmp_path / "results.json"
    done = cnnattn("evaluate", file, *data, "--record", recorded)
    assert done.returncode == 0, done.stderr
    measured, written = re.findall(r"^(?:test accuracy|on the card) +([\d.]+)%", done.stdout, re.M)
    assert measured == written
    assert read_results(recorded) == [result_of(checkpoint.spec, checkpoint.card)]

    # One pass over the test pictures gives profile and variability: they must agree.
    gates = recorded_variability(results)
    assert list(gates) == list(results["gates"])
    for name, gate in gates.items():
        assert f"{name}: over images ±{gate.over_pictures:.3f}, class means" in done.stdout
    profile_only = {k: v for k, v in results.items() if k != "gate_variability"}
    for name, told in recorded_variability(profile_only).items():
        assert told.over_pictures == pytest.approx(gates[name].over_pictures, abs=2e-4)
        assert told.mean == pytest.approx(gates[name].mean, abs=1e-4)


def test_an_older_card_is_measured_anew_and_keeps_all_else(folder, tmp_path):
    file, data = tmp_path / "spatial.safetensors", ("--data", folder, "--cache", tmp_path / "cache")
    spec = ModelSpec("cnn", "spatial", ("green", "red"))
    save(file, build(spec), spec, {"data": "mine", "config": {"seed": 3}})
    done = cnnattn("evaluate", file, *data, "--card")
    assert done.returncode == 0, done.stderr
    card = load(file).card
    assert (card["data"], card["config"]) == ("mine", {"seed": 3})
    assert measured_on(card) == folder.name
    gates = recorded_variability(card["results"])
    assert list(gates) == ["attention1.gate", "attention2.gate", "attention3.gate"]
    assert all(gate.over_places and gate.over_places > 0 for gate in gates.values())
    assert "over locations ±" in done.stdout


def test_a_rehearsal_on_the_samples_makes_a_run_of_its_folder(tmp_path):
    done = cnnattn(
        "train", "--data", "samples", "--epochs", 1, "--batch", 64, "--run", tmp_path / "first"
    )
    assert done.returncode == 0, done.stderr
    run = read_run(tmp_path / "first")
    assert (run.state, run.epoch, run.config.data) == ("finished", 1, "samples")
    assert load(run.best).card["results"]["pictures"] == len(samples())
    done = cnnattn("train", "--run", tmp_path / "first")
    assert done.returncode == 1
    assert "has finished" in done.stderr


def test_bad_input_is_one_sentence_on_stderr(folder, tmp_path):
    shipped = ROOT / "checkpoints/cnn-se.safetensors"
    for arguments, words in {
        ("evaluate", shipped, "--data", folder): "data set has green, red",
        ("evaluate", tmp_path / "no.pth", "--data", folder): "no checkpoint at",
        ("train", "--data", tmp_path, "--out", tmp_path / "x.safetensors"): "no folder train",
        ("train", "--run", tmp_path): "is not a whole run",
    }.items():
        done = cnnattn(*arguments, "--cache", tmp_path / "cache")
        assert done.returncode == 1
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
