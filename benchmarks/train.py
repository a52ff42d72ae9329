"""Images a second of the ``fast`` recipe against the tutorial's own loop, on the same network.

    python -m benchmarks.train [--arch cnn] [--attention none] [--seconds 20]

The peer is the tutorial's script: PIL transforms in a DataLoader without workers, batch 64,
float32. Both run on the same noise pictures: what is in them does not change the speed.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms

from cnnattn.data.datasets import Dataset, Split
from cnnattn.data.pictures import CIFAR10_MEAN, CIFAR10_STD
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.training.loop import Step, train
from cnnattn.training.recipes import RECIPES
from cnnattn.training.worker import tune_malloc


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="cnn")
    parser.add_argument("--attention", default="none")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    spec = ModelSpec(arguments.arch, arguments.attention)
    random = np.random.default_rng(0)
    split = Split(random.integers(0, 256, (50_000, 32, 32, 3), np.uint8), np.arange(50_000) % 10)
    peer = tutorial(spec, split, arguments.seconds)
    tune_malloc()  # as the command does, and the tutorial's script does not
    ours = fast(spec, split, arguments.seconds)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {spec.arch}")
    print(f"fast:            {ours:6.0f} images/s")
    print(f"tutorial's loop: {peer:6.0f} images/s")
    print(f"ratio {ours / peer:.2f}")


def fast(spec: ModelSpec, split: Split, seconds: float) -> float:
    """Images a second, after a first warm-up of ten iterations."""
    config = RECIPES["fast"]
    data = Dataset("noise", CIFAR10_CLASSES, split, split)
    for event in train(build(spec), data, config):
        if isinstance(event, Step) and event.iteration == 10:
            start = time.perf_counter()
        elif isinstance(event, Step) and event.iteration > 10:
            elapsed = time.perf_counter() - start
            if elapsed > seconds:
                return (event.iteration - 10) * config.batch / elapsed
    raise RuntimeError("the recipe ended before the time was over")


def tutorial(spec: ModelSpec, split: Split, seconds: float) -> float:
    """Images a second, after a first warm-up of ten iterations."""
    transform = transforms.Compose(
        [
            transforms.RandomCrop(32, padding=4),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.2, 0.2, 0.2, 0.1),
            transforms.RandomRotation(15),
            transforms.ToTensor(),
            transforms.Normalize(CIFAR10_MEAN, CIFAR10_STD),
        ]
    )

    class Pictures(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(split.labels)

        def __getitem__(self, i: int):
            return transform(Image.fromarray(split.pictures[i])), int(split.labels[i])

    model = build(spec).train()
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    start = 0.0
    for iteration, (x, labels) in enumerate(DataLoader(Pictures(), 64, shuffle=True), 1):
        optimiser.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimiser.step()
        if iteration == 10:
            start = time.perf_counter()
        elif iteration > 10 and time.perf_counter() - start > seconds:
            return (iteration - 10) * 64 / (time.perf_counter() - start)
    raise RuntimeError("the data ended before the time was over")


if __name__ == "__main__":
    main()
