"""The weights that multiplicative attention gives: ``x * self.gate(x)``, read at ``….gate``."""

from collections.abc import Generator, Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from cnnattn.explain.trace import watched_view


def gate_names(model: nn.Module) -> tuple[str, ...]:
    """Names of all submodules called ``gate``, in the order in which they were registered."""
    return tuple(name for name, _ in model.named_modules() if name.split(".")[-1] == "gate")


def is_channel_gate(gate: Tensor) -> bool:
    """Whether a gate's output is one weight a channel, (N, C, 1, 1)."""
    return gate.ndim == 4 and gate.shape[2:] == (1, 1)


Profile = dict[str, tuple[np.ndarray, np.ndarray]]
"""Gate -> mean and standard deviation, both float64 (classes, C)."""


def gate_profile(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], classes: int
) -> Profile:
    """Mean and standard deviation of every channel gate, by class, over a data set.

    ``batches`` yields pictures (N, 3, H, W), ready for the model, and labels (N,) in
    0 … classes - 1. The deviation is that of a population (divided by the number of pictures). A
    class without pictures has NaN. Gates of other shapes than one weight a channel are left out;
    of a network without gates nothing is run.
    """
    steps = gate_profile_steps(model, batches, classes)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def gate_profile_steps(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], classes: int
) -> Generator[int, None, Profile]:
    """``gate_profile``, a batch at a time: yields how many pictures it has seen so far."""
    names = gate_names(model)
    captured: dict[str, Tensor] = {}
    moments: dict[str, tuple[Tensor, Tensor, Tensor]] = {}
    seen = 0
    if names:
        view = watched_view(model, names, captured)
        for x, labels in batches:
            with torch.inference_mode():  # not around the yield: the caller has a mode of its own
                view(x)
                members = one_hot(labels.cpu().long(), classes).double()  # (N, classes)
                for name, gate in captured.items():
                    if is_channel_gate(gate):
                        batch = _moments(gate.flatten(1).double().cpu(), members)
                        moments[name] = _merge(moments[name], batch) if name in moments else batch
            seen += len(labels)
            yield seen
    return {
        name: (
            mean.where(count > 0, torch.nan).numpy(),
            (squares / count).sqrt().numpy(),  # 0 / 0 is NaN: no picture
        )
        for name, (count, mean, squares) in moments.items()
    }


def _moments(gates: Tensor, members: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """By class: count (classes, 1), mean and sum of squared deviations (classes, C)."""
    count = members.sum(0)[:, None]
    mean = members.T @ gates / count.clamp(min=1)
    return count, mean, members.T @ (gates - members @ mean).square()


def _merge(
    a: tuple[Tensor, Tensor, Tensor], b: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    # Chan, Golub and LeVeque 1983: unlike E[g²] - E[g]², it never subtracts two large numbers.
    (count_a, mean_a, squares_a), (count_b, mean_b, squares_b) = a, b
    count = count_a + count_b
    share = count_b / count.clamp(min=1)
    step = mean_b - mean_a
    return count, mean_a + step * share, squares_a + squares_b + step.square() * count_a * share
