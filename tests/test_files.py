"""A file is there whole or not at all, whoever else has it open."""

import sys
import threading

import numpy as np
import pytest

from cnnattn import files
from cnnattn.files import UNFINISHED, replacing, write_atomically
from cnnattn.problem import Problem


def test_many_writers_and_a_reader_never_meet_half_a_file(tmp_path):
    file, contents = tmp_path / "new" / "file", [bytes([i]) * 300_000 for i in range(4)]
    write_atomically(file, contents[0])
    writers = [
        threading.Thread(target=lambda c=c: [write_atomically(file, c) for _ in range(20)])
        for c in contents
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert file.read_bytes() in contents
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_an_error_while_writing_leaves_what_was_there_and_is_not_hidden(tmp_path):
    file = tmp_path / "file"
    write_atomically(file, b"before")

    def break_off() -> None:
        with replacing(file) as new:
            new.write(b"half")
            [unfinished] = tmp_path.glob(UNFINISHED)
            assert unfinished.name != file.name
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert file.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_array_comes_back_as_it_was(tmp_path):
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    with replacing(tmp_path / "array.npy") as file:
        np.save(file, array)
    np.testing.assert_array_equal(np.load(tmp_path / "array.npy", mmap_mode="r"), array)


@pytest.mark.parametrize(("platform", "tries"), [("win32", 3), ("linux", 1)])
def test_a_file_that_another_program_holds_open_is_waited_for_on_windows(
    tmp_path, monkeypatch, platform, tries
):
    calls, replace = [], files.os.replace

    def held(source, target):
        calls.append(target)
        if len(calls) < 3:
            raise PermissionError(13, "The file is used by another process")
        replace(source, target)

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(files.os, "replace", held)
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    if platform == "win32":
        write_atomically(tmp_path / "file", b"new")
        assert (tmp_path / "file").read_bytes() == b"new"
    else:
        with pytest.raises(Problem, match="used by another process"):
            write_atomically(tmp_path / "file", b"new")
        assert list(tmp_path.iterdir()) == []
    assert len(calls) == tries
