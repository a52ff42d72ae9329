"""Background runs of training: start, list, stop, resume; each one a folder and a process.

Nothing is remembered but what the folders say (run_folder.py), so a restarted app sees the same
runs. One run computes at a time on a machine, the others wait in the order in which they came. The
one that ends starts the next; should it have been killed, whoever looks at the list does.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock
import torch

from cnnattn.files import write_atomically
from cnnattn.nets.card import is_text
from cnnattn.nets.models import ModelSpec, build
from cnnattn.places import CACHE, RUNS
from cnnattn.problem import Problem
from cnnattn.training import distributed
from cnnattn.training.run_folder import (
    LOG_HEAD,
    SAMPLES,
    Run,
    RunConfig,
    identity,
    memory_kills,
    read_events,
    read_run,
    read_status,
    told,
    write_status,
)

__all__ = [
    "RUNS", "SAMPLES", "Run", "RunConfig", "delete", "find", "list_runs", "read_events", "rename",
    "resume", "start", "start_next", "stop",
]  # fmt: skip

CODE = Path(__file__).parents[2]  # from there, the process finds the package
ENDING = 3.0  # seconds that a resume waits for the end of what it is to resume
LONGEST_NAME = 100  # characters of what a run is called


def start(config: RunConfig) -> str:
    """Begin a run, or queue it while another one computes; returns its id. Raises Problem."""
    check(config)
    with queue_lock():
        run_id = create(config).name
        _start_next()
    return run_id


def list_runs() -> list[Run]:
    """All runs, the newest first."""
    runs = _read_all()
    if any(run.state == "queued" for run in runs) and not any(map(_computes_here, runs)):
        with suppress(Problem), queue_lock(timeout=0):  # the one before was killed
            _start_next()
        runs = _read_all()
    return runs


def find(run_id: str) -> Run:
    """One run. Raises Problem if there is none of that name."""
    with suppress(OSError, ValueError):  # a name that is too long, or none of a file
        folder = RUNS / run_id
        if run_id == folder.name and not run_id.startswith(".") and folder.is_dir():
            return read_run(folder)
    raise Problem("There is no run called {run}; it may have been deleted.", run=run_id[:100])


def stop(run_id: str) -> None:
    """Ask a run to stop: it ends its batch and saves. A queued one leaves the queue."""
    with queue_lock():
        run = find(run_id)
        if run.state == "queued":
            write_status(run.folder, state="stopped")
        elif run.state == "running":
            write_atomically(run.folder / "stop", b"")


def resume(run_id: str) -> None:
    """Let a stopped or failed run go on where it last saved, or queue it for that."""
    _await_end(run_id)
    with queue_lock():
        run = find(run_id)
        if run.state not in ("stopped", "failed"):
            raise Problem(
                "The run {run} cannot be resumed; only one that was stopped or has failed can.",
                run=_title(run),
            )
        write_status(run.folder, state="queued", queued=time.time(), problem=None)
        (run.folder / "stop").unlink(missing_ok=True)
        _start_next()


def _await_end(run_id: str) -> None:
    """Wait a little for a run that is ending: a killed process is there for a second after that."""
    deadline = time.monotonic() + ENDING
    while find(run_id).state in ("running", "stopping") and time.monotonic() < deadline:
        time.sleep(0.1)


def rename(run_id: str, name: str) -> None:
    """Call a run something else; its id stays."""
    with queue_lock():
        run = find(run_id)
        if run.config.arch == "?":
            raise run.reason or ValueError(run_id)
        shown = name.strip().encode("utf-8", "replace").decode()  # half a pair cannot be written
        config = replace(run.config, name=shown[:LONGEST_NAME])
        write_atomically(run.folder / "config.json", config.to_json().encode())


def delete(run_id: str) -> None:
    """Remove a run and all its files. Raises Problem while it trains."""
    with queue_lock():
        run = find(run_id)
        if run.state in ("running", "stopping"):
            raise Problem(
                "The run {run} is still training; stop it before you delete it.", run=_title(run)
            )
        try:
            if run.folder.is_symlink():
                return run.folder.unlink()  # what it leads to lies elsewhere, and stays
            gone = Path(tempfile.mkdtemp(prefix=".deleted-", dir=RUNS))
            run.folder.rename(gone / "run")  # from here on nobody sees half of it
            shutil.rmtree(gone)
        except OSError as error:
            raise Problem(
                "The run {run} could not be deleted ({reason}); close the programs that use its "
                "files and check the permissions of the folder.",
                run=_title(run),
                reason=error.strerror or error,
            ) from None


def check(config: RunConfig) -> None:
    """Raises Problem if a run of this kind could not even begin."""
    build(ModelSpec(config.arch, config.attention))
    if config.data != SAMPLES and not Path(config.data).is_dir():
        raise Problem("There is no data folder {folder}; choose another.", folder=config.data)


def create(config: RunConfig, folder: Path | None = None, state: str = "queued") -> Path:
    """The new folder of a run; it appears whole or not at all. Raises Problem."""
    if config.data != SAMPLES:
        config = replace(config, data=str(Path(config.data).resolve()))
    now = time.time()
    stamp = f"{datetime.fromtimestamp(now):%Y%m%d-%H%M%S}"
    name = f"{stamp}-{config.arch}-{config.attention}-{config.train.seed}"
    places = [folder] if folder else [RUNS / name, *(RUNS / f"{name}-{i}" for i in range(2, 100))]
    parent = places[0].parent
    draft = None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
        draft.chmod(0o755)  # temporary folders are made private
        write_atomically(draft / "config.json", config.to_json().encode())
        write_atomically(draft / "status.json", b"{}")
        write_status(draft, state=state, queued=now, created=now)
        place = next(place for place in places if not place.exists())
        return draft.rename(place)
    except (OSError, Problem) as error:
        if draft:
            shutil.rmtree(draft, ignore_errors=True)
        raise (error if isinstance(error, Problem) else _unusable(parent, error)) from error


def start_next() -> None:
    """Launch the run that has waited longest, unless one computes already."""
    with queue_lock():
        _start_next()


def _start_next() -> None:
    runs = _read_all()
    if any(map(_computes_here, runs)):
        return
    queued = [run.folder for run in runs if run.state == "queued"]
    for folder in sorted(queued, key=lambda f: (read_status(f).get("queued", 0), f.name)):
        try:
            return _launch(folder)
        except OSError as error:
            problem = Problem(
                "The training could not start ({reason}); train.log in the folder {folder} says "
                "more.",
                reason=error.strerror or error,
                folder=folder,
            )
            write_status(folder, state="failed", problem=told(problem))


def _launch(folder: Path) -> None:
    """Start the process of a run, in a session of its own: it outlives the app."""
    command = [sys.executable, "-m"]
    if (gpus := torch.cuda.device_count()) > 1:
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}", "-m"]
    command += ["cnnattn", "train", "--run-folder", str(folder)]
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    places = {"CNNATTN_RUNS": str(RUNS), "CNNATTN_CACHE": str(CACHE)}
    environment = {**distributed.environment(), **places, "PYTHONUTF8": "1"}
    with (folder / "train.log").open("ab") as log:
        log.write(f"{LOG_HEAD}{datetime.now():%Y-%m-%d %H:%M:%S}\n".encode())
        log.flush()
        process = subprocess.Popen(
            command,
            cwd=CODE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **apart,
        )
    # Linux may share the processor among sessions first: the run's own gets the smaller share.
    with suppress(OSError):
        Path(f"/proc/{process.pid}/autogroup").write_text("10")
    write_status(
        folder,
        state="running",
        process=identity(process.pid),
        memory_kills=memory_kills(),
        phase="starting",
    )
    # Somebody must take note of the end of a child, or it stays in the list of processes.
    threading.Thread(target=process.wait, daemon=True).start()


def _read_all() -> list[Run]:
    try:
        folders = [f for f in RUNS.iterdir() if f.is_dir() and f.name[0] != "." and is_text(f.name)]
    except OSError:
        return []
    return sorted(map(read_run, folders), key=lambda run: (run.created, run.id), reverse=True)


def _computes_here(run: Run) -> bool:
    if run.state not in ("running", "stopping"):
        return False
    with suppress(OSError, ValueError, KeyError):
        return read_status(run.folder)["process"]["host"] == platform.node()
    return False


@contextmanager
def queue_lock(timeout: float = 30) -> Iterator[None]:
    """Held while the queue changes. The system frees it when its holder dies."""
    lock = filelock.FileLock(RUNS / ".lock", timeout=timeout)
    try:
        RUNS.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _unusable(RUNS, error) from None
    try:
        yield
    finally:
        lock.release()


def _unusable(folder: Path, error: OSError) -> Problem:
    return Problem(
        "The folder for runs, {folder}, cannot be used ({reason}); check its permissions and the "
        "free space, or name another one in the environment variable CNNATTN_RUNS.",
        folder=folder,
        reason=error.strerror or error,
    )


def _title(run: Run) -> str:
    return run.config.name or run.id
