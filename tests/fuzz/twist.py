"""Seeded damage: to the bytes of a file, and to what a JSON text says."""

import json
import math
import random
from typing import Any

ODD_NUMBERS = (0, -1, 1, 1.5, -0.0, 2**31, 2**63, -(2**63), 10**20, 10**400, 1e308, math.nan,
               math.inf)  # fmt: skip
ODD_TEXTS = ("", "x", "\0", "\ud800", "{0}", "{x.__class__}", "{x:>999999999}", "<b>", "汉" * 300,
             "a" * 5000, "../..", "%s", "🦆", "\u202e", "None", "-1")  # fmt: skip


def damaged(data: bytes, rng: random.Random, where: int | None = None) -> bytes:
    """One to eight changes of the bytes; ``where``: most of them before this place."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        end = min(len(changed), where) if where and rng.random() < 0.9 else len(changed)
        at = rng.randrange(end) if end else 0
        match rng.randrange(7):
            case 0:
                changed[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                if end:
                    changed[at] ^= 1 << rng.randrange(8)
            case 2:  # numbers that somebody may trust
                size = rng.choice((1, 2, 4, 8))
                changed[at : at + size] = rng.choice((b"\xff", b"\0", b"\x7f", b"\x80")) * size
            case 3:
                del changed[at : at + rng.randint(1, 64)]
            case 4:
                changed[at:at] = rng.randbytes(rng.randint(1, 16))
            case 5:  # a piece from elsewhere
                start = rng.randrange(len(changed) or 1)
                piece = changed[start : start + rng.randint(1, 64)]
                changed[at : at + len(piece)] = piece
            case 6 if rng.random() < 0.3:
                del changed[rng.randrange(len(changed) or 1) :]
    return bytes(changed)


def odd_value(rng: random.Random) -> Any:
    """Something that is seldom what is expected."""
    deep: Any = []
    for _ in range(rng.choice((3, 50, 900))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    choices = (
        lambda: rng.choice(ODD_NUMBERS),
        lambda: rng.choice(ODD_TEXTS),
        lambda: rng.choice((None, True, False)),
        lambda: rng.choice(([], {}, [[]], {"": {}}, [None], [0] * 1001, ["a", "a"])),
        lambda: deep,
    )
    return rng.choice(choices)()


def twisted(value: Any, rng: random.Random) -> Any:
    """A copy of a JSON value with one to three of its parts replaced, taken away or doubled."""
    copy = json.loads(json.dumps(value))
    for _ in range(rng.randint(1, 3)):
        copy = _twisted_once(copy, rng)
    return copy


def _twisted_once(value: Any, rng: random.Random) -> Any:
    if not isinstance(value, dict | list) or not value or rng.random() < 0.02:
        return odd_value(rng)
    place = value
    while True:
        key = rng.choice(list(place) if isinstance(place, dict) else range(min(len(place), 50)))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.75:
            place = inner
            continue
        match rng.randrange(4):
            case 0:
                del place[key]
            case 1 if isinstance(place, list):
                place.append(inner)
            case 1:
                place[rng.choice(ODD_TEXTS)] = inner
            case _:
                place[key] = odd_value(rng)
        return value


def text_of(value: Any) -> str:
    """As JSON, also of what JSON cannot say; too deep a nest is written by hand."""
    try:
        return json.dumps(value)
    except RecursionError:
        return "[" * 5000 + "]" * 5000
