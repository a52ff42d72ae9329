"""The pictures that ship beside a checkpoint, made by ``tools/prototypes.py``."""

from contextlib import suppress

import streamlit as st

from cnnattn.explain.prototype_files import Made, mosaic_file, read, weights_digest
from cnnattn.problem import Problem
from cnnattn.web.library.checkpoints import Model


def shipped_pictures(model: Model, layer: str) -> Made | None:
    """For each channel of a layer its picture, None if none was made for these weights."""
    file = mosaic_file(model.file.parent / "prototypes", model.name, layer)
    if file.is_file():
        with suppress(Problem):  # damaged: they can be made here
            return read(file, _weights(model.version, model))
    return None


@st.cache_data(max_entries=64, show_spinner=False)
def _weights(version: str, _model: Model) -> str:
    return weights_digest(_model.checkpoint.model)
