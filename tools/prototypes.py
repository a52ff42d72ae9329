"""Make for every channel of the shipped networks the picture that excites it most, once.

    python -m tools.prototypes [NAME ...] [--checkpoints FOLDER] [--layers relu1 ...]

For each checkpoint (all of the folder without names) a mosaic per layer, by default those after
the last activation function of every stage, goes into the folder ``prototypes`` beside it, where
the page Prototypes finds it. What was made for these very weights is left alone, so the command
goes on where it was broken off, and makes anew what a new training has changed.
"""

import argparse
from functools import partial
from pathlib import Path

import torch

from cnnattn.data.pictures import to_inputs
from cnnattn.explain.finish import finish
from cnnattn.explain.prototype_files import Made, encode, mosaic_file, read, weights_digest
from cnnattn.explain.prototypes import maximise
from cnnattn.explain.trace import trace
from cnnattn.files import write_atomically
from cnnattn.nets.checkpoint import Checkpoint, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--layers", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or sorted(f.stem for f in arguments.checkpoints.glob("*.safetensors"))
    for name in names:
        make(arguments.checkpoints, name, arguments.layers)


def make(folder: Path, name: str, layers: list[str] | None = None) -> list[Path]:
    """The mosaics of one checkpoint in ``folder``; returns those that had to be made."""
    checkpoint = load(folder / f"{name}.safetensors")
    weights = weights_digest(checkpoint.model)
    made = []
    for layer in layers or [stage.layers["relu"] for stage in checkpoint.architecture.stages]:
        file = mosaic_file(folder / "prototypes", name, layer)
        if read(file, weights) is None:
            write_atomically(file, encode(pictures(checkpoint, layer), weights))
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB", flush=True)
            made.append(file)
    return made


def pictures(checkpoint: Checkpoint, layer: str) -> Made:
    """The pictures for all channels of a layer."""
    prepare, side = partial(to_inputs, **checkpoint.input), checkpoint.architecture.size
    black = prepare(torch.zeros(1, side, side, 3))
    channels = trace(checkpoint.model, black, [layer]).activations[layer].shape[1]
    return finish(maximise(checkpoint.model, layer, range(channels), prepare, size=side))


if __name__ == "__main__":
    main()
