"""Images a second of a run, with events, snapshots and checkpoints, against the bare loop.

    python -m benchmarks.runs [--arch cnn] [--attention none] [--rounds 3]

Both train the ``fast`` recipe for an epoch on the same noise pictures, as many as CIFAR-10 has, and
test after it, in this process and in turns, so that what else the machine does meets both alike.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from cnnattn.data.datasets import Dataset, Split
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.training import runs
from cnnattn.training.loop import train
from cnnattn.training.recipes import RECIPES
from cnnattn.training.worker import learn, tune_malloc

TRAIN, TEST = 50_000, 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="cnn")
    parser.add_argument("--attention", default="none")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    tune_malloc()  # as the command does, for both
    random = np.random.default_rng(0)
    train_split, test_split = (
        Split(random.integers(0, 256, (n, 32, 32, 3), np.uint8), np.arange(n) % 10)
        for n in (TRAIN, TEST)
    )
    data = Dataset("noise", CIFAR10_CLASSES, train_split, test_split)
    recipe = replace(RECIPES["fast"], epochs=1)
    config = runs.RunConfig(arguments.arch, arguments.attention, train=recipe)
    model = build(ModelSpec(config.arch, config.attention))
    for _event in islice(train(model, data, recipe), 10):
        pass  # the first iterations are slower
    seconds: dict[str, list[float]] = {"bare": [], "run": []}
    for round_ in range(arguments.rounds):
        for kind in sorted(seconds, reverse=bool(round_ % 2)):
            start = time.perf_counter()
            if kind == "bare":
                for _event in train(model, data, recipe):
                    pass
            else:
                with tempfile.TemporaryDirectory() as folder:
                    learn(runs.create(config, Path(folder) / "run", "stopped"), config, data)
            seconds[kind].append(time.perf_counter() - start)
    bare, run = (TRAIN / np.median(seconds[kind]) for kind in ("bare", "run"))
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.arch}")
    print(f"bare loop: {bare:6.0f} images/s, the test after the epoch included")
    print(f"as a run:  {run:6.0f} images/s")
    print(f"ratio {run / bare:.3f}")


if __name__ == "__main__":
    main()
