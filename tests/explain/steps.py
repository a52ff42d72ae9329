"""What several tests in this folder do."""

from collections.abc import Generator

import torch
from torch import nn

from cnnattn.nets.models import ModelSpec, build


def finished(steps: Generator) -> tuple[list, object]:
    """The shares that a generator yields, and what it returns."""
    shares = []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            return shares, end.value


def network(attention: str = "se", arch: str = "cnn", seed: int = 3) -> nn.Module:
    """An untrained network whose attention does something: gc and nonlocal begin as identity."""
    torch.manual_seed(seed)
    model = build(ModelSpec(arch, attention))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
    return model.eval().requires_grad_(False)
