"""Where the weights that a visitor brings lie: for this session only, and only so many of them."""

import hashlib
import re
import tempfile
from functools import cache
from pathlib import Path

import streamlit as st

from cnnattn.files import write_atomically
from cnnattn.problem import Problem

OF_A_SESSION = 50_000_000  # bytes; beyond them its oldest files go
OF_ALL = 1_000_000_000  # bytes, over all sessions of this server
LONGEST = 100  # bytes of a name


def keep(name: str, content: bytes) -> Path:
    """The file of these bytes, written whole or not at all; it goes with the session.

    The same again is the same file, whatever it is called now. Raises Problem where there is no
    room for it.
    """
    folder = _folder_of_session() / hashlib.sha256(content).hexdigest()[:16]
    if there := _files(folder):
        return there[0]
    path = folder / safe_name(name)
    if _size(_folder_of_server()) + len(content) > OF_ALL:
        raise Problem(
            "There is no room for more weights on this server now; try again when others have "
            "closed their pages."
        )
    try:
        write_atomically(path, content)
    except Problem as problem:  # without its path, which is nothing to a visitor
        raise Problem(
            "The server could not keep the file ({reason}); tell its owner, who may have to free "
            "some space.",
            reason=problem.values["reason"],
        ) from problem
    return path


def make_room(newest: Path) -> list[Path]:
    """Delete this session's oldest files until the others take ``OF_A_SESSION`` at most.

    Returns them, from the oldest; ``newest`` stays.
    """
    folder, gone = _folder_of_session(), []
    for oldest in sorted(_files(folder), key=lambda file: file.stat().st_mtime_ns):
        if _size(folder) > OF_A_SESSION and oldest != newest:
            oldest.unlink(missing_ok=True)
            gone.append(oldest)
    return gone


def safe_name(name: str) -> str:
    """The name as a file of any system can have it, and a link: its end is kept."""
    name = re.split(r"[/\\]", name)[-1]
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    plain = re.sub(r"[^\w.() -]|^\.+", "_", stem)
    short = plain.encode()[:LONGEST].decode("utf-8", "ignore").strip()
    return f"{short or 'weights'}{dot}{re.sub('[^A-Za-z0-9]', '', suffix)[:20]}"


def _folder_of_session() -> Path:
    # A TemporaryDirectory deletes itself when nobody holds it any more: with the session's state.
    if "uploaded_weights" not in st.session_state:
        st.session_state["uploaded_weights"] = tempfile.TemporaryDirectory(
            dir=_folder_of_server(), ignore_cleanup_errors=True
        )
    return Path(st.session_state["uploaded_weights"].name)


def _folder_of_server() -> Path:
    return Path(_server().name)


@cache
def _server() -> tempfile.TemporaryDirectory:
    """A folder of this process, which nobody else may enter; deleted at the process's end."""
    return tempfile.TemporaryDirectory(prefix="cnnattn-", ignore_cleanup_errors=True)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in _files(folder))
