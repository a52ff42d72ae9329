"""Where things lie: the same for the command line and the app, wherever one stands."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from cnnattn.places import ROOT, user_folder

ALL = "import cnnattn.places as p; print(p.CHECKPOINTS, p.DATA, p.RUNS, p.CACHE, sep='\\n')"
VARIABLES = ("CNNATTN_CHECKPOINTS", "CNNATTN_DATA", "CNNATTN_RUNS", "CNNATTN_CACHE")

# Fetches one small archive in the place of CIFAR-10, as "cnnattn download", then asks the app.
DOWNLOAD = """
import sys
from pathlib import Path
from cnnattn import __main__ as command
from cnnattn.data import download
packed, checksum = sys.argv[1:]
download.cifar10_archive = lambda: download.Archive(Path(packed).as_uri(), checksum, "set")
sys.argv = ["cnnattn", "download"]
command.main()
from cnnattn.web.library.checkpoints import DATA
print((DATA / "set" / "noise.bin").read_text())
"""


def python(code: str, *arguments: str, folder: Path, **variables: str) -> str:
    """What the code prints, run in this folder with these variables and none else of ours."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CNNATTN_")}
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**others, "PYTHONPATH": str(ROOT), **variables},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_from_another_folder_everything_lies_where_it_lay(tmp_path):
    expected = [str(ROOT / name) for name in ("checkpoints", "data", "runs", "data-cache")]
    assert python(ALL, folder=tmp_path).split("\n")[:-1] == expected
    assert python(ALL, folder=ROOT).split("\n")[:-1] == expected


def test_a_variable_moves_its_own_folder_and_no_other(tmp_path):
    for i, name in enumerate(VARIABLES):
        found = python(ALL, folder=tmp_path, **{name: "moved"}).split("\n")[:-1]
        assert [path for path in found if "moved" in path] == [str(tmp_path / "moved")]
        assert found[i] == str(tmp_path / "moved")


def test_the_advised_download_fetches_to_where_the_app_looks(tmp_path):
    (tmp_path / "noise.bin").write_text("arrived")
    packed = tmp_path / "set.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(tmp_path / "noise.bin", "set/noise.bin")
    checksum = hashlib.md5(packed.read_bytes()).hexdigest()
    (tmp_path / "elsewhere").mkdir()
    said = python(
        DOWNLOAD,
        str(packed),
        checksum,
        folder=tmp_path / "elsewhere",
        CNNATTN_DATA=str(tmp_path / "shared"),
    )
    assert said.endswith("arrived\n")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("platform", "variable", "default"),
    [
        ("linux", "XDG_DATA_HOME", ".local/share"),
        ("darwin", None, "Library/Application Support"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
    ],
)
def test_the_user_folder_is_the_one_of_the_system(
    platform, variable, default, tmp_path, monkeypatch
):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert user_folder(platform) == Path.home() / default / "cnnattn"
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
        assert user_folder(platform) == tmp_path / "cnnattn"


def test_no_error_tells_a_visitor_where_files_lie():
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
    assert settings["client"]["showErrorDetails"] == "none"
