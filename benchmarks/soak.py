"""Half an hour of class: sessions that wander over all pages, with a training beside them.

    python -m benchmarks.soak [--minutes 30] [--sessions 10] [--seed 0]

Each session goes to a page, changes some of its widgets one after another, a few seconds between
them, and goes on to the next page; now and then it leaves and comes back as a new one. A training
on the built-in samples runs all the while, one after another. Told at the end: reruns, errors of
the connection, exceptions shown in pages, the training's problems, and the server's memory,
threads and open files minute by minute.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from websockets.exceptions import WebSocketException

from benchmarks.visitors import ROOT, App, Visitor, name_of, server, session
from cnnattn.training.run_folder import read_run

THOUGHT = (2.0, 6.0)  # seconds between two clicks
CLICKABLE = ("button_group", "selectbox", "number_input", "checkbox", "slider")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with server() as app, tempfile.TemporaryDirectory() as runs:
        asyncio.run(soak(app, asked.sessions, asked.minutes * 60, asked.seed, Path(runs)))


async def soak(app: App, sessions: int, seconds: float, seed: int, runs: Path) -> None:
    """Let them wander until the time is over, and print what happened."""
    end = time.monotonic() + seconds
    happened: Counter[str] = Counter()
    print(f"before: {app.holds()}", flush=True)
    async with asyncio.TaskGroup() as together:
        for number in range(sessions):
            together.create_task(wander(app, random.Random(f"{seed} {number}"), end, happened))
        together.create_task(train(runs, end, happened))
        together.create_task(watch(app, end, happened))
    for what, count in sorted(happened.items()):
        print(f"{what}: {count}")


async def watch(app: App, end: float, happened: Counter[str]) -> None:
    """Print what the server holds, once a minute."""
    minute = 0
    while time.monotonic() < end:
        await asyncio.sleep(min(60, max(0, end - time.monotonic())))
        minute += 1
        print(f"minute {minute}: {app.holds()}; {happened['reruns']} reruns", flush=True)


async def train(runs: Path, end: float, happened: Counter[str]) -> None:
    """Train on the built-in samples, one run after another."""
    while time.monotonic() < end:
        folder = runs / str(happened["trainings"])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cnnattn",
            "train",
            "--attention",
            "se",
            "--data",
            "samples",
            "--run",
            str(folder),
            "--epochs",
            "200",
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"CNNATTN_RUNS": str(runs)},
        )
        while process.returncode is None and time.monotonic() < end:
            await asyncio.sleep(1)
        if process.returncode is None:
            (folder / "stop").touch()
            await process.wait()
        happened["trainings"] += 1
        state = read_run(folder).state
        if process.returncode or state not in ("finished", "stopped"):
            happened[f"trainings that ended as {state}"] += 1


async def wander(app: App, chance: random.Random, end: float, happened: Counter[str]) -> None:
    """One visitor after another, until the time is over."""
    while time.monotonic() < end:
        try:
            async with session(app.address) as visitor:
                await visitor.rerun()
                for _page in range(chance.randint(2, 12)):
                    await stay(visitor, chance, end, happened)
                    if time.monotonic() > end:
                        break
        except (OSError, TimeoutError, WebSocketException) as error:
            happened[f"errors: {type(error).__name__}"] += 1
        happened["visits"] += 1
        happened["exceptions shown"] += visitor.exceptions


async def stay(visitor: Visitor, chance: random.Random, end: float, happened: Counter[str]) -> None:
    """Go to some page and change a few things there."""
    await visit(visitor, chance)
    happened["pages"] += 1
    for _click in range(chance.randint(1, 6)):
        await asyncio.sleep(chance.uniform(*THOUGHT))
        if time.monotonic() > end:
            return
        labels = [label for label, (kind, _) in visitor.widgets.items() if kind in CLICKABLE]
        if labels and change(visitor, chance.choice(labels), chance):
            happened["clicks"] += 1
        await visitor.rerun()
        happened["reruns"] += 1


async def visit(visitor: Visitor, chance: random.Random) -> None:
    """Follow a link of the navigation, as a browser does."""
    visitor.page = chance.choice(list(visitor.pages))
    visitor.widgets.clear()
    visitor.states.clear()
    await visitor.rerun()


def change(visitor: Visitor, label: str, chance: random.Random) -> bool:
    """Give the widget another of its values; False if it has no other."""
    kind, widget = visitor.widgets[label]
    state = visitor.states.get(widget.id)
    if state is None or getattr(widget, "disabled", False):
        return False
    if kind == "button_group":
        names = [name_of(option) for option in widget.options]
        if len(names) < 2:
            return False
        state.string_array_value.data[:] = [chance.choice(names)]
    elif kind == "selectbox":
        if not widget.options:
            return False
        state.string_value = chance.choice(list(widget.options))
    elif kind == "number_input":
        low, high = int(widget.min), int(widget.max)
        state.double_value = chance.randint(low, min(high, low + 200))
    elif kind == "slider" and state.HasField("string_array_value"):
        state.string_array_value.data[:] = [chance.choice(list(widget.options))]
    elif kind == "checkbox":
        state.bool_value = not state.bool_value
    else:
        values = list(state.double_array_value.data)
        state.double_array_value.data[:] = sorted(
            chance.uniform(widget.min, widget.max) for _ in values
        )
    return True


if __name__ == "__main__":
    main()
