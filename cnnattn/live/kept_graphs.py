"""Graphs of networks on disk: writing one down takes torch a second, reading it a millisecond."""

import hashlib
import inspect
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from cnnattn.files import write_atomically
from cnnattn.places import CACHE
from cnnattn.problem import Problem

FOLDER = CACHE / "graphs"


def kept(network: nn.Module, export: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``export`` gives for this network, from the disk if it was written there before.

    It goes by all that the graph depends on: the network's modules, the source of their files, of
    this wing, and torch. Where nothing can be written, every start of the app exports anew.
    """
    try:
        file = FOLDER / f"{_fingerprint(network)}.json"
    except (OSError, TypeError):
        return export()  # a class without a file, as in an interactive session
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found
    graph = export()
    with suppress(Problem):
        write_atomically(file, json.dumps(graph).encode())
    return graph


def _fingerprint(network: nn.Module) -> str:
    used = {type(module).__module__ for module in network.modules()}
    own = {name for name in used if name.partition(".")[0] != "torch"}
    own |= {name for name in sys.modules if name.startswith(("cnnattn.nets.", "cnnattn.live."))}
    sources = [inspect.getsource(sys.modules[name]) for name in sorted(own)]
    told = "\n".join([torch.__version__, repr(network), *sources])
    return hashlib.sha256(told.encode()).hexdigest()[:24]
