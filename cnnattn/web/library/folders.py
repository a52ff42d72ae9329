"""Which folders of the server a visitor may have read, as pictures to measure on, and their state.

With CNNATTN_FOLDERS set (folders, separated as in PATH), only those and what lies in them. Without,
any folder that holds pictures as ``open_dataset`` wants them; the page asks for the PIN, if the
server has one.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import streamlit as st

from cnnattn.data.datasets import CIFAR10_FOLDER
from cnnattn.problem import Problem

FRESH = 5  # seconds until a folder is looked at again: its 10,000 files cost some 50 ms


def readable_folder(text: str) -> Path:
    """The folder that was typed. Raises Problem if it is none, or none that may be read."""
    roots = [Path(root) for root in os.environ.get("CNNATTN_FOLDERS", "").split(os.pathsep) if root]
    try:
        path = Path(text).expanduser().resolve()  # a link counts as what it leads to
        # Outside the roots nobody shall learn what is there, so this comes first.
        if roots and not any(path.is_relative_to(root.resolve()) for root in roots):
            raise Problem(
                "Only folders in {roots} may be read here; put the pictures there, or ask the "
                "owner of this machine to add theirs to CNNATTN_FOLDERS.",
                roots=", ".join(map(str, roots)),
            )
        if path.is_dir():
            return path
    except Problem:
        raise
    # ~nosuchuser, a name that is too long, a folder of somebody else, half of a character pair
    except (OSError, RuntimeError, ValueError):
        pass
    raise Problem("There is no folder {folder}; check how it is spelled.", folder=text[:200])


@st.cache_data(ttl=FRESH, max_entries=8, show_spinner=False)
def folder_state(folder: Path) -> str:
    """Tells the test pictures of a data folder, edited, added or removed, from those of before.

    Names, sizes and dates of the files are looked at, at most every ``FRESH`` seconds.
    """
    digest = hashlib.sha256()
    test = folder / "test"
    for place in (folder / CIFAR10_FOLDER, folder / "train", test, *_entries(test)):
        for entry in _entries(place):
            told: object = None  # what is in a folder is listed for itself
            with suppress(OSError):  # gone in this moment
                if entry.is_file():
                    told = entry.stat().st_size, entry.stat().st_mtime_ns
            line = f"{os.fspath(place)}/{entry.name} {told}\n"
            digest.update(line.encode(errors="replace"))
    return digest.hexdigest()


def _entries(folder: os.PathLike[str]) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted by name; nothing in what is none."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
    return []
