"""The command line, as a person types it."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnattn.data.samples import samples
from cnnattn.nets.checkpoint import load
from cnnattn.training.results import read_results, result_of
from cnnattn.training.run_folder import read_run

ROOT = Path(__file__).parents[1]


def cnnattn(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "cnnattn", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip


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
    measured, written = re.findall(r"[\d.]+(?= ?%)", done.stdout)
    assert measured == written
    assert read_results(recorded) == [result_of(checkpoint.spec, checkpoint.card)]


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
        ("train", "--out", tmp_path / "x.safetensors"): "needs --data",
        ("train", "--run", tmp_path): "is not a whole run",
    }.items():
        done = cnnattn(*arguments, "--cache", tmp_path / "cache")
        assert done.returncode == 1
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
