"""A network as a small JSON graph that the browser's engine can run (``engine.js``).

``torch.export`` lists the ATen operations of a run. Here they are reduced to the two dozen that
the engine knows, with all geometry worked out: the engine only walks through typed arrays.

A node is ``{"name", "op", "inputs", "shape", …}``; an input is ``"%node"``, ``"$weight"``, a
number or None, and the further entries are what the operation needs. ``modules`` names for each
module of the network the node that is its output, as a forward hook would see it.
"""

import copy
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Node

from cnnattn.live.kept_graphs import kept
from cnnattn.live.lowering import LOWERINGS, Shape, UnknownForm
from cnnattn.nets.architectures import ARCHITECTURES, CIFAR10_SIZE
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem

Graph = dict[str, Any]
"""``nodes`` in the order of computation, ``output``, ``modules``, ``input`` (the shape)."""

SIDE = CIFAR10_SIZE  # of the pictures that the page draws, in pixels; as in picture.js
_ONE_EXPORT = threading.Lock()  # torch.export is not thread-safe


def network_graph(spec: ModelSpec) -> Graph:
    """The graph of the networks that ``spec`` describes; made once. Do not change it.

    Raises Problem as ``export_graph`` does, and for pictures that are not ``SIDE`` pixels wide.
    """
    if ARCHITECTURES[spec.arch].size != SIDE:
        raise Problem(
            "This network takes pictures of {size}×{size} pixels, but those of the page Live have "
            "{side}×{side}; use the other pages.",
            size=ARCHITECTURES[spec.arch].size,
            side=SIDE,
        )
    with _ONE_EXPORT:
        return _network_graph(spec)


@lru_cache(maxsize=64)
def _network_graph(spec: ModelSpec) -> Graph:
    network = build(spec)
    return kept(network, lambda: _export(network, ARCHITECTURES[spec.arch].shape))


def export_graph(model: nn.Module, shape: tuple[int, ...]) -> Graph:
    """The graph of any network, for one input of ``shape`` (1, …); the network stays as it is.

    Raises Problem for an operation that the engine does not know, naming it, and for a network
    that ``torch.export`` cannot follow.
    """
    with _ONE_EXPORT:
        return _export(model, shape)


class _Pass(nn.Module):
    """Stands for what does nothing when a network is used: so it has an output of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


def _export(model: nn.Module, shape: tuple[int, ...]) -> Graph:
    model = copy.deepcopy(model).eval()
    for name, module in list(model.named_modules()):
        if name and isinstance(module, nn.Identity | nn.Dropout):
            model.set_submodule(name, _Pass())
    try:
        program = torch.export.export(model, (torch.zeros(shape),), strict=False)
    except Exception as error:  # torch raises many kinds here
        raise Problem(
            "This network cannot run in the browser, since its computation cannot be written down "
            "as a fixed list of operations ({reason}); use the pages that compute on the server.",
            reason=str(error).strip().partition("\n")[0],
        ) from error
    return _graph(program, shape)


def _graph(program: torch.export.ExportedProgram, shape: tuple[int, ...]) -> Graph:
    signature = program.graph_signature
    weights = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    weights |= signature.inputs_to_lifted_tensor_constants
    references: dict[str, Any] = {}  # node of torch -> how the engine calls its value
    nodes: list[dict[str, Any]] = []
    modules: dict[str, str] = {}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            of_weights = node.name in weights
            references[node.name] = f"${weights[node.name]}" if of_weights else "%input"
        elif node.op == "call_function":
            found = _lower(node, references)
            if found is None:
                continue
            nodes.append(found)
            references[node.name] = f"%{node.name}"
            for module in _modules_around(node):
                modules[module] = node.name
        elif node.op == "output":
            output = references[node.args[0][0].name].removeprefix("%")
    needed = _needed(nodes, output)
    return {
        "nodes": [node for node in nodes if node["name"] in needed],
        "output": output,
        "modules": {module: name for module, name in modules.items() if name in needed},
        "input": list(shape),
    }


def _lower(node: Node, references: Mapping[str, Any]) -> dict[str, Any] | None:
    """The engine's node for one of torch; None for one whose parts are taken by ``getitem``."""

    def value(argument: Any) -> Any:
        if isinstance(argument, Node):
            return references[argument.name]
        if isinstance(argument, list | tuple):
            return [value(item) for item in argument]
        return argument

    if "getitem" in str(node.target):
        return _part(node, references)
    operation = node.target.__name__.partition(".")[0]  # type: ignore[union-attr]
    if operation in ("split_with_sizes", "max", "adaptive_max_pool2d") and isinstance(
        node.meta["val"], tuple | list
    ):
        return None
    return _lowered(node, operation, _arguments(node, value), _shape(node))


def _part(node: Node, references: Mapping[str, Any]) -> dict[str, Any] | None:
    """One of the results of an operation that has several, as a node of its own."""
    source, index = node.args
    assert isinstance(source, Node)
    assert isinstance(index, int)
    operation = source.target.__name__.partition(".")[0]  # type: ignore[union-attr]
    arguments = _arguments(source, lambda a: references[a.name] if isinstance(a, Node) else a)
    if operation == "split_with_sizes":
        sizes = arguments["split_sizes"]
        arguments |= {"start": sum(sizes[:index]), "end": sum(sizes[: index + 1]), "step": 1}
        operation = "slice"
    elif index:
        return None  # where the maximum was: nobody here asks for it
    return _lowered(node, operation, arguments, _shape(node), source)


def _lowered(
    node: Node, operation: str, arguments: dict[str, Any], shape: Shape, source: Node | None = None
) -> dict[str, Any]:
    first = (source or node).args[0]
    first = first[0] if isinstance(first, list | tuple) else first
    before = _shape(first) if isinstance(first, Node) else []
    try:
        lowered = LOWERINGS[operation](arguments, before, shape)
    except (KeyError, UnknownForm):
        raise Problem(
            "This network uses the operation “{operation}” in a way that the engine of the "
            "browser does not know, so it cannot run there; use the pages that compute on the "
            "server.",
            operation=operation,
        ) from None
    return {"name": node.name, "shape": shape, **lowered}


def _arguments(node: Node, value: Callable[[Any], Any]) -> dict[str, Any]:
    """The arguments of a torch operation by name, with their defaults."""
    schema = node.target._schema.arguments  # type: ignore[union-attr]
    given = dict(zip((argument.name for argument in schema), node.args, strict=False))
    given |= node.kwargs
    defaults = {a.name: a.default_value for a in schema if a.has_default_value()}
    return {name: value(argument) for name, argument in {**defaults, **given}.items()}


def _shape(node: Node) -> Shape:
    return list(node.meta["val"].shape)


def _modules_around(node: Node) -> list[str]:
    """Names of the modules in which the node stands; the network itself is not among them."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    parts = stack[-1][0].split(".") if stack and stack[-1][0] else []
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _needed(nodes: list[dict[str, Any]], output: str) -> set[str]:
    """Names of the nodes on which ``output`` depends."""
    needed = {output}
    for node in reversed(nodes):
        if node["name"] in needed:
            needed |= {i[1:] for i in node["inputs"] if isinstance(i, str) and i[0] == "%"}
    return needed
