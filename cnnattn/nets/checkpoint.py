"""Checkpoints: one ``.safetensors`` file with weights and a card, and the tutorial's ``.pth``.

The file's metadata holds two JSON texts: ``spec`` (ModelSpec) and ``card`` (how the weights came
about and how well they do). Nothing pickled is ever executed.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.card import checked_card, checked_spec
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.nets.pickled import Stored, read_pickled
from cnnattn.problem import Problem

MOST_BYTES = 50_000_000  # of a file; the largest network here takes 5 MB, with its optimiser 15
MOST_HEADER = 12_000_000  # of them before the weights: the card, with 1000 classes some 9 MB


@dataclass(frozen=True)
class Checkpoint:
    """A trained network, in eval mode with frozen parameters, and what is known about it."""

    model: nn.Module
    spec: ModelSpec
    card: dict


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


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file at ``path`` by ``content`` so that no reader ever sees half of it."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # temporary files are made private
        temporary.replace(path)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise Problem(
            "{file} could not be written ({reason}); free some space or choose another folder, "
            "nothing that was there before is lost.",
            file=path,
            reason=error.strerror or error,
        ) from error


def load(path: str | Path) -> Checkpoint:
    """Read a checkpoint of ours (``.safetensors``) or a tutorial's state dict (``.pth``, ``.pt``).

    Nothing is taken into memory before it is known to fit the network. Raises Problem for a
    missing, foreign, damaged or unsafe file, and for weights of another shape; nothing else.
    """
    path = Path(path)
    with _told_of(path):
        if path.suffix.lower() in (".pth", ".pt"):
            return _load_pickled(path)
        return _load_safetensors(path)


def read_card(path: str | Path) -> tuple[ModelSpec, dict]:
    """Spec and card of a ``.safetensors`` checkpoint, without reading its weights.

    Both are checked, so whoever has them may trust them. Raises Problem as ``load`` does.
    """
    path = Path(path)
    with _told_of(path), _opened(path) as file:
        return _spec_and_card(file)


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
        if path.suffix.lower() in (".pth", ".pt"):
            raise Problem(
                "{file} cannot be read as PyTorch weights; it may be cut short or something else, "
                "so save it again.",
                file=name,
            ) from error
        raise Problem(
            "{file} is not a checkpoint of this app, or it is damaged; train it again or take "
            "another one.",
            file=name,
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        if int.from_bytes(file.read(8), "little") > MOST_HEADER:
            raise ValueError("the header is too long")
    with safe_open(path, "pt") as content:
        yield content


def _spec_and_card(file: Any) -> tuple[ModelSpec, dict]:
    metadata = file.metadata() or {}
    spec = checked_spec(metadata["spec"])
    return spec, checked_card(metadata["card"], spec)


def _load_safetensors(path: Path) -> Checkpoint:
    with _opened(path) as file:
        spec, found = _spec_and_card(file)
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        model = _fitting(spec, shapes)
        return _with_weights(model, spec, found, {name: file.get_tensor(name) for name in shapes})


def _load_pickled(path: Path) -> Checkpoint:
    content, read = read_pickled(path.read_bytes())
    if isinstance(content, dict):
        content = content.get("state_dict", content.get("model_state_dict", content))
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(value, Stored) for name, value in content.items()
    ):
        raise Problem(
            "It holds no state dict; save it anew with torch.save(model.state_dict(), …)."
        )
    stored = _with_our_names(content)
    spec = _tutorial_spec({name: tensor.shape for name, tensor in stored.items()})
    model = _fitting(spec, {name: tensor.shape for name, tensor in stored.items()})
    weights = {name: tensor.in_memory(read) for name, tensor in stored.items()}
    return _with_weights(model, spec, {}, weights)


def _fitting(spec: ModelSpec, shapes: Mapping[str, tuple[int, ...]]) -> nn.Module:
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


def _with_weights(
    model: nn.Module, spec: ModelSpec, found: dict, weights: Mapping[str, Tensor]
) -> Checkpoint:
    if not all(value.isfinite().all() for value in weights.values()):
        raise Problem(
            "Some weights are no numbers (NaN or infinite), so the network can compute nothing; "
            "take a checkpoint from an earlier epoch, or train again."
        )
    model.load_state_dict(weights)
    return Checkpoint(model.eval().requires_grad_(False), spec, found)


def _tutorial_spec(shapes: Mapping[str, tuple[int, ...]]) -> ModelSpec:
    """Which network a bare state dict belongs to: the first one with just these keys."""
    for arch, last in (("cnn", "fc2.bias"), ("resnet20", "fc.bias")):
        for attention in ATTENTION:
            if _names(arch, attention) != shapes.keys():
                continue
            outputs = shapes[last][0] if shapes[last] else 0
            if outputs != len(CIFAR10_CLASSES):
                raise Problem(
                    "The network tells {outputs} classes apart, and a bare weights file does not "
                    "name them; only CIFAR-10's ten can be assumed.",
                    outputs=outputs,
                )
            return ModelSpec(arch, attention)
    raise Problem(
        "The weights belong to a network that this app does not know; it reads the tutorial's CNN "
        "(conv1 … fc2) and its own checkpoints."
    )


@cache
def _names(arch: str, attention: str) -> frozenset[str]:
    """What the tensors of a network are called."""
    return frozenset(build(ModelSpec(arch, attention)).state_dict())


def _with_our_names(weights: Mapping[str, Stored]) -> dict[str, Stored]:
    """The tutorial's ``ca1.fc.0.weight`` and ``ca1.fc.2.weight`` under this project's names."""
    parts = {"0": "fc1", "2": "fc2"}
    return {
        re.sub(r"^ca(\d)\.fc\.([02])\.", lambda m: f"attention{m[1]}.gate.{parts[m[2]]}.", name): w
        for name, w in weights.items()
    }
