"""Damaged checkpoints: each loads and computes numbers, or is refused in one sentence."""

import json
import random
from dataclasses import asdict
from functools import cache
from io import BytesIO
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes

from cnnattn.nets.checkpoint import load, read_card
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from tests.fuzz.twist import damaged, text_of, twisted

SHIPPED = Path(__file__).parents[2] / "checkpoints"


@cache
def shipped(name: str) -> tuple[dict[str, torch.Tensor], dict, dict]:
    """Weights, spec and card of a checkpoint that comes with the app."""
    with safe_open(SHIPPED / f"{name}.safetensors", "pt") as file:
        metadata = file.metadata()
        weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    return weights, json.loads(metadata["spec"]), json.loads(metadata["card"])


def file_with(name: str, spec: object, card: object) -> bytes:
    """A shipped checkpoint's weights under another spec and card."""
    return to_bytes(shipped(name)[0], {"spec": text_of(spec), "card": text_of(card)})


@cache
def pickled(old: bool) -> bytes:
    """A state dict as torch saves it, in its present and its former format."""
    torch.manual_seed(0)
    buffer = BytesIO()
    weights = build(ModelSpec("resnet20", "se")).state_dict()
    torch.save(weights, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


def attempt(rng: random.Random, place: Path) -> bool:
    """Load one damaged checkpoint; whether it still was one."""
    kind = rng.choice(("metadata", "metadata", "header", "zip", "old"))
    suffix = ".safetensors" if kind in ("metadata", "header") else ".pth"
    weights, spec, card = shipped("resnet20-se")
    if kind == "metadata":
        both = twisted({"spec": spec, "card": card}, rng)
        both = both if isinstance(both, dict) else {}
        data = file_with("resnet20-se", both.get("spec"), both.get("card"))
    elif kind == "header":
        data = damaged(to_bytes(weights, {"spec": json.dumps(spec), "card": "{}"}), rng, 12_000)
    else:
        whole = pickled(kind == "old")
        if kind == "zip" and rng.random() < 0.3:  # the directory stands at the end
            data = whole[:-20_000] + damaged(whole[-20_000:], rng)
        else:
            data = damaged(whole, rng, 30_000)
    file = place / f"damaged{suffix}"
    file.write_bytes(data)
    try:
        if suffix == ".safetensors":
            read_card(file)
        found = load(file)
    except Problem as problem:
        if "\n" in str(problem) or problem.__cause__ is None:
            raise AssertionError("no sentence, or no cause") from problem
        return False
    assert asdict(found.spec)
    json.dumps(found.card, ensure_ascii=False).encode()
    with torch.inference_mode():
        assert found.model(torch.zeros(1, 3, 32, 32)).shape == (1, len(found.spec.classes))
    return True
