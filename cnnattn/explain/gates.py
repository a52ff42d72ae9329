"""The weights that multiplicative attention gives: ``x * self.gate(x)``, read at ``….gate``."""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from cnnattn.explain.finish import finish
from cnnattn.explain.trace import watched_view


def gate_names(model: nn.Module, within: str = "") -> tuple[str, ...]:
    """Names of all submodules called ``gate``, in the order in which they were registered; only
    those inside the submodule ``within``, if one is named."""
    return tuple(
        name
        for name, _ in model.named_modules()
        if name.split(".")[-1] == "gate" and (not within or name.startswith(within + "."))
    )


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
    return finish(gate_profile_steps(model, batches, classes))


def gate_profile_steps(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], classes: int
) -> Generator[int, None, Profile]:
    """``gate_profile``, a batch at a time: yields how many pictures it has seen so far."""
    moments = yield from gate_moments_steps(model, batches, classes, is_channel_gate)
    return profile_of(moments)


def profile_of(moments: Mapping[str, "GateMoments"]) -> Profile:
    """The class profile of the channel gates among ``moments``."""
    return {
        name: (
            found.mean.where(found.count > 0, torch.nan).numpy(),
            (found.squares / found.count).sqrt().numpy(),  # 0 / 0 is NaN: no picture
        )
        for name, found in moments.items()
        if found.shape[1:] == (1, 1)
    }


OPEN, SHUT = 0.9, 0.1  # above, below: a gate that lets nearly everything, nearly nothing through


@dataclass(frozen=True)
class GateMoments:
    """What one gate did over a data set, enough to tell how much it varies; all float64.

    A *unit* is one weight of the gate: a channel of (C, 1, 1), a location of (1, H, W), a channel
    at a location of (C, H, W); units are the last axis, in the order of ``flatten``.
    """

    shape: tuple[int, ...]  # of the gate for one picture
    count: Tensor  # (classes, 1), pictures
    mean: Tensor  # (classes, units); 0 for a class without pictures
    squares: Tensor  # (classes, units), sums of squared deviations from that mean
    open: int  # weights above OPEN, over all pictures and units
    shut: int  # weights below SHUT
    over_places: float  # summed over pictures and channels: deviation over a picture's locations

    def __add__(self, other: "GateMoments") -> "GateMoments":
        # Chan, Golub and LeVeque 1983: unlike E[g²] - E[g]², it never subtracts two large numbers.
        count = self.count + other.count
        share = other.count / count.clamp(min=1)
        step = other.mean - self.mean
        return GateMoments(
            self.shape,
            count,
            self.mean + step * share,
            self.squares + other.squares + step.square() * self.count * share,
            self.open + other.open,
            self.shut + other.shut,
            self.over_places + other.over_places,
        )


def gate_moments(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], classes: int
) -> dict[str, GateMoments]:
    """Gate -> its moments over ``batches``, which are as for ``gate_profile``; of every gate."""
    return finish(gate_moments_steps(model, batches, classes))


def gate_moments_steps(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    classes: int,
    wanted: Callable[[Tensor], bool] = lambda gate: True,
) -> Generator[int, None, dict[str, GateMoments]]:
    """``gate_moments``, a batch at a time: yields how many pictures it has seen so far.

    Only of gates whose output is ``wanted``.
    """
    names = gate_names(model)
    captured: dict[str, Tensor] = {}
    moments: dict[str, GateMoments] = {}
    seen = 0
    if names:
        view = watched_view(model, names, captured)
        for x, labels in batches:
            with torch.inference_mode():  # not around the yield: the caller has a mode of its own
                view(x)
                members = one_hot(labels.cpu().long(), classes).double()  # (N, classes)
                for name, gate in captured.items():
                    if wanted(gate):
                        found = _moments(gate.double().cpu(), members)
                        moments[name] = moments[name] + found if name in moments else found
            seen += len(labels)
            yield seen
    return moments


def _moments(gates: Tensor, members: Tensor) -> GateMoments:
    """Of one batch: gates (N, ...), and (N, classes) with 1 for a picture's class, else 0."""
    units = gates.flatten(1)
    count = members.sum(0)[:, None]
    mean = members.T @ units / count.clamp(min=1)
    return GateMoments(
        tuple(gates.shape[1:]),
        count,
        mean,
        members.T @ (units - members @ mean).square(),
        int((units > OPEN).sum()),
        int((units < SHUT).sum()),
        float(gates.flatten(2).std(2, correction=0).sum()),
    )
