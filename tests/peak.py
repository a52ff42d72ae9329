"""How much memory reading a file takes at its worst, in a process of its own (Linux)."""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST = 6 * 2**30  # bytes: what is not held back shall fail, and not take the machine along


def peaks(function: str, files: Sequence[Path]) -> list[tuple[int, str]]:
    """For each file: MB beyond the program itself, and what came of it.

    ``function`` is written as "package.module:name" and takes a path. It reads the first file once
    before the others, so that what any file takes is the program's own.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.peak", function, *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST)),
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def _resident(entry: str) -> int:
    """VmRSS, what is in memory now, or VmHWM, the most since ``_forget``; in MB.

    Not getrusage's ru_maxrss: a process takes that over from the one that started it.
    """
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if entry in line
    )
    return int(line.split()[1]) // 1024


def _forget() -> None:
    """The most memory so far is from now on what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def _main(function: str, first: str, *files: str) -> None:
    module, _, name = function.partition(":")
    read = getattr(import_module(module), name)
    read(Path(first))
    begin = _resident("VmRSS")
    for file in files:
        _forget()
        try:
            read(Path(file))
            said = "read"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        print(json.dumps([_resident("VmHWM") - begin, said]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
