"""The command line: ``python -m cnnattn train | evaluate | download | export``."""

import argparse
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from cnnattn.data.datasets import Dataset, Split, cifar10, open_dataset
from cnnattn.data.download import start as start_download
from cnnattn.data.pictures import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    as_seen,
    normalise,
    read_picture,
)
from cnnattn.data.samples import samples
from cnnattn.explain.gates import gate_profile
from cnnattn.figures.kit.palette import ATTENTION_COLOURS, SEQUENTIAL
from cnnattn.live.content import LiveModel, LivePicture
from cnnattn.live.take_home import take_home
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import Checkpoint, load, write_atomically
from cnnattn.nets.models import ARCHITECTURES
from cnnattn.problem import Problem
from cnnattn.training import distributed, runs
from cnnattn.training.loop import predict
from cnnattn.training.recipes import RECIPES
from cnnattn.training.results import record, result_of
from cnnattn.training.run_folder import RunConfig
from cnnattn.training.worker import carry_out, hold_memory, open_data, step_back, train_to_file


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
    """Train a network, into one checkpoint file (--out) or as a run that the app shows (--run)."""
    hold_memory()
    distributed.start()
    try:
        if arguments.out:
            config = _run_config(arguments)
            data = open_data(config.data, arguments.cache)
            card = train_to_file(config, data, arguments.out, results)
            if distributed.rank() == 0:
                print(f"{arguments.out}: test accuracy {card['results']['accuracy']:.2%}")
            return
        folder = arguments.run.resolve()
        if distributed.rank() == 0 and not folder.exists():
            runs.create(_run_config(arguments), folder, "stopped")
        distributed.wait()
        step_back()
        carry_out(folder, arguments.cache, results)
    finally:
        distributed.end()


def _run_config(arguments: argparse.Namespace) -> RunConfig:
    """What the options say."""
    if arguments.data is None:
        raise Problem("A new training needs --data: a data folder, or “samples”.")
    given = {
        name: getattr(arguments, name)
        for name in ("epochs", "batch", "learning_rate", "seed", "compile")
        if getattr(arguments, name) is not None
    }
    config = replace(RECIPES[arguments.recipe], **given)
    return RunConfig(arguments.arch, arguments.attention, str(arguments.data), config)


def evaluate_command(arguments: argparse.Namespace) -> None:
    """Measure a checkpoint on a test set and hold the figure against its card."""
    checkpoint = load(arguments.file)
    data = open_dataset(arguments.data, cache=arguments.cache)
    _check_classes(checkpoint, data)
    found = results(checkpoint.model, data)
    print(f"test accuracy {found['accuracy']:.2%}, loss {found['loss']:.4f}, "
          f"{found['pictures']} pictures")  # fmt: skip
    if (known := checkpoint.card.get("results", {}).get("accuracy")) is not None:
        print(f"on the card   {known:.2%}")
    if arguments.record:
        card = {**checkpoint.card, "data": data.name, "results": found}
        record(arguments.record, result_of(checkpoint.spec, card))


def download_command(arguments: argparse.Namespace) -> None:
    """Fetch CIFAR-10 (170 MB) from its own site; what was broken off goes on."""
    with suppress(Problem):
        return _ready(cifar10(arguments.data))
    going = start_download(arguments.data)
    try:
        while going.running:
            time.sleep(0.2)
            if going.total:
                print(f"\r{going.state}: {going.done / 1e6:.1f} of {going.total / 1e6:.1f} MB, "
                      f"{going.speed / 1e6:.2f} MB/s ", end="", flush=True)  # fmt: skip
    except KeyboardInterrupt:
        going.cancel()
    print(end="\n" if going.total else "")
    if going.problem:
        raise going.problem
    if going.state == "finished":
        _ready(cifar10(arguments.data))


def export_command(arguments: argparse.Namespace) -> None:
    """Write the page Live with some networks and pictures as one HTML file that needs no server."""
    models = [_live_model(name) for name in arguments.models.split(",")]
    html = take_home(models, _live_pictures(arguments.pictures, models[0]), SEQUENTIAL)
    write_atomically(arguments.out, html.encode())
    print(f"{arguments.out}: {len(html) / 1e6:.1f} MB")


def _live_model(name: str) -> LiveModel:
    """A checkpoint by its file, or by its name in the folder ``checkpoints``."""
    file = Path(name)
    if not file.suffix:
        file = Path(__file__).parents[1] / "checkpoints" / f"{name}.safetensors"
    checkpoint = load(file)
    statistics = checkpoint.card.get("normalisation", {})
    return LiveModel(
        file.stem,
        checkpoint,
        ATTENTION_COLOURS[checkpoint.spec.attention],
        tuple(statistics.get("mean", CIFAR10_MEAN)),
        tuple(statistics.get("std", CIFAR10_STD)),
    )


def _live_pictures(files: list[Path], model: LiveModel) -> list[tuple[LivePicture, str]]:
    """Pictures of these files, each with its title; without files, the built-in samples."""
    classes = model.checkpoint.spec.classes
    if files:
        return [(LivePicture(f.name, None, as_seen(read_picture(f))), f.stem) for f in files]
    return [
        (LivePicture(s.name, classes.index(s.label) if s.label in classes else None,
                     as_seen(s.picture)), s.label)
        for s in samples()
    ]  # fmt: skip


def _ready(data: Dataset) -> None:
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


def _batches(split: Split, size: int = 100):
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m cnnattn", description=__doc__)
    commands = parser.add_subparsers(required=True)

    command_train = commands.add_parser("train", help=train_command.__doc__)
    command_train.set_defaults(command=train_command)
    command_train.add_argument("--arch", choices=ARCHITECTURES, default="cnn")
    command_train.add_argument("--attention", choices=ATTENTION, default="none")
    command_train.add_argument("--recipe", choices=RECIPES, default="fast")
    command_train.add_argument("--epochs", type=int, help="instead of the recipe's own number")
    command_train.add_argument("--batch", type=int, help="pictures a step")
    command_train.add_argument("--learning-rate", type=float, help="the peak, under one_cycle")
    command_train.add_argument("--seed", type=int)
    command_train.add_argument("--compile", action="store_true", default=None,
                         help="use torch.compile, which needs a C++ compiler")  # fmt: skip
    where = command_train.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="the file to write")
    # The long name is for torchrun, which takes a "--run" for a short form of its own options.
    where.add_argument("--run", "--run-folder", type=Path,
                       help="the folder of a run: goes on with it, or begins it")  # fmt: skip

    command_evaluate = commands.add_parser("evaluate", help=evaluate_command.__doc__)
    command_evaluate.set_defaults(command=evaluate_command)
    command_evaluate.add_argument("file", type=Path)
    command_evaluate.add_argument("--record", type=Path,
                                  help="a list of results (JSON) to add this one to")  # fmt: skip

    command_download = commands.add_parser("download", help=download_command.__doc__)
    command_download.set_defaults(command=download_command)
    command_download.add_argument("--data", type=Path, default=Path("data"))

    command_export = commands.add_parser("export", help=export_command.__doc__)
    command_export.set_defaults(command=export_command)
    command_export.add_argument("--models", default="cnn-none,cnn-se",
                                help="shipped checkpoints or files, with commas")  # fmt: skip
    command_export.add_argument("--pictures", type=Path, nargs="*", default=[],
                                help="picture files; without, the built-in samples")  # fmt: skip
    command_export.add_argument("--out", type=Path, required=True, help="the HTML file to write")

    for each in (command_train, command_evaluate):
        each.add_argument("--data", type=Path, required=each is command_evaluate,
                          help="a folder with CIFAR-10, or with train/ and test/")  # fmt: skip
        each.add_argument("--cache", type=Path, default=Path("data-cache"),
                          help="where decoded pictures are kept")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
