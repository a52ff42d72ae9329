"""All that the pages show of one picture in one network, from one forward and one backward pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from cnnattn.explain.cam import cam
from cnnattn.explain.gates import gate_names, is_channel_gate
from cnnattn.explain.trace import Edit, trace


@dataclass(frozen=True)
class Analysis:
    """What one network does with one picture; every array is float32."""

    probabilities: np.ndarray  # (classes,), sums to 1
    maps: dict[str, np.ndarray]  # layer -> (C, H, W)
    channel_gates: dict[str, np.ndarray]  # gate -> (C,), of those with one weight a channel
    cam: np.ndarray  # (H, W), signed, of class `target`
    target: int


def analyse(
    model: nn.Module,
    x: Tensor,
    layers: Sequence[str],
    cam_layer: str,
    target: int | None = None,
    method: str = "grad_cam",
    edits: Mapping[str, Edit] = {},
) -> Analysis:
    """Analyse one picture ``x`` (1, 3, H, W); ``target`` None stands for the predicted class.

    With ``edits``, of the network as edited (see ``trace``).

    Raises Problem as ``trace`` and ``cam`` do.
    """
    gates = gate_names(model)
    traced = trace(model, x, [*layers, cam_layer, *gates], edits)
    if target is None:
        target = int(traced.logits[0].argmax())
    return Analysis(
        probabilities=_array(traced.logits[0].float().softmax(0)),
        maps={layer: _array(traced.activations[layer][0]) for layer in layers},
        channel_gates={
            gate: _array(traced.activations[gate].flatten())
            for gate in gates
            if is_channel_gate(traced.activations[gate])
        },
        cam=_array(cam(traced, target, cam_layer, method)[0]),
        target=target,
    )


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().cpu().contiguous().numpy()
