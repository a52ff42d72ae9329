"""What the browser is sent, as one block of bytes: a JSON header, then the parts it points to.

``u32 length of the header | header, ASCII | parts``, little-endian. A part is called by
``[start, length]`` in bytes, counted from the first multiple of 16 after the header.
"""

import json
from typing import Any

import numpy as np
from torch import nn

from cnnattn.live.graph import Graph, network_graph
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.models import ModelSpec

Reference = list[int]
"""``[start, length]`` of a part, in bytes."""


class Parts:
    """Blocks of bytes behind one another, each at a multiple of 16."""

    def __init__(self) -> None:
        self._content = bytearray()

    def add(self, part: bytes) -> Reference:
        """Put a part behind the others; returns how the header calls it."""
        self._content += bytes(-len(self._content) % 16)
        start = len(self._content)
        self._content += part
        return [start, len(part)]

    def pack(self, header: dict[str, Any]) -> bytes:
        """The block of bytes with all parts."""
        text = json.dumps(header, separators=(",", ":")).encode("ascii")
        front = len(text).to_bytes(4, "little") + text
        return front + bytes(-len(front) % 16) + bytes(self._content)


def network(model: nn.Module, spec: ModelSpec, parts: Parts, *, half: bool = False) -> dict:
    """The header's entry for a network, whose weights are added to ``parts``.

    A weight travels in half precision where that loses nothing, as in a checkpoint of this app,
    else as float32; with ``half`` all matrices and kernels are rounded to half precision. Raises
    Problem as ``network_graph`` does.
    """
    graph = network_graph(spec)
    return {
        "graph": graph,
        "weights": _weights(model, graph, parts, half),
        "stages": [
            {
                "name": stage.name,
                "output": stage.output,
                "attention": stage.layers["attention"],
                "gates": _gates(graph, stage.layers["attention"]),
            }
            for stage in ARCHITECTURES[spec.arch].stages
        ],
    }


def _weights(model: nn.Module, graph: Graph, parts: Parts, half: bool) -> dict[str, dict]:
    state = model.state_dict()
    inputs = {i for node in graph["nodes"] for i in node["inputs"] if isinstance(i, str)}
    found = {}
    for name in sorted(i[1:] for i in inputs if i[0] == "$"):
        values = state[name].detach().cpu().numpy().astype("<f4")
        with np.errstate(over="ignore"):  # too large for half precision: then it stays as it is
            rounded = values.astype("<f2")
        lossless = np.array_equal(rounded.astype("<f4"), values)
        small = lossless or (half and values.ndim > 1 and np.isfinite(rounded).all())
        found[name] = {
            "shape": list(values.shape),
            "half": bool(small),
            "at": parts.add((rounded if small else values).tobytes()),
        }
    return found


def _gates(graph: Graph, attention: str) -> list[str]:
    """What can be read and changed of an attention module: gates, places, affinities."""
    ends = ("gate", "places", "affinity")
    return [
        module
        for module in graph["modules"]
        if module.startswith(attention + ".") and module.rpartition(".")[2] in ends
    ]
