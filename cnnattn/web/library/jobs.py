"""Work that takes longer than a click: it runs behind the pages, and its result is kept.

A job is a generator: it yields the share done, 0 … 1, and returns its result, a dict of arrays,
which is kept in the cache under the job's key. The key names the content of all that the result
depends on. One job computes at a time in the whole server, so that the pages stay quick; the others
wait. Closing the browser stops nothing, and "Cancel" stops a job only when nobody else waits for
it.
"""

import hashlib
import io
import os
import threading
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import streamlit as st

from cnnattn.explain.finish import finish
from cnnattn.files import write_atomically
from cnnattn.places import CACHE
from cnnattn.problem import Problem
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.shell.cores import take_all_cores
from cnnattn.web.shell.text import _, percent, sentence

Result = dict[str, np.ndarray]
Work = Callable[[], Generator[float, None, Result]]
WorkOn = Callable[[Model], Generator[float, None, Result]]
T = TypeVar("T")

RESULTS = CACHE / "results"
MOST_BYTES = 300_000_000  # of results on the disk; those not asked for longest go first
MOST_JOBS = 16  # finished jobs in memory, whose results nobody has fetched

_TURN = threading.Lock()  # held by the one job that computes
_START = threading.Lock()  # held while a job is put on the list


@dataclass
class Job:
    """A job as the server knows it, from its start until its result has been fetched."""

    share: float = 0.0  # done, 0 … 1
    running: bool = False  # False: waits for its turn, or has ended
    problem: Problem | None = None
    result: Result | None = None
    waiting: set[str] = field(default_factory=set)  # visitors that have seen its progress
    left: set[str] = field(default_factory=set)  # of these, those that have cancelled it

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return bool(self.left) and self.left >= self.waiting

    @property
    def ended(self) -> bool:
        return self.result is not None or self.problem is not None


class _Cancelled(Exception):
    """Nobody waits for the job any more."""


# --- work, step by step


def part_of(
    steps: Generator[float, None, T], start: float, size: float
) -> Generator[float, None, T]:
    """The same work, each step at ``start`` + ``size`` · (what it yields): a part of larger work,
    or one that yields counts and is to yield shares."""
    try:
        while True:
            yield start + size * next(steps)
    except StopIteration as end:
        result: T = end.value
        return result


# --- results kept on the disk


def kept_result(key: str) -> Result | None:
    """The result of an earlier job of this key, from the disk, None if there is none."""
    with suppress(OSError, ValueError), np.load(_file(key)) as arrays:
        result = dict(arrays)
        os.utime(_file(key))  # asked for now
        return result
    return None


def keep(key: str, result: Result) -> None:
    """Save the result, whole or not at all; a full disk costs computing it again, nothing else."""
    content = io.BytesIO()
    np.savez(content, **result)  # type: ignore[arg-type]
    with suppress(Problem):
        write_atomically(_file(key), content.getvalue())
    _forget_oldest()


def _forget_oldest() -> None:
    """Let go of results over ``MOST_BYTES``, but for the one that was asked for last."""
    with suppress(OSError):  # another process may take one away in the same moment
        known = [(file.stat(), file) for file in RESULTS.glob("*.npz")]
        known.sort(key=lambda each: -each[0].st_mtime_ns)
        size = 0
        for i, (status, file) in enumerate(known):
            size += status.st_size
            if i and size > MOST_BYTES:
                file.unlink(missing_ok=True)


def _file(key: str) -> Path:
    return RESULTS / f"{_name(key)}.npz"


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


# --- jobs


def result_or_offer(
    key: str, work: Work, button: str, explanation: str, on_disk: bool = True
) -> Result | None:
    """The result of ``work``; while there is none, a button to start it or its progress.

    ``key`` names the content of all that the result depends on: the version of the model, the
    fingerprint of the pictures, the settings. Without ``on_disk`` the work keeps its parts itself.
    """
    job = _jobs().get(key)
    if job is not None and job.result is not None:
        _jobs().pop(key, None)  # another session may fetch it in the same moment
        return job.result
    found = kept_result(key)
    if found is not None:
        return found
    if job is not None and not job.ended and _visitor() not in job.left:
        job.waiting.add(_visitor())
        _progress(key, job)
        return None
    if job is not None and job.problem is not None:
        st.error(sentence(job.problem), icon=":material/error:")
    st.caption(explanation)
    if st.button(button, key=f"start-{_name(key)}", icon=":material/play_arrow:"):
        _start(key, work, on_disk)
        st.rerun()
    return None


def _start(key: str, work: Work, on_disk: bool) -> None:
    """Begin the job, or wait with those who have begun it."""
    jobs = _jobs()
    with _START:  # two sessions may press the button in the same moment
        job = jobs.get(key)
        if job is not None and not job.ended and not job.cancelled:
            job.left.discard(_visitor())
            return
        for old in [name for name, each in jobs.items() if each.ended][:-MOST_JOBS]:
            jobs.pop(old, None)
        job = jobs[key] = Job()
        job.waiting.add(_visitor())
    threading.Thread(target=_run, args=(key, job, work, on_disk), daemon=True).start()


@st.fragment(run_every=0.7)
def _progress(key: str, job: Job) -> None:
    if job.ended or _visitor() in job.left:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        waits = _("queued")
        st.progress(job.share, percent(job.share) if job.running else waits)
        if st.button(_("Cancel"), key=f"cancel-{_name(key)}"):
            job.left.add(_visitor())
            if job.cancelled:
                _jobs().pop(key, None)
            st.rerun()


def _visitor() -> str:
    """A name for this session."""
    name: str = st.session_state.setdefault("_visitor", uuid.uuid4().hex)
    return name


def _run(key: str, job: Job, work: Work, on_disk: bool) -> None:
    def told(share: float) -> None:
        if job.cancelled:
            raise _Cancelled
        job.share = min(1.0, max(0.0, share))

    with _TURN:
        if job.cancelled:
            return
        job.running = True
        take_all_cores()
        steps = work()
        try:
            result = finish(steps, told)
            if on_disk:
                keep(key, result)
            job.result = result
        except _Cancelled:
            pass
        except Problem as problem:
            job.problem = problem
        except Exception as error:  # whatever it was, the page must say so and go on
            job.problem = Problem(
                "The computation failed ({reason}); start it again.",
                reason=f"{type(error).__name__}: {error}",
            )
            raise
        finally:
            steps.close()
            job.running = False


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


# --- the same work for several models


def of_set(
    models: Sequence[Model],
    picture_set: PictureSet,
    what: str,
    work: WorkOn,
    button: str,
    explanation: str,
) -> dict[str, Result]:
    """``each_or_offer`` for work on ``picture_set``; on the few samples it is done at once."""
    if picture_set.source == "samples":
        return {model.name: _at_once(_key(what, model), work, model) for model in models}
    return each_or_offer(models, what, work, button, explanation)


@st.cache_resource(max_entries=64, show_spinner=False)
def _at_once(key: str, _work: WorkOn, _model: Model) -> Result:
    return finish(_work(_model))


def each_or_offer(
    models: Sequence[Model],
    what: str,
    work: WorkOn,
    button: str,
    explanation: str,
) -> dict[str, Result]:
    """Results of ``work`` by the model's name, each kept for itself; one button for all that lack.

    ``what`` names all that the result depends on but for the model.
    """
    keys = {model.name: _key(what, model) for model in models}
    results = {name: kept_result(key) for name, key in keys.items()}

    def in_turn() -> Generator[float, None, Result]:
        together: Result = {}
        for i, model in enumerate(models):
            key = keys[model.name]
            result = kept_result(key)  # another session may have asked for it in the meantime
            if result is None:
                result = yield from part_of(work(model), i / len(models), 1 / len(models))
                keep(key, result)
            together |= {f"{model.name}\n{name}": array for name, array in result.items()}
        return together

    if None in results.values():
        # The job's key stays the same while one model after the other gets its result, and is not
        # that of a single model, whose result has another form.
        all_keys = "\n".join(["together", *keys.values()])
        together = result_or_offer(all_keys, in_turn, button, explanation, on_disk=False) or {}
        for name, array in together.items():
            of, _line, part = name.partition("\n")
            results[of] = (results[of] or {}) | {part: array}
    return {name: result for name, result in results.items() if result is not None}


def _key(what: str, model: Model) -> str:
    return f"{what} {model.version}"
