"""The download against a real server on this machine that breaks, lies and dawdles."""

import hashlib
import io
import re
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from cnnattn.data import download
from cnnattn.data.download import Archive, Download, start

CONTENT = np.random.default_rng(0).bytes(3_000_000)


def packed() -> bytes:
    """A .tar.gz with one file of noise, about 3 MB, in the folder "set"."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as content:
        entry = tarfile.TarInfo("set/noise.bin")
        entry.size = len(CONTENT)
        content.addfile(entry, io.BytesIO(CONTENT))
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Serves ``body`` at every path and remembers what was asked."""

    body = packed()
    ranges = True  # whether it knows range requests
    breaks: list[int]  # after how many bytes to hang up, an entry a request
    refuses = 0  # status to refuse with
    length: str | None = None  # what it says as Content-Length, instead of the truth
    pause = 0.0  # seconds before each 64 KiB
    asked: list[str | None]  # the Range header of each request


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        s, asked = self.server, self.headers.get("Range")
        s.asked.append(asked)
        if s.refuses:
            self.send_error(s.refuses)
            return
        first = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and s.ranges else 0
        if first >= len(s.body):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", s.length or str(len(s.body) - first))
        self.end_headers()
        end = first + s.breaks.pop(0) if s.breaks else len(s.body)
        for at in range(first, min(end, len(s.body)), 1 << 16):
            time.sleep(s.pause)
            try:
                self.wfile.write(s.body[at : min(at + (1 << 16), end)])
            except OSError:  # the other end has hung up
                return

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "RETRIES", (0.01, 0.01, 0.01))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.breaks, server.asked = [], []
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def archive(server: Server, md5: str | None = None) -> Archive:
    port = server.server_address[1]
    md5 = md5 or hashlib.md5(server.body).hexdigest()
    return Archive(f"http://127.0.0.1:{port}/set.tar.gz", md5, "set")


def fetch(server: Server, to: Path, **changes) -> Download:
    """Run a download in this thread, to its end."""
    done = Download(archive(server, **changes), to)
    done.run()
    return done


def assert_there(to: Path) -> None:
    """The whole data set, and nothing else but the lock's file."""
    assert (to / "set" / "noise.bin").read_bytes() == CONTENT
    assert {path.name for path in to.iterdir()} - {"set.tar.gz.lock"} == {"set"}


def until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_arrives_whole_and_tells_how_it_goes(server, tmp_path):
    server.pause = 0.01
    going = start(tmp_path / "new", archive(server))
    until(lambda: going.speed > 0)
    assert going.running
    assert 0 < going.done <= going.total == len(server.body)
    assert going.seconds_left >= 0
    assert not (tmp_path / "new" / "set").exists()
    until(lambda: not going.running)
    assert going.state == "finished"
    assert going.done == going.total
    assert_there(tmp_path / "new")


def test_a_broken_connection_goes_on_where_it_ended(server, tmp_path):
    server.breaks = [500_000, 400_000, 300_000]
    assert fetch(server, tmp_path).state == "finished"
    assert server.asked == [None, "bytes=500000-", "bytes=900000-", "bytes=1200000-"]
    assert_there(tmp_path)


def test_more_breaks_than_retries_pass_as_long_as_bytes_come(server, tmp_path):
    server.breaks = [300_000] * 7
    assert fetch(server, tmp_path).state == "finished"
    assert_there(tmp_path)


def test_a_server_without_ranges_is_asked_for_all_again(server, tmp_path):
    server.ranges = False
    server.breaks = [500_000]
    assert fetch(server, tmp_path).state == "finished"
    assert server.asked == [None, "bytes=500000-"]
    assert_there(tmp_path)


def test_a_cancelled_download_resumes_later(server, tmp_path):
    server.pause = 0.01
    going = start(tmp_path, archive(server))
    until(lambda: going.done > 300_000)
    going.cancel()
    until(lambda: not going.running)
    assert going.state == "cancelled"
    kept = (tmp_path / "set.tar.gz.partial").stat().st_size
    assert kept == going.done < len(server.body)
    server.pause = 0
    again = fetch(server, tmp_path)
    assert again.state == "finished"
    assert server.asked[-1] == f"bytes={kept}-"
    assert_there(tmp_path)


def test_what_is_complete_but_was_not_unpacked_is_not_fetched_again(server, tmp_path):
    (tmp_path / "set.tar.gz.partial").write_bytes(server.body)
    assert fetch(server, tmp_path).state == "finished"
    assert_there(tmp_path)


def test_a_wrong_checksum_throws_the_file_away_and_says_so(server, tmp_path):
    done = fetch(server, tmp_path, md5="0" * 32)
    assert done.state == "failed"
    assert "its checksum differs" in str(done.problem)
    assert [path.name for path in tmp_path.iterdir()] == ["set.tar.gz.lock"]
    assert fetch(server, tmp_path).state == "finished"


def test_offline_is_one_sentence_that_names_the_other_way(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    done = Download(Archive("http://nowhere.invalid/set.tar.gz", "", "set"), tmp_path)
    done.run()
    assert done.state == "failed"
    sentence = str(done.problem)
    assert "cannot be fetched from nowhere.invalid" in sentence
    assert "train/<class>/ and test/<class>/" in sentence


def test_a_server_that_goes_away_for_good_ends_the_tries_and_loses_nothing(server, tmp_path):
    server.breaks = [500_000, 0, 0, 0, 0, 0]
    done = fetch(server, tmp_path)
    assert done.state == "failed"
    assert len(server.asked) == 4  # one, and one for each of the three waits
    assert (tmp_path / "set.tar.gz.partial").stat().st_size == 500_000
    server.breaks = []
    assert fetch(server, tmp_path).state == "finished"
    assert_there(tmp_path)


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (503, 4)])
def test_a_refusal_is_told_and_only_a_passing_one_is_tried_again(server, tmp_path, status, tries):
    server.refuses = status
    done = fetch(server, tmp_path)
    assert done.state == "failed"
    assert len(server.asked) == tries
    assert "127.0.0.1" in str(done.problem)


def test_a_damaged_folder_is_replaced(server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "rest").write_text("half")
    assert fetch(server, tmp_path).state == "finished"
    assert_there(tmp_path)


def test_only_one_at_a_time_writes_into_a_folder(server, tmp_path):
    with FileLock(tmp_path / "set.tar.gz.lock"):
        done = fetch(server, tmp_path)
    assert "Another program is already fetching" in str(done.problem)
    assert server.asked == []


def test_a_folder_that_cannot_be_written_is_told(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = fetch(server, tmp_path / "file")
    assert done.state == "failed"
    assert "cannot be kept in" in str(done.problem)


def test_a_disk_that_fills_while_unpacking_leaves_nothing_half_unpacked(
    server, tmp_path, monkeypatch
):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extractall", full)
        done = fetch(server, tmp_path)
    assert "No space left on device" in str(done.problem)
    assert not (tmp_path / "set").exists()
    assert fetch(server, tmp_path).state == "finished"
    assert_there(tmp_path)


def test_an_answer_that_nobody_expects_ends_it_with_a_sentence(server, tmp_path, capsys):
    server.length = "many"
    done = fetch(server, tmp_path)
    assert not done.running
    assert (done.state, "The download failed" in str(done.problem)) == ("failed", True)
    assert "Traceback" in capsys.readouterr().err  # for the owner of the server
    server.length = None
    assert fetch(server, tmp_path).state == "finished"
    assert_there(tmp_path)
