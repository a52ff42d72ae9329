"""Two processes under torchrun against one."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import BatchNorm2d

from cnnattn.__main__ import results
from cnnattn.data.augment import Augmentation
from cnnattn.nets.checkpoint import load
from cnnattn.training import distributed, runs
from cnnattn.training.worker import run_training

ROOT = Path(__file__).parents[2]


def torchrun(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
         "-m", "cnnattn", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arch", "changes"),
    [
        # 50 pictures by 7: the last batch has one, so that one process has none of it.
        ("cnn", {"batch": 7, "epochs": 2, "augmentation": Augmentation(crop=0, flip=False)}),
        # Deeper networks magnify rounding from step to step, so only 3 of them. Every process
        # draws the same augmentation and takes its part, so even that does not tell them apart.
        pytest.param("resnet20", {"batch": 17, "epochs": 1}, marks=pytest.mark.slow),
    ],
)
def test_two_processes_train_as_one(short, runs_folder, tmp_path, arch, changes):
    # SGD: Adam would make steps of full size from gradients that are nothing but rounding, such as
    # those of a convolution's bias before batch norm.
    config = replace(short.train, dropout=0.0, optimiser="sgd", **changes)
    runs_folder.mkdir()
    config = runs.RunConfig(arch, "se", short.data, config)
    one, two = (runs.create(config, runs_folder / name, "stopped") for name in ("one", "two"))
    run_training(one, tmp_path, results)
    torchrun("train", "--cache", tmp_path, "--run-folder", two)

    left, right = (torch.load(f / "last.pt", weights_only=True)["state"] for f in (one, two))
    for name, value in left["model"].items():
        torch.testing.assert_close(right["model"][name], value, rtol=1e-4, atol=1e-5)
    left, right = (runs.read_events(folder)[0] for folder in (one, two))
    assert len(left) == len(right) == config.train.epochs * (-(-50 // config.train.batch) + 1)
    for a, b in zip(left, right, strict=True):
        a.pop("seconds", 0), b.pop("seconds", 0)
        assert a == pytest.approx(b, abs=1e-5)
    assert runs.find("two").state == "finished"
    log = [load(f / "best.safetensors").card["results"]["confusion"] for f in (one, two)]
    assert log[0] == log[1]


def test_alone_nothing_changes():
    values = torch.arange(6.0).reshape(3, 2)
    norm = torch.nn.Sequential(BatchNorm2d(2))
    distributed.start()
    distributed.join_batch_norm(norm)
    assert (distributed.rank(), distributed.world()) == (0, 1)
    assert type(norm[0]) is BatchNorm2d
    assert distributed.share(values).equal(values)
    assert distributed.total(values) is values
    assert distributed.gathered(values, 3) is values
    assert distributed.agreed(True)
    assert not distributed.agreed(False)


def test_a_process_that_is_launched_from_a_group_does_not_wait_for_it(monkeypatch):
    """The next run in the queue is launched by the one that ends, which may have been a group."""
    before = distributed.environment()
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT", "TORCHELASTIC_RUN_ID"):
        monkeypatch.setenv(name, "1")
    assert distributed.environment() == {k: v for k, v in before.items() if k[:4] != "OMP_"}
