"""Work that is done once for all sessions: thirty students click the same samples and layers.

Streamlit's own caches hash every argument and look up every function's signature on each call,
0.3 to 0.5 ms a hit, and let thirty sessions that ask at once compute the same thing thirty times.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import wraps
from hashlib import blake2b
from typing import Any, ParamSpec, TypeVar

import numpy as np

from cnnattn.web.shell.text import language

P = ParamSpec("P")
T = TypeVar("T")


class Shared:
    """Values by their key, at most ``most`` of them by ``size``; what was unused longest goes.

    Whoever asks for a value that is being computed waits for it. A failure is raised for all who
    wait, and forgotten.
    """

    def __init__(self, most: float, size: Callable[[Any], float] = lambda value: 1) -> None:
        self._most, self._size = most, size
        self._values: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._full = 0.0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key``, from ``make`` if there is none yet."""
        with self._lock:
            if found := self._values.get(key):
                self._values.move_to_end(key)
            else:
                mine = self._values[key] = Future()
        if found:
            value: T = found.result()
            return value
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._values[key]
            mine.set_exception(error)
            raise
        with self._lock:
            mine.set_result(value)
            self._full += self._size(value)
            for old in list(self._values):
                if self._full <= self._most:
                    break
                if self._values[old].done():  # others are waited for
                    self._full -= self._size(self._values.pop(old).result())
        return value


def shared(cache: Shared, in_words: bool = False) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a pure function compute each of its values once, and keep it in ``cache``.

    Its arguments are compared by what they hold: plain values, arrays, tuples and lists of these,
    and what has a ``key``. ``in_words``: its value depends on the reader's language too. Nobody may
    change the value.
    """

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        name = f"{make.__module__}.{make.__qualname__}"

        @wraps(make)
        def of_all(*args: P.args, **rest: P.kwargs) -> T:
            spoken = language() if in_words else ""
            named = [(word, key_of(value)) for word, value in sorted(rest.items())]
            key = (name, spoken, *map(key_of, args), *named)
            return cache.get(key, lambda: make(*args, **rest))

        return of_all

    return decorate


_PLAIN = (str, int, float, bytes, type(None))  # bool is an int


def key_of(value: Any) -> Hashable:
    """A key that equals another's if, and only if, the values hold the same.

    What is too large to be one names itself: by its ``key``, all that may be read from it. Raises
    TypeError for what could be changed unseen.
    """
    if isinstance(value, _PLAIN):
        return type(value), value  # 1, 1.0 and True are three values
    if isinstance(value, tuple | list):
        return tuple(map(key_of, value))
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        content = blake2b(np.ascontiguousarray(value).data, digest_size=16).digest()
        return value.dtype.str, value.shape, content  # a key shall not keep a photo of 3 MB
    if (key := getattr(value, "key", None)) is not None:
        return type(value), key
    raise TypeError(f"{type(value).__name__} cannot be part of a key")
