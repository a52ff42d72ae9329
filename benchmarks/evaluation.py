"""Evaluation of 10,000 test pictures with CNN · SE, against a plain DataLoader loop.

    python -m benchmarks.evaluation [--model cnn-se] [--data data] [--rounds 5]

Both give the logits of every picture in float32, from uint8 pictures in memory; the peer is what
tutorials write: ToTensor and Normalize a picture at a time, batches of 64. They take turns, and
must agree on every class. Without a data folder the pictures are noise, which is as fast.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from cnnattn.data.datasets import open_dataset
from cnnattn.data.pictures import CIFAR10_MEAN, CIFAR10_STD, normalise
from cnnattn.explain.evaluation import logits_of
from cnnattn.explain.finish import finish
from cnnattn.explain.statistics import calibration, confusion, share, softmax
from cnnattn.nets.checkpoint import load
from cnnattn.places import CACHE, CHECKPOINTS, DATA


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="cnn-se")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    model = load(CHECKPOINTS / f"{arguments.model}.safetensors").model
    if arguments.data.is_dir():
        test = open_dataset(arguments.data, CACHE).test
        pictures, labels = test.pictures, test.labels
    else:
        random = np.random.default_rng(0)
        pictures = random.integers(0, 256, (10_000, 32, 32, 3), np.uint8)
        labels = random.integers(0, 10, 10_000)

    times: dict[str, list[float]] = {"ours": [], "peer": []}
    for _round in range(arguments.rounds):
        for name, work in (("ours", ours), ("peer", peer)):
            start = time.perf_counter()
            logits = work(model, pictures)
            times[name].append(time.perf_counter() - start)
            if name == "ours":
                mine = logits
    np.testing.assert_allclose(mine, logits, rtol=1e-3, atol=1e-3)

    start = time.perf_counter()
    right = mine.argmax(1) == labels
    accuracy = share(int(right.sum()), len(labels))
    error = calibration(softmax(mine).max(1), right).error
    confusion(labels, mine.argmax(1), mine.shape[1])
    numbers = time.perf_counter() - start
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {arguments.model}, "
        f"{len(labels)} pictures"
    )
    print(
        f"accuracy {accuracy.value:.2%} ({accuracy.low:.2%} to {accuracy.high:.2%}), "
        f"calibration error {error:.2%}"
    )
    for name, seconds in times.items():
        print(
            f"{name}: {statistics.median(seconds):6.2f} s "
            f"({min(seconds):.2f} to {max(seconds):.2f})"
        )
    print(f"the statistics of the page: {1000 * numbers:.0f} ms")
    ratio = statistics.median(times["peer"]) / statistics.median(times["ours"])
    print(f"ratio {ratio:.1f}")


def ours(model: nn.Module, pictures: np.ndarray) -> np.ndarray:
    return finish(logits_of(model, pictures, normalise))


def peer(model: nn.Module, pictures: np.ndarray) -> np.ndarray:
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize(CIFAR10_MEAN, CIFAR10_STD)]
    )

    class Pictures(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(pictures)

        def __getitem__(self, i: int):
            return transform(pictures[i])

    with torch.no_grad():
        return torch.cat([model(x) for x in DataLoader(Pictures(), 64)]).numpy()


if __name__ == "__main__":
    main()
