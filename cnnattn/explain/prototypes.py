"""What excites a channel most: real pictures, and one made for it."""

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from cnnattn.explain.trace import took_no_part, watched_view
from cnnattn.problem import Problem

Prepare = Callable[[Tensor], Tensor]
"""Pictures with values 0 … 255, (N, H, W, 3) -> the network's input (N, 3, H, W)."""


class _Enough(Exception):
    """Raised behind the layer that is wanted, so that the rest of the network does not run."""


def strongest_places(
    model: nn.Module,
    layer: str,
    pictures: np.ndarray,
    prepare: Prepare,
    count: int = 9,
    batch: int = 125,
) -> Generator[float, None, dict[str, np.ndarray]]:
    """For every channel of ``layer`` the ``count`` pictures, uint8 (N, H, W, 3), that excite it
    most, at their strongest place.

    Yields the share done, 0 … 1. Returns arrays (C, count or N), the strongest first:
    "activation" float32, "picture", "row" and "column" int64. Of a channel that is equally strong
    in several pictures or places, any of them.

    Raises Problem for no pictures and for a layer without height and width.
    """
    if not len(pictures):
        raise Problem("The data set holds no pictures, so there is nothing to measure; add some.")
    run = _until(model, layer)
    best: list[Tensor] = []  # values, pictures and places, each (k, C)
    for start in range(0, len(pictures), batch):
        with torch.inference_mode():
            part = torch.from_numpy(np.ascontiguousarray(pictures[start : start + batch]))
            maps = run(prepare(part))  # (n, C, h, w)
            values, places = maps.flatten(2).max(2)  # (n, C)
            numbers = torch.arange(start, start + len(maps))[:, None].expand_as(places)
            found = [values, numbers, places]
            if best:
                found = [torch.cat(pair) for pair in zip(best, found, strict=True)]
            order = found[0].topk(min(count, len(found[0])), 0).indices
            best = [each.gather(0, order) for each in found]
        yield min(1.0, (start + batch) / len(pictures))
    activation, picture, place = (each.T.contiguous().numpy() for each in best)
    row, column = np.divmod(place, maps.shape[3])
    return {"activation": activation, "picture": picture, "row": row, "column": column}


def maximise(
    model: nn.Module,
    layer: str,
    channels: Sequence[int],
    prepare: Prepare,
    *,
    size: int,
    steps: int = 128,
    rate: float = 0.08,
    jitter: int = 3,
    smoothness: float = 0.5,
    seed: int = 0,
) -> Generator[float, None, dict[str, np.ndarray]]:
    """Make a picture for each of ``channels`` that excites it: activation maximisation.

    Erhan et al. 2009; the channel's mean over all places, as in Olah et al. 2017 ("Feature
    Visualization", Distill). From noise, a step at a time, the picture climbs the gradient. Two
    constraints keep it from becoming noise that only this network likes: before each step it is
    shifted by up to ``jitter`` pixels, and total variation, the difference between neighbouring
    pixels, costs ``smoothness``. All randomness follows ``seed``.

    Yields the share done, 0 … 1. Returns "picture" uint8 (len(channels), size, size, 3), and
    float32 (len(channels),): "mean", the channel's mean in it, and "activation", its greatest.
    A channel that stays silent whatever is tried keeps its noise.
    """
    run = _until(model, layer)
    generator = torch.Generator().manual_seed(seed)
    index = torch.arange(len(channels))
    chosen = torch.tensor(list(channels))

    def noise(amount: float) -> Tensor:
        return amount * torch.randn(len(channels), size, size, 3, generator=generator)

    def excitement(shown: Tensor) -> Tensor:
        """The channels' maps (len(channels), h·w)."""
        return run(prepare(255 * shown))[index, chosen].flatten(1)

    z = noise(0.3).requires_grad_()  # the picture's values are sigmoid(z): always within 0 … 1
    optimiser = torch.optim.Adam([z], rate)
    for step in range(steps):
        with torch.inference_mode(False), torch.enable_grad():
            picture = z.sigmoid()
            shifts = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
            mean = excitement(picture.roll(shifts, (1, 2))).mean(1)
            silent = mean.detach() == 0
            # Relative to what it is, so that a layer's units do not matter against smoothness.
            gain = mean / mean.detach().abs().clamp(min=1e-6)
            loss = (smoothness * _variation(picture) - gain).sum()
            (z.grad,) = torch.autograd.grad(loss, z)
        with torch.no_grad():
            z.grad[silent] = 0
            optimiser.step()
            if silent.any():  # behind a ReLU there is no gradient to climb: begin elsewhere
                z[silent] = noise(0.3 + 2 * step / steps)[silent]
        yield (step + 1) / steps
    with torch.inference_mode():
        picture = z.sigmoid().mul(255).round()
        maps = excitement(picture / 255)
    return {
        "picture": picture.byte().numpy(),
        "mean": maps.mean(1).numpy(),
        "activation": maps.amax(1).numpy(),
    }


def _variation(picture: Tensor) -> Tensor:
    """Mean absolute difference between neighbouring pixels, (N,), of pictures (N, H, W, 3)."""
    down = (picture[:, 1:] - picture[:, :-1]).abs().mean((1, 2, 3))
    return down + (picture[:, :, 1:] - picture[:, :, :-1]).abs().mean((1, 2, 3))


def _until(model: nn.Module, layer: str) -> Callable[[Tensor], Tensor]:
    """A function from input to the output (N, C, h, w) of ``layer``, which runs no further."""
    captured: dict[str, Tensor] = {}
    # Laid out as the pictures are: up to eight times as fast (first layer of the CNN, 2 cores).
    copy = deepcopy(model).requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    view = watched_view(copy, [layer], captured)

    def stop(module: nn.Module, inputs: object, output: object) -> None:
        raise _Enough

    view.get_submodule(layer).register_forward_hook(stop)

    def run(x: Tensor) -> Tensor:
        with suppress(_Enough):
            view(x)
        if layer not in captured:
            raise took_no_part(layer)
        maps = captured[layer]
        if maps.ndim != 4:
            raise Problem(
                "Layer “{layer}” has no height and width (its output is {shape}), so no place in "
                "it can be shown; choose a convolution or another layer with maps.",
                layer=layer,
                shape=tuple(maps.shape),
            )
        return maps

    return run
