"""Train the networks that ship, and those whose results are recorded beside them.

    python -m tools.train_shipped --data FOLDER --runs FOLDER [--out FOLDER] [--only NAME ...]

Goes through the list below; what has finished is left alone. On a GPU all are trained at once, and
in minutes; without one, what was broken off goes on where it stopped, and several processes share
the work. The weights of the last epoch count: choosing an
epoch by its test accuracy would be choosing on test pictures. Into --out go a checkpoint with its
measured card for each network and seed, and results.json.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from cnnattn.data.datasets import Dataset, open_dataset
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import Checkpoint, save
from cnnattn.places import CACHE
from cnnattn.training.recipes import RECIPES
from cnnattn.training.results import record, result_of
from cnnattn.training.run_folder import RunConfig
from tools.trained import measured, trained

FIRST = ("none", "se", "cbam", "eca")  # the kinds that are looked at most
CHANGES = {"cnn": {}, "resnet20": {"epochs": 60, "learning_rate": 1e-2}}
KINDS = (*FIRST, *(kind for kind in ATTENTION if kind not in FIRST))
NETWORKS = (
    *(("cnn", kind, 0) for kind in KINDS),
    ("resnet20", "none", 0),
    ("resnet20", "se", 0),
    *(("cnn", kind, seed) for seed in (1, 2) for kind in KINDS),
    ("resnet20", "eca", 0),
    ("resnet20", "cbam", 0),
    *(("cnn", kind, seed) for seed in (3, 4) for kind in KINDS),
    *(("resnet20", kind, seed) for seed in (0, 1, 2) for kind in KINDS),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--only", nargs="*", default=[""], help="beginnings of names: cnn-se-0")
    arguments = parser.parse_args()
    data = open_dataset(arguments.data, arguments.cache)
    out = arguments.out or arguments.runs / "trained"
    out.mkdir(parents=True, exist_ok=True)
    runs = {}
    for arch, kind, seed in NETWORKS:
        name = f"{arch}-{kind}-{seed}"
        if name.startswith(tuple(arguments.only)):
            recipe = replace(RECIPES["fast"], seed=seed, **CHANGES[arch])
            runs[arguments.runs / name] = RunConfig(arch, kind, str(arguments.data), recipe)
    for folder, last in trained(runs, data):
        file = out / f"{folder.name}.safetensors"
        if not file.exists():
            write(file, last, data)


def write(file: Path, last: Checkpoint, data: Dataset) -> None:
    """Measure a network, and write it with its card, and its result."""
    card = {**last.card, "results": measured(last, data)}
    with FileLock(file.with_name("results.lock")):
        record(file.with_name("results.json"), result_of(last.spec, card))
    save(file, last.model, last.spec, card)
    print(f"{file.stem}: test accuracy {card['results']['accuracy']:.2%}", flush=True)


if __name__ == "__main__":
    main()
