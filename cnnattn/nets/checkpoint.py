"""Checkpoints: one ``.safetensors`` file with weights and a card, and the tutorial's ``.pth``.

The file's metadata holds two JSON texts: ``spec`` (ModelSpec) and ``card`` (how the weights came
about and how well they do). Nothing pickled is ever executed.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from cnnattn.files import write_atomically
from cnnattn.nets.architectures import ARCHITECTURES, Architecture
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.card import checked_card, checked_spec, json_of
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.nets.pickled import Stored, read_pickled
from cnnattn.problem import Problem

MOST_BYTES = 50_000_000  # of a file; the largest network here takes 5 MB, with its optimiser 15
MOST_HEADER = 12_000_000  # of them before the weights: the card, with 1000 classes some 9 MB

Shape = tuple[int, ...]
Read = tuple[nn.Module, ModelSpec, dict, Mapping[str, Tensor]]  # not yet in the network: weights


@dataclass(frozen=True)
class Checkpoint:
    """A trained network, in eval mode with frozen parameters, and what is known about it."""

    model: nn.Module
    spec: ModelSpec
    card: dict
    version: str  # of the bytes that were read: names what is computed from them

    @property
    def architecture(self) -> Architecture:
        """The record of the network's architecture."""
        return ARCHITECTURES[self.spec.arch]

    @property
    def input(self) -> dict[str, Any]:
        """What the network takes, as keywords for ``to_input`` and ``to_inputs``: "size", and the
        "mean" and "std" that its card tells, else those of the architecture."""
        told = self.card.get("normalisation", {})
        return self.architecture.input | {name: tuple(colours) for name, colours in told.items()}


def save(path: str | Path, model: nn.Module, spec: ModelSpec, card: dict) -> None:
    """Write a checkpoint, whole or not at all.

    Matrices and kernels are stored in half precision; vectors (biases, batch norm) stay as they
    are, since they weigh nothing and a running variance may not fit. Raises Problem when the file
    cannot be written; a file that was there before is then untouched.
    """
    tensors = {
        name: (value.half() if value.is_floating_point() and value.ndim > 1 else value).contiguous()
        for name, value in model.state_dict().items()
    }
    metadata = {"spec": json.dumps(asdict(spec)), "card": json.dumps(card)}
    write_atomically(Path(path), to_bytes(tensors, metadata))


def load(path: str | Path) -> Checkpoint:
    """Read a checkpoint of ours (``.safetensors``) or a tutorial's state dict (``.pth``, ``.pt``).

    The file is read once, so that weights, card and version belong together even where it is
    replaced meanwhile. No tensor is made before it is known to fit the network. Raises Problem for
    a missing, foreign, damaged or unsafe file, for weights of another shape and for those of a
    training that diverged; nothing else.
    """
    path = Path(path)
    with _told_of(path):
        content = path.read_bytes()
        read = _read_pickled if path.suffix.lower() in (".pth", ".pt") else _read_safetensors
        model, spec, card, weights = read(content)
        model.load_state_dict(weights)
        model.eval().requires_grad_(False)
        if not _answers_in_numbers(model, ARCHITECTURES[spec.arch].size):
            raise Problem(
                "Its answers are not numbers (NaN or infinite): its training diverged, or the file "
                "is damaged. Train it again with a lower learning rate, or choose another model."
            )
        version = sha256(content).hexdigest()[:24]
        return Checkpoint(model, spec, card, version)


def read_card(path: str | Path) -> tuple[ModelSpec, dict]:
    """Spec and card of a ``.safetensors`` checkpoint, without reading its weights.

    Both are checked, so whoever has them may trust them. Raises Problem as ``load`` does.
    """
    path = Path(path)
    with _told_of(path), path.open("rb") as file:
        return _told_by(_header(file, os.fstat(file.fileno()).st_size))[:2]


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Whatever goes wrong becomes a Problem that names the file; its cause stays for the log."""
    shown = str(path).encode("utf-8", "replace").decode()  # a name may hold any bytes
    name = Path(shown).name[-100:]
    try:
        if not path.is_file():
            raise FileNotFoundError
        if path.stat().st_size > MOST_BYTES:
            raise Problem(
                "It is larger than {limit} MB, which no network of this app needs; take a "
                "checkpoint of one of its networks.",
                limit=MOST_BYTES // 10**6,
            )
        yield
    except Problem as problem:
        raise Problem("{file}: {reason}", file=name, reason=problem) from problem
    except FileNotFoundError as error:
        raise Problem("There is no checkpoint at {file}; check the path.", file=shown) from error
    # Damage is met with anything from KeyError to RecursionError.
    except Exception as error:
        reason = Problem(
            "It is not a checkpoint of this app, or it is damaged; train it again or take another "
            "one."
        )
        if path.suffix.lower() in (".pth", ".pt"):
            reason = Problem(
                "It cannot be read as PyTorch weights; it may be cut short or something else, so "
                "save it again."
            )
        raise Problem("{file}: {reason}", file=name, reason=reason) from error


def _header(file: BinaryIO, size: int) -> dict[str, Any]:
    """What the file, ``size`` bytes long, says of itself: "__metadata__", and for each tensor its
    "dtype", "shape" and "data_offsets"."""
    length = int.from_bytes(file.read(8), "little")
    if length > MOST_HEADER:
        raise ValueError("the header is too long")
    header: dict[str, Any] = json_of(file.read(length).decode())
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    if 8 + length + max(ends) != size:
        raise ValueError("cut short, or longer than it says")
    return header


def _told_by(header: dict[str, Any]) -> tuple[ModelSpec, dict, dict[str, Shape], dict[str, str]]:
    """Spec, card, the tensors' shapes and, under our names, what the file calls them."""
    shapes = {n: tuple(tensor["shape"]) for n, tensor in header.items() if n != "__metadata__"}
    metadata = header.get("__metadata__", {})
    if "spec" not in metadata:  # a bare state dict
        spec, names = _recognised(shapes)
        return spec, {}, shapes, names
    spec = checked_spec(metadata["spec"])
    return spec, checked_card(metadata["card"], spec), shapes, {name: name for name in shapes}


def _read_safetensors(data: bytes) -> Read:
    spec, card, shapes, names = _told_by(_header(BytesIO(data), len(data)))
    model = _fitting(spec, {ours: shapes[name] for ours, name in names.items()})
    tensors = from_bytes(data)
    return model, spec, card, {ours: tensors[name] for ours, name in names.items()}


def _read_pickled(data: bytes) -> Read:
    content, read = read_pickled(data)
    stored = _state_dict(content)
    spec, names = _recognised({name: tensor.shape for name, tensor in stored.items()})
    model = _fitting(spec, {ours: stored[name].shape for ours, name in names.items()})
    return model, spec, {}, {ours: stored[name].in_memory(read) for ours, name in names.items()}


def _state_dict(content: object) -> dict[str, Stored]:
    """The file's content if it is a state dict, or its first entry that is one: training scripts
    call it "state_dict", "model_state_dict", "model" or "net", beside the epoch and the like."""
    for found in [content, *(content.values() if isinstance(content, dict) else ())]:
        if (
            isinstance(found, dict)
            and found
            and all(isinstance(n, str) and isinstance(value, Stored) for n, value in found.items())
        ):
            return found
    raise Problem("It holds no state dict; save it anew with torch.save(model.state_dict(), …).")


def _fitting(spec: ModelSpec, shapes: Mapping[str, Shape]) -> nn.Module:
    """The network of ``spec``, untrained. Raises Problem if weights of these shapes do not fit."""
    model = build(spec)
    if shapes != {name: tuple(value.shape) for name, value in model.state_dict().items()}:
        raise Problem(
            "The weights are of another shape than {arch} with attention “{attention}”; choose a "
            "checkpoint of that network.",
            arch=spec.arch,
            attention=spec.attention,
        )
    return model


def _answers_in_numbers(model: nn.Module, size: int) -> bool:
    """Whether its logits for a grey picture are finite."""
    with torch.inference_mode():
        return bool(model(torch.zeros(1, 3, size, size)).isfinite().all())


def _recognised(shapes: Mapping[str, Shape]) -> tuple[ModelSpec, dict[str, str]]:
    """Which network a bare state dict belongs to, the first one with just these names; and what
    the file calls each of its tensors."""
    for arch, record in ARCHITECTURES.items():
        names = {_our_name(name, record): name for name in shapes}
        for attention in ATTENTION:
            if _names(arch, attention) != names.keys():
                continue
            shape = shapes[names[f"{record.head}.bias"]]
            outputs = shape[0] if shape else 0
            if outputs != len(CIFAR10_CLASSES):
                raise Problem(
                    "The network tells {outputs} classes apart, and a bare weights file does not "
                    "name them; only CIFAR-10's ten can be assumed.",
                    outputs=outputs,
                )
            return ModelSpec(arch, attention), names
    raise Problem(
        "The weights belong to a network that this app does not know; of files without a card it "
        "reads those of {networks}.",
        networks=", ".join(record.title for record in ARCHITECTURES.values()),
    )


@cache
def _names(arch: str, attention: str) -> frozenset[str]:
    """What the tensors of a network are called."""
    return frozenset(build(ModelSpec(arch, attention)).state_dict())


def _our_name(name: str, record: Architecture) -> str:
    """What a tensor of another project's network is called here.

    DataParallel and torch.compile put the name of what they wrap it in before it.
    """
    name = re.sub(r"^((module|_orig_mod)\.)+", "", name)
    for pattern, replacement in record.foreign_names:
        name = re.sub(pattern, replacement, name)
    return name
