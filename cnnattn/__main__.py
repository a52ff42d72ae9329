"""The command line: ``python -m cnnattn train | evaluate | download``."""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from cnnattn.data.datasets import Dataset, Split, cifar10, open_dataset
from cnnattn.data.pictures import CIFAR10_MEAN, CIFAR10_STD, normalise
from cnnattn.explain.gates import gate_profile
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import Checkpoint, load, save
from cnnattn.nets.models import ARCHITECTURES, ModelSpec, build
from cnnattn.problem import Problem
from cnnattn.training.loop import Epoch, predict, train
from cnnattn.training.recipes import RECIPES


def main() -> int:
    """Run one command; bad input ends as one sentence on stderr and exit status 1."""
    arguments = _parser().parse_args()
    try:
        arguments.command(arguments)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def train_command(arguments: argparse.Namespace) -> None:
    """Train a network and write a checkpoint after every epoch; the last one gets its results."""
    config = RECIPES[arguments.recipe]
    given = {
        name: getattr(arguments, name)
        for name in ("epochs", "seed", "compile")
        if getattr(arguments, name) is not None
    }
    config = replace(config, **given)
    data = open_dataset(arguments.data, cache=arguments.cache)
    spec = ModelSpec(arguments.arch, arguments.attention, data.classes)
    torch.manual_seed(config.seed)
    model = build(spec)
    card: dict = {
        "data": data.name,
        "normalisation": {"mean": CIFAR10_MEAN, "std": CIFAR10_STD},
        "config": asdict(config),
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
        "losses": [],
        "history": [],
    }
    tested = build(spec)
    for event in train(model, data, config):
        if isinstance(event, Epoch):
            numbers = {
                name: _short(value) for name, value in vars(event).items() if name != "weights"
            }
            card["history"].append(numbers)
            tested.load_state_dict(event.weights)
            save(arguments.out, tested, spec, card)
            print(
                f"epoch {event.epoch}/{config.epochs}: train {event.train_accuracy:.2%}, "
                f"test {event.test_accuracy:.2%}, {event.seconds:.0f} s",
                flush=True,
            )
        else:
            card["losses"].append(_short(event.loss))
    card["results"] = results(load(arguments.out).model, data)
    save(arguments.out, model, spec, card)
    print(f"{arguments.out}: test accuracy {card['results']['accuracy']:.2%}")


def evaluate_command(arguments: argparse.Namespace) -> None:
    """Measure a checkpoint on a test set and hold the figure against its card."""
    checkpoint = load(arguments.file)
    data = open_dataset(arguments.data, cache=arguments.cache)
    _check_classes(checkpoint, data)
    found = results(checkpoint.model, data)
    print(f"test accuracy {found['accuracy']:.2%}, loss {found['loss']:.4f}, "
          f"{found['pictures']} pictures")  # fmt: skip
    if "results" in checkpoint.card:
        print(f"on the card   {checkpoint.card['results']['accuracy']:.2%}")


def download_command(arguments: argparse.Namespace) -> None:
    """Fetch CIFAR-10 (170 MB) from its own site, once."""
    data = cifar10(arguments.data, download=True)
    print(f"{len(data.train.labels)} training and {len(data.test.labels)} test pictures are ready")


def results(model: nn.Module, data: Dataset) -> dict:
    """What the card says about a network: measured on the test split, ready for JSON."""
    logits = predict(model, data.test)
    labels, classes = torch.from_numpy(data.test.labels), len(data.classes)
    confusion = torch.bincount(labels * classes + logits.argmax(1), minlength=classes**2)
    profile = gate_profile(model, _batches(data.test), classes)
    return {
        "pictures": len(labels),
        "accuracy": (logits.argmax(1) == labels).double().mean().item(),
        "loss": F.cross_entropy(logits, labels).item(),
        "confusion": confusion.reshape(classes, classes).tolist(),  # rows: true class
        "gates": {
            name: {"mean": mean.round(4).tolist(), "spread": spread.round(4).tolist()}
            for name, (mean, spread) in profile.items()
        },
    }


def _batches(split: Split, size: int = 500):
    for start in range(0, len(split.labels), size):
        part = slice(start, start + size)
        yield (
            normalise(torch.from_numpy(split.pictures[part])),
            torch.from_numpy(split.labels[part]),
        )


def _check_classes(checkpoint: Checkpoint, data: Dataset) -> None:
    if data.classes != checkpoint.spec.classes:
        raise Problem(
            "The checkpoint knows the classes {known}, but the data set has {found}; evaluate it "
            "on a data set with its own classes.",
            known=", ".join(checkpoint.spec.classes),
            found=", ".join(data.classes),
        )


def _short(value: float) -> float:
    return round(value, 4) if isinstance(value, float) else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m cnnattn", description=__doc__)
    commands = parser.add_subparsers(required=True)

    command_train = commands.add_parser("train", help=train_command.__doc__)
    command_train.set_defaults(command=train_command)
    command_train.add_argument("--arch", choices=ARCHITECTURES, default="cnn")
    command_train.add_argument("--attention", choices=ATTENTION, default="none")
    command_train.add_argument("--recipe", choices=RECIPES, default="fast")
    command_train.add_argument("--epochs", type=int, help="instead of the recipe's own number")
    command_train.add_argument("--seed", type=int)
    command_train.add_argument("--compile", action="store_true", default=None,
                         help="use torch.compile, which needs a C++ compiler")  # fmt: skip
    command_train.add_argument("--out", type=Path, required=True, help="the file to write")

    command_evaluate = commands.add_parser("evaluate", help=evaluate_command.__doc__)
    command_evaluate.set_defaults(command=evaluate_command)
    command_evaluate.add_argument("file", type=Path)

    command_download = commands.add_parser("download", help=download_command.__doc__)
    command_download.set_defaults(command=download_command)
    command_download.add_argument("--data", type=Path, default=Path("data"))

    for each in (command_train, command_evaluate):
        each.add_argument("--data", type=Path, required=True,
                          help="a folder with CIFAR-10, or with train/ and test/")  # fmt: skip
        each.add_argument("--cache", type=Path, default=Path("data-cache"),
                          help="where decoded pictures are kept")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
