"""Gate surgery: change what a layer gives, and see what becomes of the network's answer.

The functions on top make edits for ``trace``, for the gates of attention or for maps: nothing in
the network itself is changed. Those below measure what an edit costs.
"""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from cnnattn.explain.statistics import softmax
from cnnattn.explain.trace import Edit, took_no_part, watched_view
from cnnattn.problem import Problem


def scaled(factors: Mapping[int, float]) -> Edit:
    """Channel c times ``factors[c]``, the others as they are; a factor of 0 gives exactly 0."""

    def edit(values: Tensor) -> Tensor:
        channels = values.shape[1]
        beyond = [c for c in factors if not 0 <= c < channels]
        if beyond:
            raise Problem(
                "There is no channel {channel} here; this layer has the channels 0 to {last}.",
                channel=beyond[0],
                last=channels - 1,
            )
        return _times(values, factors, (channels, 1, 1))

    return edit


def scaled_places(factors: Mapping[int, float]) -> Edit:
    """Position p, counted row by row, times ``factors[p]``, in every channel; 0 gives exactly 0."""

    return lambda values: _times(values, factors, values.shape[-2:])


def _times(values: Tensor, factors: Mapping[int, float], shape: Sequence[int]) -> Tensor:
    """``values`` times an array of ``shape`` that is 1 but for ``factors``, counted row by row."""
    by = torch.ones(math.prod(shape), dtype=values.dtype, device=values.device)
    for place, factor in factors.items():
        by[place] = factor
    by = by.view(*shape)
    return torch.where(by == 0, 0, values * by)


def bypassed(gate: Tensor) -> Tensor:
    """An edit: every weight of the gate is 1, so that all passes as it came."""
    return torch.ones_like(gate)


def shuffled(seed: int) -> Edit:
    """The same weights on other channels (on other places if the gate is one map for all).

    The permutation follows ``seed`` and is the same for every picture.
    """

    def edit(gate: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        if gate.shape[1] > 1:
            return gate[:, torch.randperm(gate.shape[1], generator=generator)]
        places = gate.flatten(2)
        order = torch.randperm(places.shape[2], generator=generator)
        return places[:, :, order].reshape(gate.shape)

    return edit


def borrowed(values: Tensor) -> Edit:
    """The values (1, …) of another run in the place of every picture's own."""
    return lambda own: values.to(own).expand_as(own)


def skipped(before: str, module: str) -> dict[str, Edit]:
    """Edits that pass what layer ``before`` gives by the ``module`` that it feeds, unchanged.

    For modules that add instead of multiplying, which no gate can open. One run at a time.
    """
    passing: list[Tensor] = []

    def remember(maps: Tensor) -> Tensor:
        passing[:] = [maps]
        return maps

    return {before: remember, module: lambda changed: passing.pop()}


def in_turn(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(values: Tensor) -> Tensor:
        for each in edits:
            values = each(values)
        return values

    return edit


@dataclass(frozen=True)
class Ablation:
    """Scores of one picture with all channels, and without each one."""

    whole: np.ndarray  # float32 (classes,), logits
    without: np.ndarray  # float32 (C, classes), row c with channel c zero

    def loss(self, target: int, probability: bool = True) -> np.ndarray:
        """By how much class ``target`` falls without each channel, (C,); negative: it rises.

        In probability, -1 … 1, or in the score (logit).
        """
        whole, without = self.whole.astype(np.float64), self.without.astype(np.float64)
        if probability:
            whole, without = softmax(whole), softmax(without)
        return whole[target] - without[:, target]


def ablate_each(model: nn.Module, x: Tensor, layer: str, batch: int = 128) -> Ablation:
    """Switch off each channel of ``layer`` in turn, for one picture ``x`` (1, 3, H, W).

    What lies before the layer runs on one picture; the layer's output is then laid out as a batch,
    a row with a channel less each, and only what lies behind it runs on ``batch`` rows at a time.

    Raises Problem as ``trace`` does.
    """
    captured: dict[str, Tensor] = {}
    view = watched_view(model, [layer], captured)
    with torch.inference_mode():
        whole = view(x)
        if layer not in captured:
            raise took_no_part(layer)
        values = captured[layer]
        shape = (-1, values.shape[1]) + (1,) * (values.ndim - 2)
        rows = torch.eye(values.shape[1], dtype=torch.bool, device=x.device).reshape(shape)
        without = [_run_without(view, x, layer, part) for part in rows.split(batch)]
    return Ablation(whole[0].float().cpu().numpy(), torch.cat(without).float().cpu().numpy())


def _run_without(view: nn.Module, x: Tensor, layer: str, off: Tensor) -> Tensor:
    """Logits (rows, classes), in each row the channels marked in ``off`` (rows, C, …) zero."""
    hook = view.get_submodule(layer).register_forward_hook(
        lambda module, inputs, output: torch.where(off, 0, output)
    )
    try:
        logits = view(x)  # one picture becomes the batch at the layer; the rest broadcasts
    except RuntimeError:  # as a concatenation with maps of one picture does not
        logits = view(x.expand(len(off), *x.shape[1:]))
    finally:
        hook.remove()
    return logits.expand(len(off), -1)  # where the layer is not heard, all rows are alike


def confusions(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    classes: int,
    edits: Mapping[str, Edit],
) -> Generator[int, None, dict[str, np.ndarray]]:
    """What ``edits`` do to the answers on a whole test set, a batch at a time.

    ``batches`` yields pictures (N, 3, H, W), ready for the model, and labels (N,). Yields how many
    pictures it has seen so far; returns the confusion matrices "before" and "after", int64
    (classes, classes), rows the true classes.

    Raises Problem as ``trace`` does.
    """
    whole, edited = watched_view(model, (), {}), watched_view(model, edits, {}, edits)
    counts = dict.fromkeys(("before", "after"), torch.zeros(classes**2, dtype=torch.long))
    seen = 0
    for x, labels in batches:
        with torch.inference_mode():
            for name, view in (("before", whole), ("after", edited)):
                pairs = labels * classes + view(x).argmax(1).cpu()
                counts[name] = counts[name] + torch.bincount(pairs, minlength=classes**2)
        seen += len(labels)
        yield seen
    return {name: c.reshape(classes, classes).numpy() for name, c in counts.items()}
