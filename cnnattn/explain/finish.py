"""Long work is a generator that yields how far it is; this runs it to its end."""

from collections.abc import Callable, Generator
from typing import TypeVar

Share = TypeVar("Share")
T = TypeVar("T")


def finish(
    steps: Generator[Share, None, T], told: Callable[[Share], None] = lambda share: None
) -> T:
    """What the generator returns in the end; ``told`` hears all that it yields."""
    while True:
        try:
            told(next(steps))
        except StopIteration as end:
            result: T = end.value
            return result
