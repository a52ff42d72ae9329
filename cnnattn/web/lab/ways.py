"""The ways from Live to other pages, which take its picture and its gates along."""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.data.samples import samples
from cnnattn.explain.gates import gate_names
from cnnattn.web.library import own_pictures
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.page import go_to, page_title

MOST_NUMBERS = 4096  # of a span in a link, which anybody may have written
PAGES = ("surgery", "attention", "heat", "feature_maps", "compare")


def ways(*pages: str) -> dict[str, str]:
    """The pages' titles by their names, for the component's settings."""
    return {page: page_title(page) for page in pages}


def keep_picture() -> None:
    """Make what was painted or filmed on Live a picture of the visitor's own, and choose it."""
    taken = st.session_state["live_page"]["take"]
    if taken and taken["pixels"]:
        pixels = np.frombuffer(base64.b64decode(taken["pixels"]), np.uint8)
        side = math.isqrt(pixels.size // 3)
        own_pictures.keep_drawn(pixels.reshape(side, side, 3))


def go(taken: dict[str, Any], models: list[Model]) -> None:
    """Open the page that was asked for, with what it can show of the state."""
    model = next(model for model in models if model.name == taken["model"])
    view = {} if taken["pixels"] else _picture_view(taken["name"])
    if taken["page"] in ("surgery", "attention"):
        view = {"model": model.name, "gate_stage": taken["stage"]}
        stage = next(stage for stage in model.stages if stage.name == taken["stage"])
        own = gate_names(model.checkpoint.model, stage.layers["attention"])
        if taken["gate"] in own:
            view["gate"] = str(own.index(taken["gate"]))
    if taken["page"] == "surgery":
        factors = factors_text({int(n): factor for n, factor in taken["factors"].items()})
        of_channels, of_places = ("", factors) if taken["places"] else (factors, "")
        view |= {"experiment": "own", "cut": "", "by_hand": of_channels, "by_place": of_places}
    go_to(taken["page"], **view)


def _picture_view(name: str) -> dict[str, str]:
    """A picture of Live's strip as it stands in a link; nothing for one of the visitor's own."""
    if any(sample.name == name for sample in samples()):
        return {"source": "sample", "sample": name}
    kind, _dash, rest = name.partition("-")
    label, _dash, number = rest.rpartition("-")
    if kind == "test" and label and number.isdecimal():
        return {"source": "test", "test_class": label, f"test_{label}": number}
    return {}


def factors_text(factors: Mapping[int, float]) -> str:
    """Factors of channels or positions as they stand in a link: "4:0.5,9-12:0"."""
    runs: list[tuple[int, int, float]] = []
    for number, factor in sorted(factors.items()):
        if runs and runs[-1][1:] == (number - 1, factor):
            runs[-1] = (runs[-1][0], number, factor)
        else:
            runs.append((number, number, factor))
    spans = ((f"{a}" if a == b else f"{a}-{b}", factor) for a, b, factor in runs)
    return ",".join(f"{span}:{factor:g}" for span, factor in spans)


def read_factors(text: str) -> dict[int, float]:
    """What ``factors_text`` has written. Raises ValueError for anything else."""
    factors: dict[int, float] = {}
    for part in filter(None, text.split(",")):
        span, factor = part.split(":")
        first, _dash, last = span.partition("-")
        numbers = range(int(first), int(last or first) + 1)
        if not 0 < len(numbers) <= MOST_NUMBERS:
            raise ValueError(span)
        factors |= dict.fromkeys(numbers, float(factor))
    return factors
