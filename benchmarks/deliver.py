"""The networks of Live on their way to a class: over the websocket, or as a file over HTTP.

    python -m benchmarks.deliver [--sessions 30] [--models cnn-none cnn-se]

A page that holds nothing but the packed networks, twice: sent by a component, as Live does, and as
a static file, which Streamlit serves with an ETag. So many visitors ask in the same moment, and
then once more, as after a reload: the websocket sends everything again; over HTTP a browser asks
whether its copy is still good (Streamlit 1.67 then sends the whole file all the same). Told of
both: seconds until the last has it, processor time of the server, and what was sent. In the life of
a tab Live sends its networks once, however often its page is left and opened again; a reload is
another life.
"""

import argparse
import asyncio
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.visitors import PATIENCE, ROOT, App, server, session
from cnnattn.figures.heat.style import heat_veil
from cnnattn.figures.kit.palette import SEQUENTIAL
from cnnattn.live.content import LiveModel, pack
from cnnattn.nets.checkpoint import load

SOCKET_PAGE = """
from pathlib import Path
import streamlit as st
take = st.components.v2.component("networks", js="export default function () {}")
take(data=Path("static/networks.bin").read_bytes(), key="networks")
"""
STATIC_PAGE = "import streamlit as st\nst.write('networks')\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--models", nargs="*", default=["cnn-none", "cnn-se"])
    asked = parser.parse_args()
    networks = packed(asked.models)
    print(f"{', '.join(asked.models)}: {len(networks) / 1e6:.2f} MB, {asked.sessions} visitors")
    quiet = ("--runner.postScriptGC", "false", "--server.fileWatcherType", "none")
    for name, page, ask in (
        ("websocket", SOCKET_PAGE, by_socket),
        ("HTTP", STATIC_PAGE, by_http),
    ):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "app.py").write_text(page)
            Path(folder, "static").mkdir()
            Path(folder, "static", "networks.bin").write_bytes(networks)
            options = (*quiet, "--server.enableStaticServing", "true")
            with server(options, Path(folder)) as app:
                visits = [ask(app) for _visitor in range(asked.sessions)]
                for time_ in ("first", "again"):
                    told = asyncio.run(all_at_once(app, [visit for visit, _ in visits]))
                    sent = sum(count() for _, count in visits)
                    print(f"{name}, {time_}: {told}, {sent / 1e6:.1f} MB sent", flush=True)


def packed(names: list[str]) -> bytes:
    """The networks as Live sends them, without pictures."""
    models = []
    for name in names:
        checkpoint = load(ROOT / f"checkpoints/{name}.safetensors")
        normalisation = checkpoint.card["normalisation"]
        mean, deviation = normalisation["mean"], normalisation["std"]
        models.append(LiveModel(name, checkpoint, "#000000", mean, deviation))
    return pack(models, [], SEQUENTIAL, heat_veil(), key="benchmark")


async def all_at_once(app: App, visits: list[Callable[[], Awaitable[None]]]) -> str:
    """Seconds until the first half and until the last has what it asked for, and CPU, in words."""
    start, cpu, ends = time.perf_counter(), app.cpu(), []

    async def timed(visit: Callable[[], Awaitable[None]]) -> None:
        await visit()
        ends.append(time.perf_counter() - start)

    await asyncio.gather(*(timed(visit) for visit in visits))
    ends.sort()
    return (
        f"median {ends[len(ends) // 2]:.2f} s, last {ends[-1]:.2f} s, CPU {app.cpu() - cpu:.2f} s"
    )


def by_socket(app: App) -> tuple[Callable[[], Awaitable[None]], Callable[[], int]]:
    """A visit over the websocket, and the bytes of the last one."""
    sent = [0]

    async def visit() -> None:
        async with session(app.address) as visitor:
            await visitor.rerun()
            sent[0] = visitor.bytes

    return visit, lambda: sent[0]


def by_http(app: App) -> tuple[Callable[[], Awaitable[None]], Callable[[], int]]:
    """A visit over HTTP, which keeps the file as a browser does, and the bytes of the last one."""
    kept, sent = [""], [0]

    def fetch() -> None:
        headers = {"If-None-Match": kept[0]} if kept[0] else {}
        request = urllib.request.Request(f"http://{app.address}/app/static/networks.bin")
        request.headers |= headers
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                kept[0], sent[0] = answer.headers["ETag"] or "", len(answer.read())
        except urllib.error.HTTPError as answer:
            if answer.code != 304:
                raise
            sent[0] = 0

    async def visit() -> None:
        await asyncio.to_thread(fetch)

    return visit, lambda: sent[0]


if __name__ == "__main__":
    main()
