"""A click takes one core, a job all of them; neither changes the other's."""

import threading
from collections.abc import Generator

import pytest
import torch
from streamlit.testing.v1 import AppTest

from cnnattn.places import ROOT
from cnnattn.web.compare import page
from cnnattn.web.library import jobs
from cnnattn.web.shell import cores


def in_a_thread(work) -> list:
    told = []
    thread = threading.Thread(target=lambda: told.append(work()))
    thread.start()
    thread.join(60)
    return told


@pytest.fixture
def many_cores(monkeypatch):
    """As on a machine with three cores."""
    before = torch.get_num_threads()
    monkeypatch.setattr(cores, "_ALL", 3)
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def one() -> int:
    cores.take_one_core()
    return torch.get_num_threads()


def test_a_thread_that_takes_one_core_leaves_the_others_theirs(many_cores):
    assert in_a_thread(one) == [1]
    assert torch.get_num_threads() == 3


def test_a_job_takes_all_cores_although_a_page_took_one_before(many_cores, monkeypatch, tmp_path):
    monkeypatch.setattr(jobs, "RESULTS", tmp_path)
    told = []

    def work() -> Generator[float, None, jobs.Result]:
        told.append(torch.get_num_threads())
        yield 1.0
        return {}

    assert in_a_thread(one) == [1]
    in_a_thread(lambda: jobs._run("key", jobs.Job(), work, False))
    assert told == [3]


def test_a_page_is_drawn_with_one_core(many_cores, monkeypatch):
    told, draw = [], page.draw

    def watched(width: int) -> None:
        told.append(torch.get_num_threads())
        draw(width)

    monkeypatch.setattr(page, "draw", watched)
    assert not AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run().exception
    assert told == [1]
