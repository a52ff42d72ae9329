"""Compare recipes on a validation split: the last 5,000 training pictures, never test pictures.

    python -m tools.recipe_search --data FOLDER --runs FOLDER [--arch resnet20] [--only NUMBER ...]
        [--kinds se ...] [--epochs NUMBER]

Trains a network without attention and one with SE by every recipe below, seed 0, and prints what
the tables in docs/training.md are made of. The kinds "se_half" and "se_he" are SE whose two small
layers begin otherwise than by PyTorch's own initialisation. Without a GPU it goes on where it was
broken off, and several processes share the work.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from cnnattn.data.augment import Augmentation
from cnnattn.data.datasets import Dataset, Split, open_dataset
from cnnattn.nets.attention import ATTENTION, SqueezeExcitation
from cnnattn.nets.checkpoint import Checkpoint
from cnnattn.places import CACHE
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_folder import RunConfig
from tools.trained import measured, trained

VALIDATION = 5_000
SGD = TrainConfig(optimiser="sgd", learning_rate=0.1, weight_decay=5e-4, dropout=None)
ADAM = TrainConfig(dropout=None)
LESS = replace(ADAM, dropout=0.3)
CUTOUT = Augmentation(cutout=8)
RECIPES = {
    "cnn": {
        "SGD 0.1, decay 5e-4 on all (the earlier recipe)": replace(SGD, decayed="all"),
        "SGD 0.1, decay 5e-4": SGD,
        "AdamW 5e-3, decay 0.05": ADAM,
        "dropout 0.3": LESS,
        "dropout 0.2": replace(ADAM, dropout=0.2),
        "dropout 0.3, batch 128": replace(LESS, batch=128),
        "dropout 0.3, rate 1e-2": replace(LESS, learning_rate=1e-2),
        "dropout 0.3, rate 2.5e-3": replace(LESS, learning_rate=2.5e-3),
        "dropout 0.3, decay 0.1": replace(LESS, weight_decay=0.1),
        "dropout 0.3, no label smoothing": replace(LESS, label_smoothing=0.0),
        "dropout 0.3, cutout 8": replace(LESS, augmentation=CUTOUT),
        "dropout 0.3, weights averaged (0.999)": replace(LESS, averaging=0.999),
        "dropout 0.3, cutout 8, 60 epochs": replace(LESS, augmentation=CUTOUT, epochs=60),
        "dropout 0.3, 60 epochs": replace(LESS, epochs=60),
    },
    "resnet20": {  # it has no dropout
        "AdamW 5e-3, decay 0.05": ADAM,
        "rate 1e-2": replace(ADAM, learning_rate=1e-2),
        "60 epochs": replace(ADAM, epochs=60),
        "rate 1e-2, 60 epochs": replace(ADAM, learning_rate=1e-2, epochs=60),
        "rate 1e-2, cutout 8, 60 epochs": replace(
            ADAM, learning_rate=1e-2, augmentation=CUTOUT, epochs=60
        ),
        "SGD 0.2, decay 5e-4, 60 epochs": replace(SGD, learning_rate=0.2, epochs=60),
    },
}


def se_half(channels: int) -> SqueezeExcitation:
    """SE whose gates all begin at one half: the second small layer begins at 0."""
    module = SqueezeExcitation(channels)
    torch.nn.init.zeros_(module.gate.fc2.weight)
    return module


def se_he(channels: int) -> SqueezeExcitation:
    """SE whose small layers begin 2.4 times as large: He's initialisation (arXiv 1502.01852)."""
    module = SqueezeExcitation(channels)
    for layer in (module.gate.fc1, module.gate.fc2):
        torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--arch", choices=RECIPES, default="cnn")
    parser.add_argument("--only", nargs="*", type=int, help="numbers of recipes, from 0")
    parser.add_argument("--kinds", nargs="*", default=["none", "se"])
    parser.add_argument("--epochs", type=int, help="instead of each recipe's own number")
    arguments = parser.parse_args()
    ATTENTION.update({"se_half": se_half, "se_he": se_he})
    data = validation(open_dataset(arguments.data, arguments.cache))
    recipes = RECIPES[arguments.arch]
    runs = {}
    for number, (name, config) in enumerate(recipes.items()):
        if arguments.only is None or number in arguments.only:
            config = replace(config, recipe=name, epochs=arguments.epochs or config.epochs)
            for attention in arguments.kinds:
                folder = arguments.runs / f"{arguments.arch}-{number}-{attention}-{config.epochs}"
                runs[folder] = RunConfig(arguments.arch, attention, str(arguments.data), config)
    for folder, checkpoint in trained(runs, data):
        print(row(folder, checkpoint, data), flush=True)


def validation(data: Dataset) -> Dataset:
    """The training pictures without the last ones, which take the place of the test pictures.

    A folder lists its pictures class by class, so they are shuffled first, always alike.
    """
    order = np.random.default_rng(0).permutation(len(data.train.labels))
    pictures, labels = data.train.pictures[order], data.train.labels[order]
    return Dataset(
        f"{data.name}, validation",
        data.classes,
        Split(pictures[:-VALIDATION], labels[:-VALIDATION]),
        Split(pictures[-VALIDATION:], labels[-VALIDATION:]),
    )


def row(folder: Path, checkpoint: Checkpoint, data: Dataset) -> str:
    """One line of the table: accuracy, and how much the gates of the last stage vary."""
    found, card = measured(checkpoint, data), checkpoint.card
    gates = list(found["gate_variability"].values())
    told = "| – | – | – "
    if gates:
        last = gates[-1]
        told = (
            f"| {last['over_pictures']:.3f} | {last['between_classes']:.3f} | {last['mean']:.2f} "
        )
    return (
        f"| {folder.name} | {card['config']['recipe']} | {card['config']['epochs']} | "
        f"{sum(epoch['seconds'] for epoch in card['history']):.0f} | "
        f"{100 * found['accuracy']:.2f} {told}| {time.strftime('%F')} |"
    )


if __name__ == "__main__":
    main()
