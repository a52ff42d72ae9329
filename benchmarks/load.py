"""A class at once: many sessions of the home page, by the protocol that Streamlit's browser speaks.

    python -m benchmarks.load [--sessions 30 60] [--clicks 6] [--in-a-row 100] [--uploads 50]

For every number of sessions: all open the page in the same moment, then each clicks, two seconds
after its last page was whole, on another sample, stage, layer or number of channels; with every
click it sends the state of all widgets that it knows, as a browser does. The peer is the same app
with Streamlit's own settings. With ``--in-a-row``, so many sessions come one after another, each
gone before the next; with ``--uploads``, one session shows so many pictures of its own: what they
leave behind on the server is told before, half way, and after Streamlit has forgotten them (it
keeps a session for two minutes). Nothing outside this machine is spoken to; the page's own files,
which a browser fetches once, are not asked for. The visitors compute on the server's own cores:
their part, which thirty browsers would do elsewhere, is told beside the server's.
"""

import argparse
import asyncio
import io
import random
import statistics
import time
from collections.abc import AsyncIterator

import numpy as np
from PIL import Image
from websockets.exceptions import WebSocketException

from benchmarks.visitors import App, Visitor, server, session

THOUGHT = 2.0  # seconds between a whole page and the next click
MOST = 200  # sessions, uploads: this is a measurement, not an attack
FORGOTTEN = 150.0  # seconds until Streamlit has let go of a closed session
CLICKS = ("Sample picture", "Stage", "Layer", "Channels", "Strongest channels")
PEER = (
    *("--runner.postScriptGC", "true", "--runner.fastReruns", "true"),
    *("--server.fileWatcherType", "auto"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="*", default=[30, 60])
    parser.add_argument("--clicks", type=int, default=6, help="of each session")
    parser.add_argument("--in-a-row", type=int, default=0, help="sessions, one after another")
    parser.add_argument("--uploads", type=int, default=0, help="different pictures of one session")
    parser.add_argument("--no-peer", action="store_true", help="leave Streamlit's settings out")
    asked = parser.parse_args()
    counts = [*asked.sessions, asked.in_a_row, asked.uploads, asked.clicks]
    if not all(0 <= count <= MOST for count in counts):
        parser.error(f"at most {MOST} of anything")
    for name, options in [("this app", ()), ("Streamlit's settings", PEER)][: 2 - asked.no_peer]:
        for count in asked.sessions:
            with server(options) as app:
                print(f"{name}, {count} sessions: {asyncio.run(crowd(app, count, asked.clicks))}")
    if asked.in_a_row or asked.uploads:
        with server() as app:
            asyncio.run(tell(leftovers(app, asked.in_a_row, asked.uploads)))


async def tell(lines: AsyncIterator[str]) -> None:
    """Print each line when it is there."""
    async for line in lines:
        print(line, flush=True)


# --- many visitors at once


async def crowd(app: App, count: int, clicks: int) -> str:
    """What ``count`` sessions see that open in one moment and click ``clicks`` times, in words."""
    first: list[float] = []
    following: list[float] = []
    visitors: list[Visitor] = []
    errors: list[str] = []

    async def visit(number: int) -> None:
        chance = random.Random(number)
        try:
            start = time.perf_counter()
            async with session(app.address) as visitor:
                visitors.append(visitor)
                await visitor.rerun()
                first.append(time.perf_counter() - start)
                for _click in range(clicks):
                    await asyncio.sleep(THOUGHT * chance.uniform(0.5, 1.5))
                    there = [label for label in CLICKS if label in visitor.widgets]
                    visitor.click(chance.choice(there), chance)
                    following.append(await visitor.rerun())
        except (OSError, TimeoutError, WebSocketException) as error:
            errors.append(type(error).__name__)

    before, own = app.cpu(), time.process_time()
    async with asyncio.TaskGroup() as together:
        for number in range(count):
            together.create_task(visit(number))
    reruns = len(first) + len(following)
    if not reruns:
        return f"no page came whole; {len(errors)} errors ({', '.join(sorted(set(errors)))})"
    cpu, own = (1000 * spent / reruns for spent in (app.cpu() - before, time.process_time() - own))
    sent = sum(visitor.bytes for visitor in visitors) / 1000 / reruns
    shown = sum(visitor.exceptions for visitor in visitors)
    return (
        f"first page {times(first)}; next click {times(following)}; {len(errors)} errors, "
        f"{shown} exceptions shown; {sent:.0f} kB, {cpu:.0f} ms of the server's CPU and {own:.1f} "
        f"of the visitors' a rerun; "
        f"{app.holds()}"
    )


def times(seconds: list[float]) -> str:
    """Median, 95th percentile and slowest."""
    if not seconds:
        return "never"
    high = float(np.percentile(seconds, 95))
    return f"{statistics.median(seconds):.2f} / {high:.2f} / {max(seconds):.2f} s"


# --- what visitors leave behind


async def leftovers(app: App, in_a_row: int, uploads: int) -> AsyncIterator[str]:
    """What the server holds before and after these visits, line by line."""
    chance = random.Random(0)
    yield f"before: {app.holds()}"
    for number in range(in_a_row):
        async with session(app.address) as visitor:
            await visitor.rerun()
            visitor.click("Sample picture", chance)
            await visitor.rerun()
        if number + 1 in (in_a_row // 2, in_a_row):
            yield f"after {number + 1} sessions in a row: {app.holds()}"
    if uploads:
        async with session(app.address) as visitor:
            await visitor.rerun()
            visitor.show("Where from", "Upload")
            await visitor.rerun()
            for number in range(uploads):
                await visitor.upload(some_picture(number))
                if number + 1 in (uploads // 2, uploads):
                    yield f"after {number + 1} different uploads: {app.holds()}"
    await asyncio.sleep(FORGOTTEN)
    async with session(app.address) as visitor:  # Streamlit looks for old sessions now and then
        await visitor.rerun()
    yield f"when all is forgotten: {app.holds()}"


def some_picture(number: int) -> bytes:
    """A picture of a telephone's size that no other number has, as a JPEG file."""
    pixels = np.random.default_rng(number).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((1600, 1200)).save(file, "JPEG")
    return file.getvalue()


if __name__ == "__main__":
    main()
