"""The app on a port of its own, and visitors that speak the protocol of Streamlit's browser."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import streamlit  # noqa: F401  (its messages import one another in an order of their own)
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds after which an answer counts as an error
KEPT = 2  # reruns that a browser keeps a message for which did not come again


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
def server(options: tuple[str, ...] = (), folder: Path = ROOT) -> Iterator[App]:
    """The app on a free port, with one visitor behind it: torch and the models are there.

    ``folder`` holds its app.py.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
               "--server.address", "127.0.0.1", "--server.port", address.split(":")[1],
               *options]  # fmt: skip
    with tempfile.TemporaryDirectory() as runs:
        process = subprocess.Popen(
            command,
            cwd=folder,
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
    for _try in range(720):
        try:
            async with session(address) as visitor:
                await visitor.rerun()
                return
        except OSError:
            await asyncio.sleep(0.25)
    raise RuntimeError("the server did not answer within three minutes")


# --- one visitor


@dataclass
class Visitor:
    """What a browser knows of its page: the widgets that it was sent, and their values."""

    address: str
    socket: ClientConnection
    widgets: dict[str, tuple[str, object]] = field(default_factory=dict)  # label -> kind, message
    states: dict[str, WidgetState] = field(default_factory=dict)  # id -> value
    kept: dict[str, tuple[ForwardMsg, int]] = field(default_factory=dict)  # hash -> …, its rerun
    reruns: int = 0
    query: str = "lang=en"
    page: str = ""  # the one that is shown, as the server names it; "" is the first
    pages: tuple[str, ...] = ()
    id: str = ""  # the server's name of this session
    bytes: int = 0
    exceptions: int = 0

    async def rerun(self) -> float:
        """Ask for the page with the widgets as they are; seconds until it is whole."""
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.page_script_hash = self.page
        ask.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=self.states.values()))
        ask.rerun_script.context_info.locale = "en"
        # The server names these by their hash instead of sending them again.
        self.kept = {h: m for h, m in self.kept.items() if self.reruns - m[1] < KEPT}
        ask.rerun_script.cached_message_hashes.extend(self.kept)
        self.reruns += 1
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
                    message = self.kept[message.ref_hash][0]
                if message.metadata.cacheable:
                    self.kept[message.hash] = message, self.reruns
                match message.WhichOneof("type"):
                    case "new_session":
                        self.id = message.new_session.initialize.session_id
                        self.pages = tuple(
                            page.page_script_hash for page in message.new_session.app_pages
                        )
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
            w for w in self.widgets.values() if w[0] == "file_uploader" and "Pictures" in w[1].label
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
        case "slider" if widget.type == Slider.SELECT_SLIDER:
            places = widget.value if widget.set_value else widget.default
            state.string_array_value.data[:] = [widget.options[int(place)] for place in places]
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
