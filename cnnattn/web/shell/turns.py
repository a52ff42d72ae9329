"""Runs of pages one after another: whose turn it is.

Python computes in one thread at a time. Thirty runs side by side pass the interpreter's lock to and
fro, and each ends as late as the last; one after another, half of them end in half the time, and
none later.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LONGEST = 0.2  # seconds after which the next run begins although this one goes on


@dataclass
class _Turn:
    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


class Turns:
    """Lets runs begin in the order in which they came, each when the one before has ended.

    A run that takes longer than ``longest`` seconds keeps going, and keeps nobody waiting.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._lock = threading.Lock()
        self._last = _Turn()
        self._last.begun.set()
        self._last.ended.set()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and have it."""
        mine = _Turn()
        with self._lock:
            before, self._last = self._last, mine
        before.begun.wait()
        before.ended.wait(self._longest)
        mine.begun.set()
        try:
            yield
        finally:
            mine.ended.set()
