"""How long one core works on 100 pictures in each network of the zoo, and its modules and timm's.

    python -m benchmarks.attention [--out checkpoints/speed.json]

The core's own time is measured, all networks take turns, and the fastest round counts, so that
other work on the machine changes little.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from timm.layers import EcaModule, GlobalContext, NonLocalAttn, SEModule
from timm.layers.cbam import CbamModule, SpatialAttn
from timm.layers.coord_attn import CoordAttn
from torch import nn

from cnnattn.files import write_atomically
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import ModelSpec, build

PICTURES, ROUNDS = 100, 9

PEERS: dict[str, Callable[[int], nn.Module]] = {
    "se": lambda c: SEModule(c, rd_channels=max(1, c // 16), bias=False),
    "eca": EcaModule,
    "cbam": CbamModule,
    "spatial": lambda c: SpatialAttn(7),
    "coordinate": lambda c: CoordAttn(c, rd_channels=8),
    "gc": lambda c: GlobalContext(c, fuse_add=True, fuse_scale=False, rd_channels=8),
    "nonlocal": lambda c: NonLocalAttn(c, rd_channels=c // 2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="the file to write the networks' times to")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    times = {
        arch: taking_turns({kind: build(ModelSpec(arch, kind)) for kind in ATTENTION}, (3, 32, 32))
        for arch in ARCHITECTURES
    }
    found = {
        "machine": processor(),
        "torch": torch.__version__,
        "pictures": PICTURES,
        "milliseconds": {
            arch: {kind: round(min(t), 2) for kind, t in of_kind.items()}
            for arch, of_kind in times.items()
        },
    }
    print(json.dumps(found, indent=1))
    if out:
        write_atomically(out, json.dumps(found, indent=1).encode())
    print("one module on 100 maps of 64×16×16, ms: ours, timm's")
    ours = taking_turns({kind: ATTENTION[kind](64) for kind in PEERS}, (64, 16, 16))
    theirs = taking_turns({kind: peer(64) for kind, peer in PEERS.items()}, (64, 16, 16))
    for kind in PEERS:
        a, b = min(ours[kind]), min(theirs[kind])
        print(f"{kind:12} {a:7.2f} {b:7.2f}  ratio {b / a:.1f}")


@torch.inference_mode()
def taking_turns(
    models: Mapping[str, nn.Module], shape: tuple[int, int, int]
) -> dict[str, list[float]]:
    """Milliseconds of each model for a batch, once a round; the first two rounds warm up."""
    x = torch.randn(PICTURES, *shape)
    times: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(ROUNDS + 2):
        for name, model in models.items():
            start = time.process_time()
            model.eval()(x)
            if turn >= 2:
                times[name].append(1000 * (time.process_time() - start))
    return times


def processor() -> str:
    """The processor's name, as Linux gives it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
