"""Fetch CIFAR-10 while other things go on: progress, cancel, resume, checksum, whole or not at all.

What has arrived waits in the data folder as ``<archive>.partial``, so a broken or cancelled
download goes on where it ended, also after a restart (HTTP range requests, RFC 9110 §14).
"""

import hashlib
import http.client
import shutil
import tarfile
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from cnnattn.data.datasets import torchvision_cifar10
from cnnattn.problem import Problem

BLOCK = 1 << 16  # bytes read at once: how promptly a cancel is heard
PATIENCE = 20  # seconds without a byte until a connection counts as broken
RETRIES = (1, 2, 4, 8, 16)  # seconds to wait before each new try without any progress between
SPEED_OVER = 5  # seconds that the speed is a mean of
State = Literal["fetching", "waiting", "checking", "unpacking", "finished", "cancelled", "failed"]


@dataclass(frozen=True)
class Archive:
    """A ``.tar.gz`` on the web that unpacks to one folder."""

    url: str
    md5: str
    folder: str  # what it unpacks to

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


def cifar10_archive() -> Archive:
    """CIFAR-10 (Krizhevsky 2009, 170 MB) on its own site, as torchvision knows it."""
    known = torchvision_cifar10()
    return Archive(known.url, known.tgz_md5, known.base_folder)


@dataclass
class Download:
    """One download and how it goes; its thread writes, everybody may read."""

    archive: Archive
    to: Path
    state: State = "fetching"
    done: int = 0  # bytes, with those of earlier tries
    total: int | None = None  # bytes, once the server has told
    problem: Problem | None = None  # why it failed
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=1000))
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        return self.state not in ("finished", "cancelled", "failed")

    @property
    def speed(self) -> float:
        """Bytes a second, over the last few seconds; 0 at the start."""
        marks = list(self._marks)
        if len(marks) < 2 or marks[-1][0] == marks[0][0]:
            return 0.0
        return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])

    @property
    def seconds_left(self) -> float | None:
        """Until the last byte at the present speed, None while that is not known."""
        speed = self.speed
        return (self.total - self.done) / speed if self.total and speed > 0 else None

    def cancel(self) -> None:
        """Ask it to end; what has arrived is kept for the next time."""
        self._stop.set()

    def run(self) -> None:
        """Fetch, check and unpack; ends in state finished, cancelled or failed, never raises."""
        try:
            self.to.mkdir(parents=True, exist_ok=True)
            with FileLock(self.to / f"{self.archive.name}.lock", timeout=0):
                self._run()
        except Problem as problem:
            self.problem, self.state = problem, "failed"
        except Timeout:
            self.problem, self.state = _elsewhere(self.to), "failed"
        except OSError as error:
            self.problem, self.state = _cannot_write(self.to, error), "failed"
        except Exception as error:  # whatever it was, who waits for the end must hear of it
            traceback.print_exc()
            self.problem = Problem(
                "The download failed ({reason}); start it again.",
                reason=f"{type(error).__name__}: {error}",
            )
            self.state = "failed"

    def _run(self) -> None:
        partial = self.to / f"{self.archive.name}.partial"
        waits = iter(RETRIES)
        while not self._stop.is_set():
            before = self.done
            try:
                self.state = "fetching"
                self._fetch(partial)
                break
            except (http.client.HTTPException, urllib.error.URLError, _Broken) as error:
                if self.done > before:
                    waits = iter(RETRIES)
                wait = next(waits, None)
                if wait is None or not self._may_pass(error):
                    raise self._unreachable(error) from None
                self.state = "waiting"
                self._stop.wait(wait)
        if self._stop.is_set():
            self.state = "cancelled"
            return
        self.state = "checking"
        if _md5(partial) != self.archive.md5:
            partial.unlink()
            raise Problem(
                "What came from {url} is not the file it should be (its checksum differs), so it "
                "was thrown away; try again, perhaps in another network.",
                url=self.archive.url,
            )
        self.state = "unpacking"
        _unpack(partial, self.to, self.archive.folder)
        partial.unlink()
        self.state = "finished"

    def _fetch(self, partial: Path) -> None:
        """Append to ``partial`` until all is there or a cancel was asked for."""
        have = partial.stat().st_size if partial.exists() else 0
        request = urllib.request.Request(self.archive.url, headers={"User-Agent": "cnnattn"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            if error.code == 416:  # no bytes beyond what is here: the checksum decides
                return
            raise
        except urllib.error.URLError:
            raise
        except OSError as error:
            raise _Broken(str(error)) from error
        with answer, partial.open("ab" if answer.status == 206 else "wb") as file:
            self.done = have if answer.status == 206 else 0
            length = answer.headers.get("Content-Length")
            self.total = self.done + int(length) if length else None
            self._marks.clear()
            for block in _blocks(answer):
                file.write(block)
                self.done += len(block)
                now = time.monotonic()
                self._marks.append((now, self.done))
                while now - self._marks[0][0] > SPEED_OVER:
                    self._marks.popleft()
                if self._stop.is_set():
                    return
        if self.total is not None and self.done < self.total:
            raise _Broken("the connection ended early")

    def _may_pass(self, error: Exception) -> bool:
        """Whether to try again: not when the server says no, nor when it was never reached."""
        if isinstance(error, urllib.error.HTTPError):
            return error.code >= 500
        return self.done > 0 or not isinstance(error, urllib.error.URLError)

    def _unreachable(self, error: Exception) -> Problem:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, OSError) and reason.strerror:
            reason = reason.strerror
        return Problem(
            "CIFAR-10 cannot be fetched from {host} ({reason}); check the network and try again, "
            "or use pictures of your own: a folder with train/<class>/ and test/<class>/.",
            host=urllib.request.Request(self.archive.url).host,
            reason=reason,
        )


def start(to: Path, archive: Archive | None = None) -> Download:
    """Begin to fetch ``archive`` (CIFAR-10) into the folder ``to``, in a thread of its own."""
    download = Download(archive or cifar10_archive(), to)
    threading.Thread(target=download.run, daemon=True).start()
    return download


class _Broken(OSError):
    """The connection broke while bytes were coming."""


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            block = answer.read1(BLOCK)
        except OSError as error:  # a timeout, or the other end is gone
            raise _Broken(str(error)) from error
        if not block:
            return
        yield block


def _md5(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def _unpack(archive: Path, to: Path, folder: str) -> None:
    """Unpack beside its place, then move it there, so that it is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=to, prefix=".unpacking-") as place:
        with tarfile.open(archive) as content:
            content.extractall(place, filter="data")
        with suppress(FileNotFoundError):  # a damaged one is in the way
            (to / folder).rename(Path(place) / "old")
        (Path(place) / folder).rename(to / folder)
        shutil.rmtree(Path(place) / "old", ignore_errors=True)


def _elsewhere(folder: Path) -> Problem:
    return Problem(
        "Another program is already fetching CIFAR-10 into {folder}; wait for it to end.",
        folder=folder,
    )


def _cannot_write(folder: Path, error: OSError) -> Problem:
    return Problem(
        "CIFAR-10 cannot be kept in {folder} ({reason}); it needs about 400 MB there, so free some "
        "space or choose another folder.",
        folder=folder,
        reason=error.strerror or error,
    )
