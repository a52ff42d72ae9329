"""Whether what stands in a run's folder can be what a training wrote there: checked at reading.

Whoever shows a run may then trust its numbers and texts. Everything here raises ValueError.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import Any, get_args, get_type_hints

from cnnattn.nets.card import is_text
from cnnattn.training.recipes import TrainConfig

LARGEST = 1_000_000  # bytes of a JSON file in a run; the largest written has 2,000
MOST = 10**9  # of epochs, iterations and seconds: a number below it can be drawn

Check = Callable[[object], bool]


def read_entries(file: Path) -> dict[str, Any]:
    """The entries of a JSON file; OSError if it is missing, ValueError if it is anything else."""
    if file.stat().st_size > LARGEST:
        raise ValueError("too large")
    try:
        entries = json.loads(file.read_bytes())
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(entries, dict):
        raise ValueError("no entries")
    return entries


def is_number(value: object, least: float = 0, most: float = MOST) -> bool:
    """A finite number in least … most; true is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def is_count(value: object, least: int = 0) -> bool:
    """A whole number from ``least`` on that can be drawn."""
    return isinstance(value, int) and is_number(value, least)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _share(value: object) -> bool:
    return is_number(value, 0, 1)


STEP: dict[str, Check] = {
    "epoch": lambda value: is_count(value, 1),
    "iteration": lambda value: is_count(value, 1),
    "loss": is_number,
    "learning_rate": is_number,
}
EPOCH: dict[str, Check] = {
    "epoch": lambda value: is_count(value, 1),
    "train_loss": is_number,
    "train_accuracy": _share,
    "test_loss": is_number,
    "test_accuracy": _share,
    "seconds": is_number,
}
VALUES: dict[str, Check] = {
    "created": lambda value: is_number(value, 0, 4e9),  # the year 2096
    "queued": lambda value: is_number(value, 0, 4e9),
    "epoch": is_count,
    "iteration": is_count,
    "iterations": is_count,
    "images_per_second": _or_none(is_number),
    "seconds_left": _or_none(is_number),
    "accuracy": _or_none(_share),
    "memory_kills": is_count,
    "process": lambda value: _is_process(value),
    "problem": _or_none(lambda value: _is_told(value)),
}


def is_event(event: object) -> bool:
    """Whether it is a line of events.jsonl as ``as_event`` writes them."""
    if not isinstance(event, dict):
        return False
    checks = {"step": STEP, "epoch": EPOCH}.get(str(event.get("kind")))
    return checks is not None and all(
        name in event and right(event[name]) for name, right in checks.items()
    )


def check_values(values: Mapping[str, Any]) -> None:
    """The entries of status.json and progress.json together."""
    for name, right in VALUES.items():
        if name in values and not right(values[name]):
            raise ValueError(name)


def check_config(config: Any) -> None:
    """A RunConfig whose fields came from JSON: of the right types, and with texts to show."""
    for place in (config, config.train, config.train.augmentation):
        hints = get_type_hints(type(place))
        for field in fields(place):
            value, hint = getattr(place, field.name), hints[field.name]
            if not _fits(value, hint):
                raise ValueError(field.name)
    train: TrainConfig = config.train
    if not (is_count(train.epochs, 1) and is_count(train.batch, 1) and abs(train.seed) <= 2**63):
        raise ValueError("train")


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of an annotated type; a whole number is a float too."""
    if hint is float:
        return is_number(value, -1e300, 1e300)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is str:
        return is_text(value) and len(str(value)) < 5000
    if isinstance(hint, type):
        return isinstance(value, hint)
    options = get_args(hint)
    if isinstance(value, tuple):  # of floats, as many as are annotated
        return len(value) == len(options) and all(map(_fits, value, options))
    return any(value == o if isinstance(o, str) else _fits(value, o) for o in options)


def _is_process(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("host"), str)
        and isinstance(value.get("pid"), int)
        and 0 < value["pid"] < 2**31
        and is_number(value.get("born"), 0, 4e9)
    )


def _is_told(value: object) -> bool:
    """A Problem in its parts: each place of its template is a value, written without tricks."""
    if not isinstance(value, dict) or not is_text(value.get("template")):
        return False
    values = value.get("values")
    if not isinstance(values, dict) or not all(
        is_number(v, -1e300, 1e300) or (is_text(v) and len(str(v)) < 5000) for v in values.values()
    ):
        return False
    return all(
        name is None
        or (name in values and not conversion and re.fullmatch(r"(\.\d[fg%])?|g", form or ""))
        for _text, name, form, conversion in Formatter().parse(value["template"])
    )
