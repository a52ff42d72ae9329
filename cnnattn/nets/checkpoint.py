"""Checkpoints: one ``.safetensors`` file with weights and a card, and the tutorial's ``.pth``.

The file's metadata holds two JSON texts: ``spec`` (ModelSpec) and ``card`` (how the weights came
about and how well they do). Nothing pickled is ever executed.
"""

import json
import os
import pickle
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import CIFAR10_CLASSES, ModelSpec, build
from cnnattn.problem import Problem


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

    Raises Problem for a missing, foreign, damaged or unsafe file, and for weights of another shape.
    """
    path = Path(path)
    if not path.is_file():
        raise Problem("There is no checkpoint at {file}; check the path.", file=path)
    if path.suffix.lower() in (".pth", ".pt"):
        weights = _read_pickled(path)
        spec = _tutorial_spec(weights, path)
        card: dict = {}
    else:
        weights, spec, card = _read_safetensors(path)
    model = build(spec)
    try:
        model.load_state_dict(_with_our_names(weights))
    except RuntimeError as error:
        raise Problem(
            "The weights in {file} are of another shape than {arch} with attention “{attention}”; "
            "choose a checkpoint of that network.",
            file=path.name,
            arch=spec.arch,
            attention=spec.attention,
        ) from error
    return Checkpoint(model.eval().requires_grad_(False), spec, card)


def read_card(path: str | Path) -> tuple[ModelSpec, dict]:
    """Spec and card of a ``.safetensors`` checkpoint, without reading its weights."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        spec = json.loads(metadata["spec"])
        spec["classes"] = tuple(spec["classes"])
        return ModelSpec(**spec), json.loads(metadata["card"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise Problem(
            "{file} is not a checkpoint of this app, or it is damaged; train it again or take "
            "another one.",
            file=Path(path).name,
        ) from error


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], ModelSpec, dict]:
    spec, card = read_card(path)
    with safe_open(path, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return weights, spec, card


def _read_pickled(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise Problem(
            "{file} holds more than weights (pickled code), which could do anything when opened; "
            "save it anew with torch.save(model.state_dict(), …).",
            file=path.name,
        ) from error
    except (RuntimeError, EOFError, ValueError, OSError, KeyError) as error:
        raise Problem(
            "{file} cannot be read as PyTorch weights; it may be cut short or something else, "
            "so save it again.",
            file=path.name,
        ) from error
    if isinstance(content, Mapping):
        content = content.get("state_dict", content.get("model_state_dict", content))
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise Problem(
            "{file} holds no state dict; save it anew with torch.save(model.state_dict(), …).",
            file=path.name,
        )
    return dict(content)


def _tutorial_spec(weights: Mapping[str, Tensor], path: Path) -> ModelSpec:
    """Which network a bare state dict belongs to: the first one with just these keys."""
    names = set(_with_our_names(weights))
    for arch, last in (("cnn", "fc2.bias"), ("resnet20", "fc.bias")):
        for attention in ATTENTION:
            if set(build(ModelSpec(arch, attention)).state_dict()) != names:
                continue
            outputs = len(weights[last])
            if outputs != len(CIFAR10_CLASSES):
                raise Problem(
                    "The network in {file} tells {outputs} classes apart, and a bare weights file "
                    "does not name them; only CIFAR-10's ten can be assumed.",
                    file=path.name,
                    outputs=outputs,
                )
            return ModelSpec(arch, attention)
    raise Problem(
        "The weights in {file} belong to a network that this app does not know; it reads the "
        "tutorial's CNN (conv1 … fc2) and its own checkpoints.",
        file=path.name,
    )


def _with_our_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tutorial's ``ca1.fc.0.weight`` and ``ca1.fc.2.weight`` under this project's names."""
    parts = {"0": "fc1", "2": "fc2"}
    return {
        re.sub(r"^ca(\d)\.fc\.([02])\.", lambda m: f"attention{m[1]}.gate.{parts[m[2]]}.", name): w
        for name, w in weights.items()
    }
