"""What a layer costs: its parameters, and the multiplications that one picture takes in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from cnnattn.explain.trace import trace


@dataclass(frozen=True)
class Cost:
    """Of one picture: parameters, and multiply-adds in convolutions and products of matrices.

    What goes over a map value by value (a mean, a sigmoid, ``x * gate``) is not counted, as is
    the custom; it takes time all the same.
    """

    parameters: int
    multiply_adds: int
    size: tuple[int, ...]  # of what goes in, without the batch


def costs(model: nn.Module, x: Tensor, layers: Iterable[str]) -> dict[str, Cost]:
    """The cost of each of ``layers``, each with an output as large as its input.

    ``x`` is one picture (1, 3, H, W); ``model`` is in evaluation mode.
    """
    outputs = trace(model, x, layers).activations
    return {
        layer: cost(model.get_submodule(layer), torch.zeros_like(output))
        for layer, output in outputs.items()
    }


def cost(module: nn.Module, x: Tensor) -> Cost:
    """The cost of ``module``, in evaluation mode, on an input ``x`` of one picture."""
    counter = _Counter()
    with torch.no_grad(), counter:
        module(x)
    parameters = sum(p.numel() for p in module.parameters())
    return Cost(parameters, counter.multiply_adds, tuple(x.shape[1:]))


class _Counter(TorchDispatchMode):
    """Counts in the thread that enters it, below modules: a matrix product needs no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        operation = func.overloadpacket.__name__
        if operation == "convolution":  # (x, weight, …): each output from one kernel
            self.multiply_adds += output.numel() * args[1][0].numel()
        elif operation in ("mm", "bmm"):
            self.multiply_adds += output.numel() * args[0].shape[-1]
        elif operation in ("addmm", "baddbmm"):  # (bias, a, b, …)
            self.multiply_adds += output.numel() * args[1].shape[-1]
        return output
