"""Class activation maps: where a network looks when it gives a class its score.

Every map is signed (above 0: for the class, below: against it), as large as the layer's own maps,
and in the units of its method. What is done for the eye comes after: ``positive``, ``unit``,
``enlarge``.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnattn.explain.input_maps import integrated_gradients, occlusion, saliency
from cnnattn.explain.spatial_weight import attention
from cnnattn.explain.target import Target, score
from cnnattn.explain.trace import Trace, trace, watched_view
from cnnattn.explain.variants import in_evaluation, logits_of
from cnnattn.problem import Problem


def grad_cam(A: Tensor, gradient: Tensor) -> Tensor:
    """Sum over the channels, each weighted by its mean gradient (Grad-CAM, arXiv 1610.02391).

    ``A`` and ``gradient`` dY/dA are (N, C, H, W); the map is (N, H, W) and signed: the paper's
    final ReLU is ``positive``.
    """
    return (gradient.mean((2, 3), keepdim=True) * A).sum(1)


def grad_cam_pp(A: Tensor, gradient: Tensor) -> Tensor:
    """Grad-CAM++ (arXiv 1710.11063): weights ``Σ α relu(g)``, ``α = g² / (2 g² + g³ Σ A)``.

    The paper explains exp(Y), so that α has a closed form (equation 19) on networks of ReLUs; the
    factor exp(Y) that is then in front of the weights only scales a picture's map, and is left
    out. α is computed with g² cancelled, so that small gradients keep their weight.
    """
    denominator = 2 + gradient * A.sum((2, 3), keepdim=True)
    alpha = torch.where((gradient != 0) & (denominator != 0), 1 / denominator, 0)
    return ((alpha * gradient.relu()).sum((2, 3), keepdim=True) * A).sum(1)


def hires_cam(A: Tensor, gradient: Tensor) -> Tensor:
    """Gradient times activation at every place (HiResCAM, arXiv 2011.08891).

    Of a layer that only linear layers follow, the map's sum is the score, but for the bias.
    """
    return (gradient * A).sum(1)


def layer_cam(A: Tensor, gradient: Tensor) -> Tensor:
    """Positive gradient times activation at every place (LayerCAM, Jiang et al. 2021, IEEE TIP)."""
    return (gradient.relu() * A).sum(1)


def xgrad_cam(A: Tensor, gradient: Tensor) -> Tensor:
    """Weights ``Σ g A / Σ A``: a place counts as much as it is active (XGrad-CAM, 2008.02312).

    A channel that sums to 0 has no such weight, and no say.
    """
    total = A.sum((2, 3), keepdim=True)
    weight = (gradient * A).sum((2, 3), keepdim=True) / total
    return (torch.where(total != 0, weight, 0) * A).sum(1)


def eigen_cam(A: Tensor, gradient: Tensor) -> Tensor:
    """The first principal component of the channels, ``A v``, of no class (2008.00299).

    ``v`` is the first right singular vector of the (HW, C) matrix, not centred, as in the paper.
    Its sign is arbitrary; it is chosen so that the map's sum is not negative.
    """
    pixels = A.flatten(2).transpose(1, 2)  # (N, HW, C)
    usable = pixels.isfinite().all((1, 2), keepdim=True)  # else there are no singular vectors
    v = torch.linalg.svd(pixels.where(usable, 0), full_matrices=False).Vh[:, :1]  # (N, 1, C)
    component = (pixels * v).sum(2)  # (N, HW)
    component = torch.where(component.sum(1, keepdim=True) < 0, -component, component)
    return component.unflatten(1, A.shape[2:])


def top_channels(A: Tensor, gradient: Tensor, k: int = 3) -> Tensor:
    """Mean of the ``k`` channels with the largest mean, as tutorials draw them; of no class."""
    strongest = A.mean((2, 3)).topk(min(k, A.shape[1])).indices  # (N, k)
    return A.take_along_dim(strongest[:, :, None, None], 1).mean(1)


def score_cam(model: nn.Module, x: Tensor, target: Target, layer: str) -> Tensor:
    """Each channel weighted by how well it serves as a mask of the picture (arXiv 1910.01279).

    A channel is enlarged to the picture's size and scaled to 0 … 1; the network scores the picture
    times this mask; the softmax of these scores over the channels gives the weights. The score of
    a baseline, which the paper subtracts from all of them, drops out of the softmax.
    """
    A = layer_maps(trace(model, x, [layer]), layer)

    def masked(channels: slice) -> Tensor:
        masks = unit(enlarge(A[:, channels].transpose(0, 1), x.shape[2:]))  # (c, N, H, W)
        return x * masks[:, :, None]

    scores = score(logits_of(in_evaluation(model), x, A.shape[1], masked), target)  # (C, N)
    return (scores.softmax(0).T[:, :, None, None] * A).sum(1)


def ablation_cam(model: nn.Module, x: Tensor, target: Target, layer: str) -> Tensor:
    """Each channel weighted by how far the score falls without it (Desai & Ramaswamy, WACV 2020).

    The paper divides the fall by the score, one number a picture; this only scales the map, and
    would turn its sign where the score is below 0, so it is left out.
    """
    traced = trace(model, x, [layer])
    A = layer_maps(traced, layer)
    ablated: list[int] = []  # the channel that each row of the batch goes without

    def without(output: Tensor) -> Tensor:
        output[torch.arange(len(output)), ablated] = 0
        return output

    def repeated(channels: slice) -> Tensor:
        numbers = range(A.shape[1])[channels]
        ablated[:] = [number for number in numbers for _ in x]
        return x.expand(len(numbers), *x.shape)

    network = watched_view(model, [layer], {}, {layer: without})
    scores = score(logits_of(network, x, A.shape[1], repeated), target)  # (C, N)
    fall = score(traced.logits.detach(), target) - scores
    return (fall.T[:, :, None, None] * A).sum(1)


CAMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "grad_cam": grad_cam,
    "grad_cam_pp": grad_cam_pp,
    "hires_cam": hires_cam,
    "layer_cam": layer_cam,
    "xgrad_cam": xgrad_cam,
    "eigen_cam": eigen_cam,
    "top_channels": top_channels,
}
"""Name -> method that needs one run only: (A, dY/dA), both (N, C, H, W) -> signed map (N, H, W)."""

METHODS: dict[str, Callable[[nn.Module, Tensor, Target, str], Tensor]] = {
    "score_cam": score_cam,
    "ablation_cam": ablation_cam,
    "saliency": saliency,
    "integrated_gradients": integrated_gradients,
    "occlusion": occlusion,
    "attention": attention,
}
"""Name -> method that runs the network itself: (model, x, target, layer) -> map (N, h, w)."""


def cam(trace: Trace, target: Target, layer: str, method: str = "grad_cam") -> Tensor:
    """Map of class number ``target`` at ``layer``, from a run already made, by one of ``CAMS``.

    Returns (N, H, W), signed, in units of the method, at the layer's own size, off the graph. The
    trace stays usable for further classes and layers.

    Raises Problem for an unknown method, a class that does not exist, and a layer that was not
    captured or whose output is not (N, C, H, W).
    """
    _check_method(method, CAMS)
    return CAMS[method](*activation_and_gradient(trace, target, layer))


def activation_and_gradient(trace: Trace, target: Target, layer: str) -> tuple[Tensor, Tensor]:
    """A and dY/dA of ``layer``, both (N, C, H, W) and off the graph. Raises Problem as ``cam``."""
    y = score(trace.logits, target)
    layer_maps(trace, layer)
    A = trace.activations[layer]
    # Pictures of a batch do not influence each other, so the sum gives each its own gradient.
    # Where an edit has cut the way from the layer to the score, the gradient is zero.
    (gradient,) = torch.autograd.grad(y.sum(), A, retain_graph=True, materialize_grads=True)
    return A.detach(), gradient


def layer_maps(trace: Trace, layer: str) -> Tensor:
    """The output (N, C, H, W) of ``layer``, off the graph. Raises Problem as ``cam`` does."""
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
    return A.detach()


def heatmap(
    model: nn.Module, x: Tensor, target: Target, layer: str, method: str = "grad_cam"
) -> Tensor:
    """Run ``model`` on ``x`` (N, 3, H, W) and return a map (N, h, w) by any method.

    It is signed and at the layer's own size; of a method on the input, at that of ``x``. Raises
    Problem as ``trace`` and ``cam`` do.
    """
    return heatmaps(model, x, target, layer, [method])[method]


def heatmaps(
    model: nn.Module, x: Tensor, target: Target, layer: str, methods: Sequence[str]
) -> dict[str, Tensor]:
    """``heatmap`` of several methods; all of ``CAMS`` share one run and one gradient."""
    for method in methods:
        _check_method(method, CAMS | METHODS)
    heat_maps: dict[str, Tensor] = {}
    if any(method in CAMS for method in methods):
        A, gradient = activation_and_gradient(trace(model, x, [layer]), target, layer)
        heat_maps = {method: CAMS[method](A, gradient) for method in methods if method in CAMS}
    for method in methods:
        if method not in heat_maps:
            heat_maps[method] = METHODS[method](model, x, target, layer)
    return {method: heat_maps[method] for method in methods}


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


def enlarge(cam: Tensor, size: Sequence[int]) -> Tensor:
    """Maps (…, h, w) bilinearly to ``size`` (H, W): a pixel is an area, its value in its middle."""
    if cam.shape[-2:] == tuple(size):
        return cam
    flat = cam.reshape(1, -1, *cam.shape[-2:])
    large = F.interpolate(flat, tuple(size), mode="bilinear", align_corners=False)
    return large.reshape(*cam.shape[:-2], *size)


def fault(cam: Tensor) -> str:
    """Why a map (h, w) shows nothing: "nan", "blank", "negative", "constant", or "" if it does."""
    if not cam.isfinite().all():
        return "nan"
    low, high = float(cam.min()), float(cam.max())
    if low == high:
        return "constant" if high > 0 else "negative" if high < 0 else "blank"
    return "negative" if high <= 0 else ""


def _check_method(method: str, known: dict[str, Callable[..., Tensor]]) -> None:
    if method not in known:
        raise Problem(
            "There is no heat map method called “{method}”; the known ones are {known}.",
            method=method,
            known=", ".join(known),
        )
