"""Results of trained networks, also of those whose weights do not ship.

``results.json`` is a list of results; every change of it leaves a whole file behind.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cnnattn.files import write_atomically
from cnnattn.nets.models import ModelSpec
from cnnattn.problem import Problem
from cnnattn.training.recipes import BEFORE, TrainConfig
from cnnattn.training.run_folder import measured_on


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
            measured_on(card) or card["data"],
            _what_matters(config),
        )
    except (KeyError, TypeError) as error:
        raise Problem(
            "This checkpoint's card does not say how it was trained and how well it does; only "
            "networks that were trained here can be recorded."
        ) from error


def _what_matters(config: dict) -> dict:
    # A choice that is younger than the training was made as its default says, or by BEFORE.
    defaults = {**json.loads(json.dumps(asdict(TrainConfig()))), **BEFORE}
    return {k: v for k, v in (defaults | config).items() if k not in ("seed", "compile")}


def read_results(file: Path) -> list[Result]:
    """The results in ``file``, none if it does not exist. Raises Problem for a damaged file."""
    try:
        found = [Result(**entry) for entry in json.loads(file.read_text("utf-8"))]
        return [replace(result, config=_what_matters(result.config)) for result in found]
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
