"""A visitor's weights: private, whole or not there, gone with the session, not too many."""

import errno
import gc
import os
import stat

import pytest

from cnnattn.problem import Problem
from cnnattn.web.library import uploaded_weights
from cnnattn.web.library.uploaded_weights import keep, make_room, safe_name


@pytest.fixture
def session(monkeypatch):
    state = {}
    monkeypatch.setattr(uploaded_weights.st, "session_state", state)
    return state


def test_the_same_file_is_kept_once_and_for_its_owner_only(session):
    path = keep("mine.pth", b"abc")
    assert path.read_bytes() == b"abc"
    assert path.name == "mine.pth"
    assert keep("mine.pth", b"abc") == path
    assert keep("mine (1).pth", b"abc") == path  # as a browser calls a second download
    assert keep("mine.pth", b"abd") != path
    for folder in list(path.parents)[1:3]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_goes_with_the_session(session):
    path = keep("mine.pth", b"abc")
    session.clear()
    gc.collect()
    assert not path.exists()
    assert not path.parents[1].exists()


def test_another_session_has_files_of_its_own(session):
    first = keep("mine.pth", b"abc")
    others = session.pop("uploaded_weights")
    second = keep("mine.pth", b"abc")
    assert first != second
    others.cleanup()
    assert second.read_bytes() == b"abc"


def test_a_full_disk_leaves_no_half_of_a_file(session, monkeypatch):
    keep("old.pth", b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Problem, match="No space left on device") as caught:
        keep("mine.pth", b"abc" * 1000)
    assert "tmp" not in str(caught.value)
    monkeypatch.undo()
    monkeypatch.setattr(uploaded_weights.st, "session_state", session)
    assert keep("mine.pth", b"abc" * 1000).read_bytes() == b"abc" * 1000


def test_the_oldest_go_when_a_session_brings_too_many(session, monkeypatch):
    monkeypatch.setattr(uploaded_weights, "OF_A_SESSION", 10)
    paths = []
    for i in range(4):
        paths.append(keep(f"{i}.pth", bytes([i]) * 4))
        os.utime(paths[-1], (i, i))
    assert make_room(paths[-1]) == paths[:2]
    assert [path.exists() for path in paths] == [False, False, True, True]
    os.utime(paths[2], (9, 9))
    keep("4.pth", bytes(4))
    assert make_room(paths[3]) == [paths[2]]  # the one that was brought last stays


def test_a_full_server_says_so(session, monkeypatch):
    monkeypatch.setattr(uploaded_weights, "OF_ALL", 2)
    with pytest.raises(Problem, match="no room for more weights"):
        keep("mine.pth", b"abc")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cnn (1).pth", "cnn (1).pth"),
        ("网络.pth", "网络.pth"),
        ("../../etc/passwd", "passwd"),
        ("C:\\weights\\a.pt", "a.pt"),
        ("a\0b.pth", "a_b.pth"),
        ("a,b`c.pth", "a_b_c.pth"),
        ("\ud800.pth", "_.pth"),
        (".pth", "weights.pth"),
        ("...", "_"),
        ("", "weights"),
        ("x" * 300 + ".safetensors", "x" * 100 + ".safetensors"),
        ("汉" * 300 + ".pth", "汉" * 33 + ".pth"),
    ],
)
def test_any_name_becomes_one_of_a_file(session, name, safe):
    assert safe_name(name).rstrip(".") == safe
    assert keep(name, b"abc").read_bytes() == b"abc"
