"""Prototypes: computed behind the pages, kept, and turned into tiles and sentences."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnnattn.data.pictures import to_input
from cnnattn.explain.prototypes import maximise, strongest_places
from cnnattn.explain.receptive_field import Fields, cut, receptive_fields
from cnnattn.explain.trace import trace
from cnnattn.figures.maps.picture_tiles import Tiles
from cnnattn.web.evaluation.evaluation import PictureSet, at_once, each_or_offer, model_input
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result
from cnnattn.web.shell.text import _, class_name

SHOWN = 9  # pictures of one channel
SIDE = 32  # of the pictures, in pixels
NARROW = 500  # pixels of the page, below which tiles are laid out for a telephone


@dataclass(frozen=True)
class Prototypes:
    """All that is known of what excites the channels of one layer; None where it lacks."""

    channels: int
    fields: Fields
    found: PictureSet | None
    places: Result | None  # of explain.prototypes.strongest_places
    made: Result | None  # of explain.prototypes.maximise


def prototypes_or_offer(model: Model, layer: str, found: PictureSet | None) -> Prototypes:
    """What excites each channel of a layer; buttons for what is not computed yet.

    The samples are so few that they are searched at once.
    """
    channels, fields = _layer(str(model.file), model.file.stat().st_mtime_ns, layer, model)
    network = model.checkpoint.model

    def search(model: Model) -> Generator[float, None, Result]:
        assert found is not None
        pictures = found.split.pictures
        return strongest_places(network, layer, pictures, model_input(model), SHOWN)

    def make(model: Model) -> Generator[float, None, Result]:
        return maximise(network, layer, range(channels), model_input(model), size=SIDE)

    places = None
    if found is not None:
        what = f"strongest places {layer} {found.fingerprint} {SHOWN}"
        if found.source == "samples":
            places = at_once(what, search, model)
        else:
            places = each_or_offer(
                [model],
                what,
                search,
                _("Search all {count} pictures", count=len(found)),
                _("All pictures go through the network once: some seconds, and it is kept."),
            ).get(model.name)
    made = each_or_offer(
        [model],
        f"maximised {layer} {SIDE}",
        make,
        _("Make a picture for each of the {count} channels", count=channels),
        _("Pictures that excite a channel can be made, too: some minutes, and they are kept."),
    ).get(model.name)
    return Prototypes(channels, fields, found, places, made)


@st.cache_resource(max_entries=64, show_spinner=False)
def _layer(file: str, modified: int, layer: str, _model: Model) -> tuple[int, Fields]:
    """How many channels a layer has, and their receptive fields."""
    network = _model.checkpoint.model
    black = to_input(np.zeros((SIDE, SIDE, 3), np.uint8))
    channels = trace(network, black, [layer]).activations[layer].shape[1]
    return channels, receptive_fields(network, layer, SIDE)


def overview(these: Prototypes, width: float) -> list[Tiles]:
    """A tile a channel: the patch that excites it most, and the picture made for it."""
    numbers = range(these.channels)
    both = these.places is not None and these.made is not None
    in_a_row = 8 if width < NARROW else 12 if both else None
    panels = []
    if these.places is not None:
        patches = np.stack([_patch(these, c) for c in numbers])
        hovers = [_found_hover(these, c) for c in numbers]
        title = _("Found: the strongest patch")
        panels.append(Tiles(title, patches, numbers, hovers, in_a_row=in_a_row))
    if these.made is not None:
        hovers = [_made_hover(these, c) for c in numbers]
        panels.append(
            Tiles(_("Made: the picture it likes"), these.made["picture"], numbers, hovers)
        )
    return panels


def of_channel(these: Prototypes, channel: int, width: float) -> list[Tiles]:
    """Rows for one channel: its strongest pictures, the patches cut out of them, the one made."""
    panels = []
    if these.places is not None and these.found is not None:
        at = {name: values[channel] for name, values in these.places.items()}
        ranks = range(len(at["picture"]))
        rows, columns = these.fields.rows[at["row"]], these.fields.columns[at["column"]]
        patches = np.stack([_patch(these, channel, rank) for rank in ranks])
        shown = [
            (_("The pictures"), these.found.split.pictures[at["picture"]],
             np.hstack([rows, columns])),
            (_("Cut out: what the channel sees there"), patches, None),
        ]  # fmt: skip
        panels = [
            Tiles(
                title, pictures, [channel] * len(ranks),
                [_found_hover(these, channel, rank) for rank in ranks],
                boxes, in_a_row=SHOWN if width > NARROW else 3, largest=112,
            )
            for title, pictures, boxes in shown
        ]  # fmt: skip
    if these.made is not None:
        panels.append(
            Tiles(
                _("Made for it"), these.made["picture"][[channel]], [channel],
                [_made_hover(these, channel)], in_a_row=1, largest=224,
            )
        )  # fmt: skip
    return panels


def in_words(these: Prototypes, channel: int) -> str:
    """The receptive field, and how strongly the channel answers."""
    height, width = these.fields.size
    if height >= SIDE and width >= SIDE:
        sentences = [_("Each value of this layer sees the whole picture.")]
    else:
        sentences = [
            _("Each value of this layer sees {height}×{width} of the picture's {side}² pixels.",
              height=height, width=width, side=SIDE)
        ]  # fmt: skip
    if these.places is not None:
        best = float(these.places["activation"][channel, 0])
        sentences.append(
            _("At its strongest place in any of the pictures, the channel reaches {best:.2f}.",
              best=best) if best else
            _("The channel is silent in all of the pictures: its activation is 0 everywhere.")
        )  # fmt: skip
    if these.made is not None:
        best = float(these.made["activation"][channel])
        sentences.append(
            _("In the picture made for it, it reaches {best:.2f}.", best=best) if best else
            _("No picture could be made that excites it.")
        )  # fmt: skip
    return " ".join(sentences)


def _patch(these: Prototypes, channel: int, rank: int = 0) -> np.ndarray:
    """What the channel sees at a strongest place, uint8 (h, w, 4); clear where it is silent."""
    assert these.found is not None
    assert these.places is not None
    at = {name: values[channel, rank] for name, values in these.places.items()}
    rows, columns = these.fields.rows[at["row"]], these.fields.columns[at["column"]]
    patch = cut(these.found.split.pictures[at["picture"]], rows, columns)
    return patch if at["activation"] else np.zeros_like(patch)


def _found_hover(these: Prototypes, channel: int, rank: int = 0) -> str:
    assert these.found is not None
    assert these.places is not None
    at = {name: values[channel, rank] for name, values in these.places.items()}
    return _(
        "<b>Channel {number}</b><br>{label}, picture {picture}<br>activation {value:.3f}",
        number=channel,
        label=class_name(these.found.label(at["picture"])),
        picture=at["picture"],
        value=at["activation"],
    )


def _made_hover(these: Prototypes, channel: int) -> str:
    assert these.made is not None
    return _(
        "<b>Channel {number}</b><br>mean {mean:.3f}, max {max:.3f}",
        number=channel,
        mean=these.made["mean"][channel],
        max=these.made["activation"][channel],
    )
