"""Run a network once and keep what happened inside, without touching the network.

Every run works on a private view of the model: copies, over the very same tensors, of the modules
that are watched and of those around them. Hooks are put on the view, and the view is dropped
afterwards, so threads that share one model cannot mix up their captures and there is nothing to
clean up, not even after an exception.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cnnattn.problem import Problem

Edit = Callable[[Tensor], Tensor]
"""Output of a layer -> what the network shall see instead, of the same shape."""


@dataclass(frozen=True)
class Trace:
    """What happened in one run of a network.

    ``logits`` is (N, classes); ``activations`` holds the output of each layer asked for, in the
    order asked. All are still on the graph, which begins at the first of them, so
    ``torch.autograd.grad(trace.logits[:, c].sum(), trace.activations[layer])`` works, also when
    every parameter is frozen.
    """

    logits: Tensor
    activations: dict[str, Tensor]


def trace(
    model: nn.Module, x: Tensor, layers: Iterable[str], edits: Mapping[str, Edit] = {}
) -> Trace:
    """Run ``model`` on ``x`` (N, …) as in evaluation mode, and keep the outputs of ``layers``.

    ``edits`` maps a layer's name to a function of its output whose result takes the output's
    place; an edited layer is captured as edited. Of a layer that the network runs several times
    (a shared ReLU) the last output is kept, and an edit applies every time. The model, its
    parameters and buffers, ``x`` and their flags stay as they are; ``x`` must be on the model's
    device and of its type.

    Raises Problem for a layer that does not exist, does not run or does not return one tensor, and
    for an edit that does not return a tensor of the shape it was given.
    """
    layers = tuple(layers)
    captured: dict[str, Tensor] = {}
    view = watched_view(model, (*layers, *edits), captured, edits)
    with torch.inference_mode(False), torch.enable_grad():
        # The graph begins at the first layer that is captured (see the hook), whatever is frozen:
        # on the way there a run is as quick as without one. A network may work in place on x.
        logits = view(x.detach().clone())
    if not isinstance(logits, Tensor):
        raise Problem(
            "This network returns a {kind}, but a classifier that returns one tensor of logits "
            "is needed.",
            kind=type(logits).__name__,
        )
    for layer in (*layers, *edits):
        if layer not in captured:
            raise took_no_part(layer)
    return Trace(logits, {layer: captured[layer] for layer in layers})


def took_no_part(layer: str) -> Problem:
    """What to raise for a layer that a run did not reach."""
    return Problem(
        "Layer “{layer}” took no part in this run, so it has no output; choose another.",
        layer=layer,
    )


def watched_view(
    model: nn.Module,
    layers: Iterable[str],
    captured: dict[str, Tensor],
    edits: Mapping[str, Edit] = {},
) -> nn.Module:
    """Private view of ``model`` in evaluation mode that writes the outputs of ``layers`` down.

    Each run of the view puts them into ``captured`` by name, as edited. The view shares every
    parameter and buffer with the model, and modules too: never move, train or unfreeze it.

    Raises Problem for a name that is no layer of the model.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    layers = tuple(dict.fromkeys(layers))
    for layer in layers:
        if layer not in modules:
            raise Problem(
                "This network has no layer called “{layer}”; the nearest names are {near}.",
                layer=layer,
                near=", ".join(difflib.get_close_matches(layer, modules, n=5, cutoff=0)),
            )
    copies = _copies(model, modules, {id(modules[layer]) for layer in layers})
    for layer in layers:
        hook = _capture(layer, captured, edits.get(layer))
        copies[id(modules[layer])].register_forward_hook(hook)
    return copies[id(model)]


def _copies(
    model: nn.Module, modules: Mapping[str, nn.Module], watched: set[int]
) -> dict[int, Any]:
    """By its id, what stands for each module in a view: a copy over the same tensors, or itself.

    In evaluation mode, and if modules know of each other as submodules only, it is enough to copy
    those that are watched and those around them, a hundredth of the time of a copy of all.
    """
    if any(module.training or not _simple(module) for module in modules.values()):
        memo: dict[int, Any] = {id(t): t for t in (*model.parameters(), *model.buffers())}
        for module in deepcopy(model, memo).modules():
            module.training = False  # else batch norm would move the running means: it shares them
        return memo
    names: set[str] = set()
    for name, module in modules.items():
        if id(module) in watched:
            parts = name.split(".")
            names |= {".".join(parts[:i]) for i in range(len(parts) + 1)}
    copies = {id(module): module for module in modules.values()}
    for name in names:
        copies[id(modules[name])] = object.__new__(type(modules[name]))
    for name in names:
        attributes = vars(modules[name])
        copy = copies[id(modules[name])]
        copy.__dict__ = attributes | {table: attributes[table].copy() for table in _TABLES}
        for child, module in attributes["_modules"].items():
            copy._modules[child] = copies.get(id(module))
    return copies


def _simple(module: nn.Module) -> bool:
    """Whether no attribute but the tables of every module can lead to another module."""
    return all(
        name in _TABLES
        or type(value) in _PLAIN
        or (isinstance(value, list | tuple) and all(type(item) in _PLAIN for item in value))
        for name, value in vars(module).items()
    )


_TABLES = {name for name, value in vars(nn.Module()).items() if isinstance(value, dict | set)}
"""Attributes of every module that hold its parameters, buffers, submodules and hooks by name."""

_PLAIN = {bool, int, float, str, type, torch.dtype, torch.device, type(None), type(lambda: None)}


def _capture(
    layer: str, captured: dict[str, Tensor], edit: Edit | None
) -> Callable[[nn.Module, Any, Any], Tensor]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> Tensor:
        if not isinstance(output, Tensor):
            raise Problem(
                "Layer “{layer}” returns a {kind}, but a layer that returns one tensor is needed; "
                "choose a layer inside it.",
                layer=layer,
                kind=type(output).__name__,
            )
        if edit:
            output = _edited(layer, output, edit)
        if torch.is_grad_enabled() and not output.requires_grad:
            output = output.detach().clone().requires_grad_()  # the graph begins here
        captured[layer] = output
        # The network goes on with a copy, for it may overwrite it: an in-place ReLU, `out += x`.
        return output.clone()

    return hook


def _edited(layer: str, output: Tensor, edit: Edit) -> Tensor:
    # A copy again: the layer may need its own output for its gradient, and edits may be in place.
    edited = edit(output.clone())
    if not isinstance(edited, Tensor) or edited.shape != output.shape:
        # Not left to broadcasting: (32,) on (1, 32, 32, 32) would quietly weigh columns.
        raise Problem(
            "The edit of layer “{layer}” must return a tensor of shape {shape}, but it returned "
            "{returned}.",
            layer=layer,
            shape=tuple(output.shape),
            returned=tuple(edited.shape) if isinstance(edited, Tensor) else type(edited).__name__,
        )
    return edited
