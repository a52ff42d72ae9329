"""A class at once: many sessions of the home page, by the protocol that Streamlit's browser speaks.

    python -m benchmarks.load [--sessions 30 60] [--clicks 6] [--in-a-row 100] [--uploads 50]

For every number of sessions: all open the page in the same moment, then each clicks, two seconds
after its last page was whole, on another sample, stage, layer or number of channels; with every
click it sends the state of all widgets that it knows, as a browser does. The peer is the same app
with Streamlit's own settings. With ``--in-a-row``, so many sessions come one after another, each
gone before the next; with ``--uploads``, one session shows so many pictures of its own: what they
leave behind on the server is told before, half way, and after Streamlit has forgotten them (it
keeps a session for two minutes). Nothing outside this machine is spoken to; the page's own files,
which a browser fetches once, are not asked for.
"""

import argparse
import asyncio
import io
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import streamlit  # noqa: F401  (its messages import one another in an order of their own)
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

ROOT = Path(__file__).parents[1]
THOUGHT = 2.0  # seconds between a whole page and the next click
PATIENCE = 60.0  # seconds after which an answer counts as an error
MOST = 200  # sessions, uploads: this is a measurement, not an attack
FORGOTTEN = 150.0  # seconds until Streamlit has let go of a closed session
CLICKS = ("Sample picture", "Stage", "Layer", "Channels", "Strongest channels")
PEER = ("--runner.postScriptGC", "true", "--server.fileWatcherType", "auto")


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


# --- the server


@dataclass(frozen=True)
class App:
    """A running server."""

    address: str  # "127.0.0.1:port"
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    def holds(self) -> str:
        """Memory, threads and open files, in words."""
        memory = self.process.memory_info().rss / 1e6
        files = self.process.num_fds() if hasattr(self.process, "num_fds") else 0
        return f"{memory:.0f} MB, {self.process.num_threads()} threads, {files} open files"


@contextmanager
def server(options: tuple[str, ...] = ()) -> Iterator[App]:
    """The app on a free port, with one visitor behind it: torch and the models are there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", address.split(":")[1],
               *options]  # fmt: skip
    with tempfile.TemporaryDirectory() as runs:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"CNNATTN_RUNS": runs},
        )
        try:
            asyncio.run(first_visit(address))
            yield App(address, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(20)


async def first_visit(address: str) -> None:
    """Wait until the server answers with a whole page."""
    for _try in range(240):
        try:
            async with session(address) as visitor:
                await visitor.rerun()
                return
        except OSError:
            await asyncio.sleep(0.25)
    raise RuntimeError("the server did not answer within a minute")


# --- one visitor


@dataclass
class Visitor:
    """What a browser knows of its page: the widgets that it was sent, and their values."""

    address: str
    socket: ClientConnection
    widgets: dict[str, tuple[str, object]] = field(default_factory=dict)  # label -> kind, message
    states: dict[str, WidgetState] = field(default_factory=dict)  # id -> value
    kept: dict[str, bytes] = field(default_factory=dict)  # messages that are not sent twice
    query: str = "lang=en"
    id: str = ""  # the server's name of this session
    bytes: int = 0
    exceptions: int = 0

    async def rerun(self) -> float:
        """Ask for the page with the widgets as they are; seconds until it is whole."""
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=self.states.values()))
        ask.rerun_script.context_info.locale = "en"
        start = time.perf_counter()
        await self.socket.send(ask.SerializeToString())
        await self.hear("script_finished")
        return time.perf_counter() - start

    async def hear(self, kind: str) -> ForwardMsg:
        """Take in what comes, up to a message of this kind."""
        async with asyncio.timeout(PATIENCE):
            while True:
                content = await self.socket.recv()
                assert isinstance(content, bytes)
                self.bytes += len(content)
                message = ForwardMsg.FromString(content)
                if message.WhichOneof("type") == "ref_hash":
                    message = ForwardMsg.FromString(self.kept[message.ref_hash])
                elif message.metadata.cacheable:
                    self.kept[message.hash] = content
                match message.WhichOneof("type"):
                    case "new_session":
                        self.id = message.new_session.initialize.session_id
                    case "delta":
                        self.learn(message.delta)
                    case "page_info_changed":
                        self.query = message.page_info_changed.query_string
                    case found if found == kind:
                        return message

    def learn(self, delta: Delta) -> None:
        """Know a new widget; show it with the value that the server gives it."""
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.exceptions += 1
        widget = getattr(element, kind) if kind else None
        if not (hasattr(widget, "label") and hasattr(widget, "id")):
            return
        self.widgets[widget.label] = (kind, widget)
        value = first_value(kind, widget)
        told = getattr(widget, "set_value", False)
        if value is not None and (told or widget.id not in self.states):
            self.states[widget.id] = value

    def click(self, label: str, chance: random.Random) -> None:
        """Choose another value of the widget with this label."""
        kind, widget = self.widgets[label]
        state = self.states[widget.id]
        if kind == "button_group":
            names = [name_of(option) for option in widget.options]
            before = list(state.string_array_value.data)
            state.string_array_value.data[:] = [
                chance.choice([name for name in names if [name] != before])
            ]
        elif kind == "number_input":
            low, high = int(widget.min), int(widget.max)
            values = [n for n in range(low, high + 1) if n != state.double_value]
            state.double_value = chance.choice(values)
        else:
            raise ValueError(f"{label} is a {kind}, which this benchmark cannot click")

    def show(self, label: str, name: str) -> None:
        """Choose the button with this name of the group with this label."""
        _kind, widget = self.widgets[label]
        self.states[widget.id].string_array_value.data[:] = [name]

    async def upload(self, content: bytes) -> float:
        """Give the page's uploader this picture, as a browser does; seconds until it is shown."""
        _kind, widget = next(
            w for w in self.widgets.values() if w[0] == "file_uploader" and "picture" in w[1].label
        )
        ask = BackMsg()
        ask.file_urls_request.request_id = "picture"
        ask.file_urls_request.file_names.append("picture.jpg")
        ask.file_urls_request.session_id = self.id
        await self.socket.send(ask.SerializeToString())
        urls = (await self.hear("file_urls_response")).file_urls_response.file_urls[0]
        await asyncio.to_thread(put, self.address, urls.upload_url, content)
        state = self.states[widget.id].file_uploader_state_value
        del state.uploaded_file_info[:]
        state.uploaded_file_info.add(
            name="picture.jpg", size=len(content), file_id=urls.file_id, file_urls=urls
        )
        return await self.rerun()


def put(address: str, path: str, content: bytes) -> None:
    """Send a file to the server by HTTP, with the token that shields it from foreign pages."""
    with urllib.request.urlopen(f"http://{address}/_stcore/health", timeout=PATIENCE) as answer:
        cookie = (answer.headers["Set-Cookie"] or "=").split(";")[0]
    edge = "a-line-between-the-parts"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="picture.jpg"\r\n'
    body = head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content
    request = urllib.request.Request(
        f"http://{address}{path}",
        body + f"\r\n--{edge}--\r\n".encode(),
        {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "Cookie": cookie,
            "X-Xsrftoken": cookie.partition("=")[2].strip('"'),
        },
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=PATIENCE).close()


def name_of(option: object) -> str:
    """A button of a group as its state names it: icon and words."""
    return " ".join(part for part in (option.content_icon, option.content) if part)


def first_value(kind: str, widget: object) -> WidgetState | None:
    """The state in which a browser shows a new widget; None for one that has no value."""
    state = WidgetState(id=widget.id)
    match kind:
        case "button_group":
            names = [name_of(widget.options[i]) for i in widget.default]
            state.string_array_value.data[:] = widget.raw_values if widget.set_value else names
        case "multiselect":
            names = [widget.options[i] for i in widget.default]
            state.string_array_value.data[:] = widget.raw_values if widget.set_value else names
        case "selectbox":
            first = widget.options[widget.default] if widget.options else ""
            state.string_value = widget.raw_value if widget.set_value else first
        case "number_input":
            state.double_value = widget.value if widget.set_value else widget.default
        case "slider":
            state.double_array_value.data[:] = widget.value if widget.set_value else widget.default
        case "checkbox":
            state.bool_value = widget.value if widget.set_value else widget.default
        case "file_uploader":
            state.file_uploader_state_value.SetInParent()
        case _:
            return None
    return state


@asynccontextmanager
async def session(address: str) -> AsyncIterator[Visitor]:
    """A browser's window: open, and then closed."""
    async with connect(
        f"ws://{address}/_stcore/stream",
        subprotocols=["streamlit"],
        max_size=None,
        compression=None,
        proxy=None,
        open_timeout=PATIENCE,
    ) as connection:
        yield Visitor(address, connection)


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

    before = app.cpu()
    async with asyncio.TaskGroup() as together:
        for number in range(count):
            together.create_task(visit(number))
    reruns = len(first) + len(following)
    if not reruns:
        return f"no page came whole; {len(errors)} errors ({', '.join(sorted(set(errors)))})"
    cpu = 1000 * (app.cpu() - before) / reruns
    sent = sum(visitor.bytes for visitor in visitors) / 1000 / reruns
    shown = sum(visitor.exceptions for visitor in visitors)
    return (
        f"first page {times(first)}; next click {times(following)}; {len(errors)} errors, "
        f"{shown} exceptions shown; {sent:.0f} kB and {cpu:.0f} ms of the server's CPU a rerun; "
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
