"""Where things lie: the app with what ships, and the folders that people fill.

Each folder has one environment variable and one default, for the command line and the app alike,
whatever the current folder is. In a checkout of the repository the defaults lie beside ``app.py``;
an installed package is never written into, so there they lie in the user's own folder for data.
"""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = (_PACKAGE / "shipped").is_dir()  # the wheel carries there what lies beside the package

ROOT = _PACKAGE / "shipped" if _INSTALLED else _PACKAGE.parent  # app.py, pages/, checkpoints/


def user_folder(platform: str = sys.platform) -> Path:
    """The folder ``cnnattn`` where programs of this user keep their data, on each system."""
    home = Path.home()
    own = {
        "win32": Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local"),
        "darwin": home / "Library/Application Support",
    }
    elsewhere = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    return own.get(platform, elsewhere) / "cnnattn"


def _place(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).expanduser().resolve()


_HOME = user_folder() if _INSTALLED else ROOT
CHECKPOINTS = _place("CNNATTN_CHECKPOINTS", ROOT / "checkpoints")
DATA = _place("CNNATTN_DATA", _HOME / "data")  # CIFAR-10, or train/<class>/ and test/<class>/
RUNS = _place("CNNATTN_RUNS", _HOME / "runs")
CACHE = _place("CNNATTN_CACHE", _HOME / "data-cache")  # what can be computed again
