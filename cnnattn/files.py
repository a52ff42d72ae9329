"""Write files so that no reader ever meets half of one, and nothing is lost where it fails."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cnnattn.problem import Problem

UNFINISHED = "*.writing"  # what a process leaves behind that is killed while it writes


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file at ``path`` by ``content``, whole or not at all. Raises Problem."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of ``path`` when the block ends without an error.

    Until then it has a name of its own in the same folder, which is made where it is missing.
    Raises Problem where it cannot be written; what was there before is then untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "wb", dir=path.parent, prefix=".", suffix=UNFINISHED[1:], delete=False
        ) as file:
            temporary = Path(file.name)
            yield file.file  # not its wrapper: numpy writes a true file in one piece
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)  # temporary files are made private
        retry_on_windows(os.replace, temporary, path)
    except BaseException as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise Problem(
            "{file} could not be written ({reason}); free some space or choose another folder, "
            "nothing that was there before is lost.",
            file=path,
            reason=error.strerror or error,
        ) from error


def retry_on_windows(action: Callable[..., None], *arguments: object) -> None:
    """``action(*arguments)``, again for a second where Windows lets nobody replace an open file."""
    for _ in range(10):
        try:
            return action(*arguments)
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(0.1)
    action(*arguments)
