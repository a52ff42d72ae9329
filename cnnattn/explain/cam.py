"""Class activation maps: where a network looks when it gives a class its score."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnnattn.explain.trace import Trace, trace
from cnnattn.problem import Problem


def grad_cam(A: Tensor, gradient: Tensor) -> Tensor:
    """Sum over the channels, each weighted by its mean gradient (Grad-CAM, arXiv 1610.02391).

    ``A`` and ``gradient`` dY/dA are (N, C, H, W); the map is (N, H, W) and signed: the paper's
    final ReLU is ``positive``.
    """
    return (gradient.mean((2, 3), keepdim=True) * A).sum(1)


CAMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"grad_cam": grad_cam}
"""Name -> method: (A, dY/dA), both (N, C, H, W) -> signed map (N, H, W)."""


def cam(trace: Trace, target: int, layer: str, method: str = "grad_cam") -> Tensor:
    """Map of class number ``target`` at ``layer``, from a run already made.

    Returns (N, H, W), signed, in units of the method, at the layer's own size, off the graph. The
    trace stays usable for further classes and layers.

    Raises Problem for an unknown method, a class that does not exist, and a layer that was not
    captured or whose output is not (N, C, H, W).
    """
    if method not in CAMS:
        raise Problem(
            "There is no heat map method called “{method}”; the known ones are {known}.",
            method=method,
            known=", ".join(CAMS),
        )
    classes = trace.logits.shape[1]
    if not 0 <= target < classes:
        raise Problem(
            "There is no class number {target}; this network knows the classes 0 to {last}.",
            target=target,
            last=classes - 1,
        )
    if layer not in trace.activations:
        raise Problem(
            "Layer “{layer}” was not captured in this run; the captured ones are {captured}.",
            layer=layer,
            captured=", ".join(trace.activations),
        )
    A = trace.activations[layer]
    if A.ndim != 4:
        raise Problem(
            "Layer “{layer}” has no height and width (its output is {shape}), so there is no heat "
            "map of it; choose a convolution or another layer with maps.",
            layer=layer,
            shape=tuple(A.shape),
        )
    # Pictures of a batch do not influence each other, so the sum gives each its own gradient.
    # Where an edit has cut the way from the layer to the score, the gradient is zero.
    (gradient,) = torch.autograd.grad(
        trace.logits[:, target].sum(), A, retain_graph=True, materialize_grads=True
    )
    return CAMS[method](A.detach(), gradient)


def heatmap(
    model: nn.Module, x: Tensor, target: int, layer: str, method: str = "grad_cam"
) -> Tensor:
    """Run ``model`` on ``x`` (N, 3, H, W) and return ``cam`` (N, h, w), the layer's own size.

    Raises Problem as ``trace`` and ``cam`` do.
    """
    return cam(trace(model, x, [layer]), target, layer, method)


def positive(cam: Tensor) -> Tensor:
    """What speaks for the class: negative values become 0 (the ReLU of arXiv 1610.02391)."""
    return cam.clamp(min=0)


def unit(cam: Tensor) -> Tensor:
    """Scale each map (…, H, W) to 0 … 1 for display, its least value to 0 and its greatest to 1.

    A constant map becomes all zeros. Signs and scale are lost: not for comparing maps.
    """
    low = cam.amin((-2, -1), keepdim=True)
    span = cam.amax((-2, -1), keepdim=True) - low
    return torch.where(span > 0, (cam - low) / span, 0)
