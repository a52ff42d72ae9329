"""What the browser needs of the chosen models: networks as bytes, and words around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import streamlit as st

from cnnattn.figures.heat.style import heat_veil
from cnnattn.figures.kit.palette import SEQUENTIAL
from cnnattn.live.content import LiveModel, LivePicture, pack
from cnnattn.live.graph import network_graph
from cnnattn.live.words import page_words
from cnnattn.problem import Problem
from cnnattn.web.lab.component import content_key
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _, class_name


@dataclass(frozen=True)
class Networks:
    """Models that the browser can run, with the pictures to choose from there."""

    models: Sequence[Model]
    pictures: Sequence[LivePicture] = ()

    @property
    def key(self) -> str:
        """Names the bytes."""
        pictures = (f"{each.name} {crc32(each.pixels.tobytes())}" for each in self.pictures)
        return content_key(*(f"{m.name} {m.version} {m.colour}" for m in self.models), *pictures)

    def content(self) -> bytes:
        """The bytes, made once."""
        return _packed(self.key, self)

    def settings(self) -> dict[str, Any]:
        """Words and titles in the reader's language."""
        return {
            "words": page_words(_),
            "titles": {model.name: model.title for model in self.models},
            "classes": {
                model.name: [class_name(c) for c in model.classes] for model in self.models
            },
        }


def why_not(model: Model) -> Problem | None:
    """Why the browser's engine cannot run this model; None if it can."""
    try:
        network_graph(model.checkpoint.spec)
    except Problem as problem:
        return problem
    return None


def live_model(model: Model) -> LiveModel:
    """The model as the wing ``live`` takes it."""
    mean, deviation = model.input["mean"], model.input["std"]
    return LiveModel(model.name, model.checkpoint, model.colour, mean, deviation)


@st.cache_resource(max_entries=12, show_spinner=False)
def _packed(key: str, _networks: Networks) -> bytes:
    models = [live_model(model) for model in _networks.models]
    return pack(models, _networks.pictures, SEQUENTIAL, heat_veil(), key=key)
