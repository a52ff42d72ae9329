"""Work that takes longer than a click: it runs behind the pages, and its result is kept.

A job is a generator: it yields the share done, 0 … 1, and returns its result, a dict of arrays,
which is kept in ``data-cache/results`` under the job's key. One job computes at a time in the whole
server, so that the pages stay quick; the others wait. Closing the browser stops nothing.
"""

import hashlib
import io
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from cnnattn.nets.checkpoint import write_atomically
from cnnattn.problem import Problem
from cnnattn.web.library.checkpoints import ROOT
from cnnattn.web.shell.text import _, percent, sentence

Result = dict[str, np.ndarray]
Work = Callable[[], Generator[float, None, Result]]
RESULTS = ROOT / "data-cache" / "results"

_TURN = threading.Lock()  # held by the one job that computes


@dataclass
class Job:
    """A job as the server knows it, from its start until its result has been fetched."""

    share: float = 0.0  # done, 0 … 1
    running: bool = False  # False: waits for its turn
    cancelled: bool = False
    problem: Problem | None = None
    result: Result | None = None


def kept_result(key: str) -> Result | None:
    """The result of an earlier job of this key, from the disk, None if there is none."""
    with suppress(OSError, ValueError), np.load(_file(key)) as arrays:
        return dict(arrays)
    return None


def result_or_offer(key: str, work: Work, button: str, explanation: str) -> Result | None:
    """The result of ``work``; while there is none, a button to start it or its progress.

    ``key`` names everything that the result depends on (model file and date, data, settings).
    """
    jobs = _jobs()
    job = jobs.get(key)
    if job is None:
        found = kept_result(key)
        if found is not None:
            return found
        st.caption(explanation)
        if st.button(button, key=f"start-{_name(key)}", icon=":material/play_arrow:"):
            jobs[key] = Job()
            threading.Thread(target=_run, args=(key, jobs[key], work), daemon=True).start()
            st.rerun()
        return None
    if job.result is not None:
        del jobs[key]
        return job.result
    if job.problem is not None:
        del jobs[key]
        st.error(sentence(job.problem), icon=":material/error:")
        return None
    _progress(key, job)
    return None


@st.fragment(run_every=0.7)
def _progress(key: str, job: Job) -> None:
    if job.result is not None or job.problem is not None or key not in _jobs():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        waits = _("waits for another computation to end")
        st.progress(job.share, percent(job.share) if job.running else waits)
        if st.button(_("Cancel"), key=f"cancel-{_name(key)}"):
            job.cancelled = True
            _jobs().pop(key, None)
            st.rerun()


def _run(key: str, job: Job, work: Work) -> None:
    with _TURN:
        job.running = True
        steps = work()
        try:
            while not job.cancelled:
                job.share = min(1.0, max(0.0, next(steps)))
        except StopIteration as end:
            keep(key, end.value)
            job.result = end.value
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


def keep(key: str, result: Result) -> None:
    """Save the result, whole or not at all; a full disk costs computing it again, nothing else."""
    content = io.BytesIO()
    np.savez(content, **result)  # type: ignore[arg-type]
    with suppress(Problem):
        write_atomically(_file(key), content.getvalue())


def _file(key: str) -> Path:
    return RESULTS / f"{_name(key)}.npz"


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}
