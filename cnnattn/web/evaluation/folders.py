"""Which folders of the server a visitor may have read, as pictures to measure on.

With CNNATTN_FOLDERS set (folders, separated as in PATH), only those and what lies in them. Without,
any folder that holds pictures as ``open_dataset`` wants them; the page asks for the PIN, if the
server has one.
"""

import os
from pathlib import Path

from cnnattn.problem import Problem


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
