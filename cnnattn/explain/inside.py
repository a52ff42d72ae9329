"""What happens inside one attention module with one picture, step by step."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from cnnattn.explain.gates import gate_names
from cnnattn.explain.trace import trace


@dataclass(frozen=True)
class Inside:
    """The arrays of one attention module, float32, without the axis of the batch.

    ``before`` and ``after`` are the maps that go in and come out. ``gates`` holds the weights of
    each gate by its name, (C, 1, 1), (1, H, W) or (C, H, W). ``hidden`` are the hidden units of
    the channel gate, (ways, units), a row for each way in which the maps were squeezed; ``places``
    are the weights of the places in a global context block and ``added`` what it adds to each
    channel; ``affinity`` is how much each place takes from each other one. None where the module
    has nothing of the kind.
    """

    before: np.ndarray  # (C, H, W)
    after: np.ndarray  # (C, H, W)
    gates: dict[str, np.ndarray]
    hidden: np.ndarray | None = None
    places: np.ndarray | None = None  # (H, W), sum 1
    added: np.ndarray | None = None  # (C,)
    affinity: np.ndarray | None = None  # (H, W, h, w), the last two sum to 1


def look_inside(model: nn.Module, x: Tensor, before: str, module: str) -> Inside:
    """Run ``model`` on one picture ``x`` (1, 3, H, W) and keep what ``module`` does.

    ``before`` is the layer that feeds the module. Parts are found by their names: gates are called
    ``gate`` and their hidden layer ``relu``; ``places``, ``transform`` and ``affinity`` are those
    of modules that add. Raises Problem as ``trace`` does.
    """
    gates = [name for name in gate_names(model) if name.startswith(module + ".")]
    names = {name for name, _ in model.named_modules()}
    hidden = f"{module}.gate.relu"
    parts = [f"{module}.{part}" for part in ("places", "transform", "affinity")]
    wanted = [name for name in (hidden, *parts) if name in names]
    outputs = trace(model, x, [before, module, *gates, *wanted]).activations
    found = {name: output.detach().float().cpu().numpy() for name, output in outputs.items()}
    height, width = found[before].shape[2:]
    places, added, affinity = (found.get(part) for part in parts)
    return Inside(
        before=found[before][0],
        after=found[module][0],
        gates={name: found[name][0] for name in gates},
        hidden=found[hidden].reshape(-1, found[hidden].shape[-1]) if hidden in found else None,
        places=None if places is None else places[0, 0],
        added=None if added is None else added[0],
        affinity=None if affinity is None else _over_places(affinity[0], height, width),
    )


def _over_places(affinity: np.ndarray, height: int, width: int) -> np.ndarray:
    """(HW, hw) as (H, W, h, w), h and w smaller than H and W by the same whole number."""
    times = round((height * width / affinity.shape[1]) ** 0.5)
    return affinity.reshape(height, width, height // times, width // times)
