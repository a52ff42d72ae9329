"""Results of trained networks, also of those whose weights do not ship, and what seeds do to them.

``results.json`` is a list of results; every change of it leaves a whole file behind.
"""

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cnnattn.nets.checkpoint import write_atomically
from cnnattn.nets.models import ModelSpec
from cnnattn.problem import Problem
from cnnattn.training.recipes import TrainConfig

# Student's t for 95 %, two-sided, by degrees of freedom from 1; beyond these nearly 2.
_T95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


@dataclass(frozen=True)
class Result:
    """How one trained network did on a test set."""

    arch: str
    attention: str
    seed: int
    accuracy: float  # 0 … 1
    pictures: int  # in the test set
    data: str  # the data set's name
    config: dict  # how it was trained, all but the seed and what does not change the result

    @property
    def network(self) -> tuple[str, str, int]:
        """What is there only once among results that may be compared."""
        return self.arch, self.attention, self.seed


def result_of(spec: ModelSpec, card: Mapping) -> Result:
    """The result on a checkpoint's card. Raises Problem for a card without one."""
    try:
        found, config = card["results"], dict(card["config"])
        return Result(
            spec.arch,
            spec.attention,
            config.pop("seed"),
            found["accuracy"],
            found["pictures"],
            card["data"],
            _what_matters(config),
        )
    except (KeyError, TypeError) as error:
        raise Problem(
            "This checkpoint's card does not say how it was trained and how well it does; only "
            "networks that were trained here can be recorded."
        ) from error


def _what_matters(config: dict) -> dict:
    # A choice that is younger than the training was made as its default says.
    defaults = json.loads(json.dumps(asdict(TrainConfig())))
    return {k: v for k, v in (defaults | config).items() if k not in ("seed", "compile")}


def read_results(file: Path) -> list[Result]:
    """The results in ``file``, none if it does not exist. Raises Problem for a damaged file."""
    try:
        return [Result(**entry) for entry in json.loads(file.read_text("utf-8"))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise Problem(
            "{file} cannot be read as a list of results; take it away and record them again.",
            file=file.name,
        ) from error


def record(file: Path, result: Result) -> None:
    """Add ``result`` to those in ``file``; an older one of the same training is replaced."""
    results = [r for r in read_results(file) if _key(r) != _key(result)]
    results = sorted([*results, result], key=lambda r: r.network)
    text = json.dumps([asdict(r) for r in results], indent=1)
    write_atomically(file, text.encode())


def _key(result: Result) -> tuple:
    return result.network, result.data, result.config


def comparable(results: Iterable[Result], reference: Result) -> list[Result]:
    """Those trained like ``reference``, but for seed and attention, each network once."""
    alike = {
        r.network: r
        for r in results
        if (r.arch, r.data, r.pictures, r.config)
        == (reference.arch, reference.data, reference.pictures, reference.config)
    }
    return list(alike.values())


@dataclass(frozen=True)
class Difference:
    """How far the mean accuracies of two kinds of network lie apart, and what chance does."""

    value: float  # mean of the second minus mean of the first, 0 … 1
    chance: float  # so far apart they would lie in 19 of 20 cases by the seeds alone; inf: unknown

    @property
    def larger_than_chance(self) -> bool:
        return abs(self.value) > self.chance


def spread(groups: Iterable[Sequence[float]]) -> tuple[float, int]:
    """Standard deviation over seeds, pooled over all groups, and its degrees of freedom.

    NaN and 0 if no group has two members.
    """
    groups = [group for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in groups)
    if not freedom:
        return math.nan, 0
    squares = sum(statistics.variance(group) * (len(group) - 1) for group in groups)
    return math.sqrt(squares / freedom), freedom


def difference(
    first: Sequence[float], second: Sequence[float], s: float, freedom: int
) -> Difference:
    """Compare two kinds by their accuracies, one a seed, given the ``spread`` over seeds.

    Student's interval for the difference of two means with one common deviation.
    """
    value = statistics.mean(second) - statistics.mean(first)
    if not freedom:
        return Difference(value, math.inf)
    t = _T95[freedom - 1] if freedom <= len(_T95) else 2.0
    return Difference(value, t * s * math.sqrt(1 / len(first) + 1 / len(second)))
