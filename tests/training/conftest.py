import numpy as np
import pytest
from PIL import Image

from cnnattn.training import runs
from cnnattn.training.recipes import TrainConfig


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """An image folder: 50 noisy pictures to train on, 12 to test, red ones and blue ones."""
    root = tmp_path_factory.mktemp("colours")
    random = np.random.default_rng(0)
    for split, count in {"train": 25, "test": 6}.items():
        for channel, name in {0: "red", 2: "blue"}.items():
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                picture = random.integers(0, 200, (32, 32, 3), dtype=np.uint8)
                picture[..., channel] += 30
                Image.fromarray(picture).save(root / split / name / f"{i:02}.png")
    return root


@pytest.fixture
def short(folder):
    """A run of 3 epochs of 4 iterations, the last of them with 2 pictures."""
    return runs.RunConfig(
        data=str(folder),
        train=TrainConfig(
            epochs=3,
            batch=16,
            optimiser="sgd",
            learning_rate=0.01,
            weight_decay=5e-4,
            low_precision=False,
        ),
    )


@pytest.fixture
def runs_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    return tmp_path / "runs"
