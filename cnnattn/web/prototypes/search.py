"""What excites each channel of a layer: searched in pictures and made, behind the pages."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import streamlit as st
import torch

from cnnattn.data.pictures import to_inputs
from cnnattn.explain.prototypes import maximise, strongest_places
from cnnattn.explain.receptive_field import Fields, receptive_fields
from cnnattn.explain.trace import trace
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result, each_or_offer, of_set
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.prototypes.shipped import shipped_pictures
from cnnattn.web.shell.text import _

SHOWN = 9  # pictures of one channel


@dataclass(frozen=True)
class Prototypes:
    """All that is known of what excites the channels of one layer; None where it lacks."""

    channels: int
    side: int  # of the network's input, in pixels
    fields: Fields
    found: PictureSet | None
    places: Result | None  # of explain.prototypes.strongest_places
    made: Result | None  # of explain.prototypes.maximise


def prototypes_or_offer(model: Model, layer: str, picture_set: PictureSet | None) -> Prototypes:
    """What excites each channel of a layer; buttons for what is not computed yet.

    The samples are so few that they are searched at once.
    """
    side = model.checkpoint.architecture.size
    channels, fields = _layer(model.version, layer, model)
    network, prepare = model.checkpoint.model, partial(to_inputs, **model.input)

    def search(model: Model) -> Generator[float, None, Result]:
        assert picture_set is not None
        pictures = picture_set.split.pictures
        return strongest_places(network, layer, pictures, prepare, SHOWN)

    def make(model: Model) -> Generator[float, None, Result]:
        return maximise(network, layer, range(channels), prepare, size=side)

    places = None
    if picture_set is not None:
        what = f"strongest places {layer} {picture_set.fingerprint} {SHOWN}"
        places = of_set(
            [model],
            picture_set,
            what,
            search,
            _("Search all {count:,} images", count=len(picture_set)),
            _("Every image runs through the network once: some seconds. The result is saved."),
        ).get(model.name)
    made = shipped_pictures(model, layer)
    if made is None:
        made = each_or_offer(
            [model],
            f"maximised {layer} {side}",
            make,
            _("Compute a synthetic image for each of the {count} channels", count=channels),
            _("Activation maximisation: some minutes, in the background. The result is saved."),
        ).get(model.name)
    return Prototypes(channels, side, fields, picture_set, places, made)


@st.cache_resource(max_entries=64, show_spinner=False)
def _layer(version: str, layer: str, _model: Model) -> tuple[int, Fields]:
    """How many channels a layer has, and their receptive fields."""
    network = _model.checkpoint.model
    record = _model.checkpoint.architecture
    channels = trace(network, torch.zeros(record.shape), [layer]).activations[layer].shape[1]
    return channels, receptive_fields(network, layer, record.size)
