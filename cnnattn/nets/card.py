"""What the metadata of a checkpoint may say: checked once, when it is read, and trusted after that.

A card may lack any entry, and may have others than those below, of which only plain JSON is asked.
"""

import json
import math
import re
from collections.abc import Callable
from itertools import chain
from typing import Any

from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import ModelSpec, check_classes
from cnnattn.problem import Problem

MOST_CONTAINERS = 200_000  # lists and entries in one text: each takes a hundred bytes of memory
MOST_PICTURES = 10**12

Check = Callable[[object], bool]


def checked_spec(text: str) -> ModelSpec:
    """The network that ``spec`` in a checkpoint's metadata names. Raises Problem."""
    values = json_of(text)
    if not isinstance(values, dict) or not {*values} <= {"arch", "attention", "classes"}:
        raise _damaged("spec")
    known = {"arch": [*ARCHITECTURES], "attention": [*ATTENTION]}
    for entry, names in known.items():
        if entry in values and values[entry] not in names:
            raise Problem(
                "It needs the {entry} “{name}”, which this version of the app does not have; "
                "update the app, or take another checkpoint.",
                entry=entry,
                name=str(values[entry])[:60],
            )
    if "classes" in values:
        values["classes"] = check_classes(values["classes"])
    return ModelSpec(**values)


def checked_card(text: str, spec: ModelSpec) -> dict:
    """The card in a checkpoint's metadata. Raises Problem, naming the entry that is wrong."""
    card = json_of(text)
    if not isinstance(card, dict):
        raise _damaged("card")
    wrong = next((name for name in card if not _CARD.get(name, _anything)(card[name])), None)
    if wrong is None and "results" in card:
        wrong = _wrong_result(card["results"], spec)
    if wrong:
        raise _damaged(wrong)
    return card


def is_text(value: object) -> bool:
    """A text that can be shown: no half of a character pair, which no page could send."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def json_of(text: str) -> Any:
    """What a JSON text says. Raises Problem before it takes more memory than any card needs."""
    if text.count("[") + text.count("{") + text.count(":") > MOST_CONTAINERS:
        raise _damaged("size")
    values = json.loads(text)
    if r"\ud" in text.lower():  # perhaps half of a character pair, which no page could show
        json.dumps(values, ensure_ascii=False).encode()  # ValueError if it is
    return values


def _damaged(entry: str) -> Problem:
    return Problem("Its entry “{entry}” is damaged, or of another version.", entry=entry)


def _number(value: object, least: float = -1e300, most: float = 1e300) -> bool:
    """A finite number; JSON knows larger ones, and true is none."""
    return isinstance(value, int | float) and value is not True and least <= value <= most


def _count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and _number(value, least, MOST_PICTURES)


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(_number, value))


def _normalisation(value: object) -> bool:
    """Mean and deviation, 0 … 1, of the three colours."""
    return (
        isinstance(value, dict)
        and {*value} <= {"mean", "std"}
        and all(_numbers(colours) and len(colours) == 3 for colours in value.values())
        and all(abs(mean) <= 1000 for mean in value.get("mean", []))
        and all(0.001 <= deviation <= 1000 for deviation in value.get("std", []))
    )


def _config(value: object) -> bool:
    return (
        isinstance(value, dict)
        and _count(value.get("seed", 0), -MOST_PICTURES)
        and _count(value.get("epochs", 1), 1)
        and _number(value.get("label_smoothing", 0.0), 0, 1)
    )


def _history(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(epoch, dict) and all(map(_number, epoch.values())) for epoch in value
    )


def _anything(value: object) -> bool:
    return True


_CARD: dict[str, Check] = {
    "data": is_text,
    "normalisation": _normalisation,
    "config": _config,
    "parameters": _count,
    "torch": is_text,
    "losses": _numbers,
    "history": _history,
}


def _wrong_result(results: object, spec: ModelSpec) -> str | None:
    """The first entry of ``results`` that is wrong."""
    if not isinstance(results, dict):
        return "results"
    classes = len(spec.classes)
    checks: dict[str, Check] = {
        "data": is_text,
        "pictures": lambda count: _count(count, 1),
        "accuracy": lambda share: _number(share, 0, 1),
        "loss": lambda loss: _number(loss, 0),
        "confusion": lambda table: (
            _is_table(table, classes, classes)
            and all(map(_count, chain(*table)))  # type: ignore[misc]
            and sum(chain(*table)) == results.get("pictures", sum(chain(*table)))  # type: ignore[misc]
        ),
    }
    for name, right in checks.items():
        if name in results and not right(results[name]):
            return f"results.{name}"
    known = ARCHITECTURES[spec.arch]
    for entry, right in (
        ("gates", lambda gate: _gates(gate, classes)),
        ("gate_variability", _variability),
    ):
        gates = results.get(entry, {})
        if not isinstance(gates, dict):
            return f"results.{entry}"
        for name, gate in gates.items():
            if not (name.endswith(".gate") and known.stage_of(name) and right(gate)):
                return f"results.{entry}.{name}"
    return None


def _gates(found: object, classes: int) -> bool:
    """Of one gate, each channel's mean and spread by class; NaN for a class without pictures."""
    if not isinstance(found, dict) or {*found} != {"mean", "spread"}:
        return False
    mean, spread = found["mean"], found["spread"]
    channels = len(mean[0]) if _is_table(mean, classes) else 0
    return channels > 0 and all(
        _is_table(table, classes, channels)
        and all(_number(value) or _is_nan(value) for value in chain(*table))
        for table in (mean, spread)
    )


_VARIABILITY = {
    "over_pictures", "between_classes", "explained", "mean", "open", "shut", "over_places",
}  # fmt: skip


def _variability(found: object) -> bool:
    """How much one gate varies; None for what does not exist of its kind, NaN as above."""
    return (
        isinstance(found, dict)
        and {*found} == _VARIABILITY
        and all(
            value is None or _is_nan(value) or _number(value, -1e6, 1e6) for value in found.values()
        )
        and None not in (found["over_pictures"], found["between_classes"])
        and None not in (found["explained"], found["mean"])
    )


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_table(value: object, rows: int, columns: int | None = None) -> bool:
    return (
        isinstance(value, list)
        and len(value) == rows
        and all(isinstance(row, list) and columns in (None, len(row)) for row in value)
    )
