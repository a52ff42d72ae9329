"""The command line: ``cnnattn app | train | evaluate | download | export``."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnattn.data.datasets import Dataset, Split, cifar10, open_dataset
from cnnattn.data.download import start as start_download
from cnnattn.data.pictures import input_picture, read_picture, to_inputs
from cnnattn.data.samples import samples
from cnnattn.explain.gate_variability import GateVariability, recorded_variability, variability_of
from cnnattn.explain.gates import gate_moments, profile_of
from cnnattn.figures.heat.style import heat_veil
from cnnattn.figures.kit.palette import ATTENTION_COLOURS, SEQUENTIAL
from cnnattn.files import write_atomically
from cnnattn.live.content import LiveModel, LivePicture
from cnnattn.live.take_home import take_home
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.checkpoint import Checkpoint, load, save
from cnnattn.places import CACHE, CHECKPOINTS, DATA
from cnnattn.problem import Problem
from cnnattn.training import distributed, runs
from cnnattn.training.loop import Prepare, predict
from cnnattn.training.recipes import RECIPES
from cnnattn.training.results import record, result_of
from cnnattn.training.run_folder import RunConfig
from cnnattn.training.worker import (
    lower_priority,
    open_data,
    run_training,
    train_to_file,
    tune_malloc,
)


def main() -> int:
    """Run one command; bad input ends as one sentence on stderr and exit status 1."""
    arguments = _parser().parse_args()
    try:
        arguments.command(arguments)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def app_command(arguments: argparse.Namespace) -> None:
    """Open the app in the browser; options of "streamlit run" go to it, as --server.port 8600."""
    from cnnattn.web.serve import serve  # the other commands need no Streamlit

    serve(arguments.options)


def train_command(arguments: argparse.Namespace) -> None:
    """Train a network, into one checkpoint file (--out) or as a run that the app shows (--run)."""
    tune_malloc()
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
        lower_priority()
        run_training(folder, arguments.cache, results)
    finally:
        distributed.end()


def _run_config(arguments: argparse.Namespace) -> RunConfig:
    """What the options say."""
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
    found = results(checkpoint, data)
    print(
        f"test accuracy {found['accuracy']:.2%}, loss {found['loss']:.4f}, "
        f"{found['pictures']} pictures"
    )
    if (known := checkpoint.card.get("results", {}).get("accuracy")) is not None:
        print(f"on the card   {known:.2%}")
    for name, gate in recorded_variability(found).items():
        print(variability_line(name, gate))
    if arguments.card:
        save(
            arguments.file, checkpoint.model, checkpoint.spec, {**checkpoint.card, "results": found}
        )
    if arguments.record:
        record(arguments.record, result_of(checkpoint.spec, {**checkpoint.card, "results": found}))


def variability_line(name: str, gate: GateVariability) -> str:
    """In one line, how much a gate varies over the test pictures."""
    places = "" if gate.over_places is None else f", over locations ±{gate.over_places:.3f}"
    return (
        f"{name}: over images ±{gate.over_pictures:.3f}{places}, "
        f"class means ±{gate.between_classes:.3f} ({gate.explained:.0%} of the variance), "
        f"mean {gate.mean:.2f}, {gate.open:.0%} above 0.9, {gate.shut:.0%} below 0.1"
    )


def download_command(arguments: argparse.Namespace) -> None:
    """Fetch CIFAR-10 (170 MB) from its own site; what was broken off goes on."""
    with suppress(Problem):
        return _ready(cifar10(arguments.data))
    going = start_download(arguments.data)
    try:
        while going.running:
            time.sleep(0.2)
            if going.total:
                print(
                    f"\r{going.state}: {going.done / 1e6:.1f} of {going.total / 1e6:.1f} MB, "
                    f"{going.speed / 1e6:.2f} MB/s ",
                    end="",
                    flush=True,
                )
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
    pictures = _live_pictures(arguments.pictures, models[0])
    html = take_home(models, pictures, SEQUENTIAL, heat_veil())
    write_atomically(arguments.out, html.encode())
    print(f"{arguments.out}: {len(html) / 1e6:.1f} MB")


def _live_model(name: str) -> LiveModel:
    """A checkpoint by its file, or by its name in the folder ``checkpoints``."""
    file = Path(name)
    if not file.suffix:
        file = CHECKPOINTS / f"{name}.safetensors"
    checkpoint = load(file)
    return LiveModel(
        file.stem,
        checkpoint,
        ATTENTION_COLOURS[checkpoint.spec.attention],
        checkpoint.input["mean"],
        checkpoint.input["std"],
    )


def _live_pictures(files: list[Path], model: LiveModel) -> list[tuple[LivePicture, str]]:
    """Pictures of these files, each with its title; without files, the built-in samples."""
    classes = model.checkpoint.spec.classes
    if files:
        return [(LivePicture(f.name, None, _picture(f)), f.stem) for f in files]
    return [
        (LivePicture(s.name, classes.index(s.label) if s.label in classes else None,
                     input_picture(s.picture)), s.label)
        for s in samples()
    ]  # fmt: skip


def _picture(file: Path) -> np.ndarray:
    try:
        return input_picture(read_picture(file))
    except Problem as problem:  # of fifty files, which one it is
        raise Problem("{file}: {reason}", file=file.name, reason=problem) from problem


def _ready(data: Dataset) -> None:
    print(f"{len(data.train.labels)} training and {len(data.test.labels)} test pictures are ready")


def results(checkpoint: Checkpoint, data: Dataset) -> dict:
    """What the card says about a network: measured on the test split, ready for JSON.

    The pictures are normalised as its card says. It is computed where the network is.
    """
    model, prepare = checkpoint.model, partial(to_inputs, **checkpoint.input)
    device = next(model.parameters()).device
    logits = predict(model, data.test, prepare=prepare)
    labels, classes = torch.from_numpy(data.test.labels), len(data.classes)
    confusion = torch.bincount(labels * classes + logits.argmax(1), minlength=classes**2)
    gates = gate_moments(model, _batches(data.test, prepare, device), classes)
    return {
        "data": data.name,
        "pictures": len(labels),
        "accuracy": (logits.argmax(1) == labels).double().mean().item(),
        "loss": F.cross_entropy(logits, labels).item(),
        "confusion": confusion.reshape(classes, classes).tolist(),  # rows: true class
        "gates": {
            name: {"mean": mean.round(4).tolist(), "spread": spread.round(4).tolist()}
            for name, (mean, spread) in profile_of(gates).items()
        },
        "gate_variability": {name: asdict(variability_of(found)) for name, found in gates.items()},
    }


def _batches(
    split: Split, prepare: Prepare, device: torch.device, size: int = 100
) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, len(split.labels), size):
        part = slice(start, start + size)
        pictures, labels = split.pictures[part], split.labels[part]
        yield prepare(torch.from_numpy(pictures).to(device)), torch.from_numpy(labels)


def _check_classes(checkpoint: Checkpoint, data: Dataset) -> None:
    if data.classes != checkpoint.spec.classes:
        raise Problem(
            "The checkpoint knows the classes {known}, but the data set has {found}; evaluate it "
            "on a data set with its own classes.",
            known=", ".join(checkpoint.spec.classes),
            found=", ".join(data.classes),
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("cnnattn", description=__doc__)
    commands = parser.add_subparsers(required=True)

    # To this parser nothing is an option, so that all of them are Streamlit's.
    command_app = commands.add_parser(
        "app", help=app_command.__doc__, prefix_chars="\0", add_help=False
    )
    command_app.set_defaults(command=app_command)
    command_app.add_argument("options", nargs="*")

    command_train = commands.add_parser("train", help=train_command.__doc__)
    command_train.set_defaults(command=train_command)
    command_train.add_argument("--arch", choices=ARCHITECTURES, default="cnn")
    command_train.add_argument("--attention", choices=ATTENTION, default="none")
    command_train.add_argument("--recipe", choices=RECIPES, default="fast")
    command_train.add_argument("--epochs", type=int, help="instead of the recipe's own number")
    command_train.add_argument("--batch", type=int, help="pictures a step")
    command_train.add_argument("--learning-rate", type=float, help="the peak, under one_cycle")
    command_train.add_argument("--seed", type=int)
    command_train.add_argument(
        "--compile",
        action="store_true",
        default=None,
        help="use torch.compile, which needs a C++ compiler",
    )
    where = command_train.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="the file to write")
    # The long name is for torchrun, which takes a "--run" for a short form of its own options.
    where.add_argument(
        "--run",
        "--run-folder",
        type=Path,
        help="the folder of a run: goes on with it, or begins it",
    )

    command_evaluate = commands.add_parser("evaluate", help=evaluate_command.__doc__)
    command_evaluate.set_defaults(command=evaluate_command)
    command_evaluate.add_argument("file", type=Path)
    command_evaluate.add_argument(
        "--record", type=Path, help="a list of results (JSON) to add this one to"
    )

    command_evaluate.add_argument(
        "--card", action="store_true", help="put the result on the checkpoint's own card"
    )

    command_download = commands.add_parser("download", help=download_command.__doc__)
    command_download.set_defaults(command=download_command)
    command_download.add_argument("--data", type=Path, default=DATA, help="where to")

    command_export = commands.add_parser("export", help=export_command.__doc__)
    command_export.set_defaults(command=export_command)
    command_export.add_argument(
        "--models", default="cnn-none,cnn-se", help="shipped checkpoints or files, with commas"
    )
    command_export.add_argument(
        "--pictures",
        type=Path,
        nargs="*",
        default=[],
        help="picture files; without, the built-in samples",
    )
    command_export.add_argument("--out", type=Path, required=True, help="the HTML file to write")

    for each in (command_train, command_evaluate):
        each.add_argument(
            "--data",
            type=Path,
            default=DATA,
            help="a folder with CIFAR-10, or with train/ and test/",
        )
        each.add_argument(
            "--cache", type=Path, default=CACHE, help="where decoded pictures are kept"
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
