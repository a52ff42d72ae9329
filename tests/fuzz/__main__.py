"""Try many damaged inputs: python -m tests.fuzz --inputs 100000 [--seed 0] [--only pictures]

Prints how many of each kind were tried and how many of those were still good. Each input follows
from the seed and its number, which are printed where one fails; it ends with 1 if one did.
"""

import argparse
import logging
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

import psutil

from tests.fuzz import checkpoints, pages, pictures, run_folders

# What is tried, and its share of all inputs: a page takes a thousand times as long as a picture.
KINDS = {
    "pictures": (pictures.attempt, 0.865),
    "checkpoints": (checkpoints.attempt, 0.06),
    "run folders": (run_folders.attempt, 0.07),
    "cards on pages": (pages.card, 0.002),
    "runs on pages": (pages.run, 0.001),
    "links": (pages.link, 0.002),
}


def attempt(kind: str, seed: int, number: int, place: Path) -> bool:
    """Try one input; whether it was still good. Any error is a defect."""
    return KINDS[kind][0](random.Random(f"{kind} {seed} {number}"), place)


def main() -> int:
    """Try them all."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=KINDS)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit's, that nobody is looking
    failed = 0
    for kind, (_try, share) in KINDS.items():
        if arguments.only not in (None, kind):
            continue
        count = arguments.inputs if arguments.only else round(arguments.inputs * share)
        good, slowest, began = 0, 0.0, time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                started = time.monotonic()
                try:
                    good += attempt(kind, arguments.seed, number, Path(folder))
                except Exception:
                    failed += 1
                    print(f"{kind}, seed {arguments.seed}, number {number}", file=sys.stderr)
                    traceback.print_exc(limit=-4)
                slowest = max(slowest, time.monotonic() - started)
        memory = psutil.Process().memory_info().rss / 1e6
        print(
            f"{kind}: {count} tried, {good} still good, slowest {slowest:.2f} s, "
            f"{time.monotonic() - began:.0f} s in all, the process has {memory:.0f} MB",
            flush=True,
        )
    print(f"{failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
