"""Prototypes as tiles of pictures, and in words."""

import numpy as np

from cnnattn.explain.receptive_field import cut
from cnnattn.figures.maps.picture_tiles import Tiles
from cnnattn.web.prototypes.search import SHOWN, Prototypes
from cnnattn.web.shell.text import _, class_name, paragraph

NARROW = 500  # pixels of the page, below which tiles are laid out for a telephone


def overview(these: Prototypes, width: float) -> list[Tiles]:
    """A tile a channel: the patch that excites it most, and the picture made for it."""
    numbers = range(these.channels)
    both = these.places is not None and these.made is not None
    in_a_row = 8 if width < NARROW else 12 if both else None
    panels = []
    if these.places is not None:
        patches = np.stack([_patch(these, c) for c in numbers])
        hovers = [_found_hover(these, c) for c in numbers]
        title = _("Top-activating patch")
        panels.append(Tiles(title, patches, numbers, hovers, in_a_row=in_a_row))
    if these.made is not None:
        hovers = [_made_hover(these, c) for c in numbers]
        panels.append(
            Tiles(
                _("Synthetic input (activation maximisation)"),
                these.made["picture"],
                numbers,
                hovers,
            )
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
            (_("Top-activating images"), these.found.split.pictures[at["picture"]],
             np.hstack([rows, columns])),
            (_("Crop: its receptive field"), patches, None),
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
                _("Synthetic input (activation maximisation)"),
                these.made["picture"][[channel]],
                [channel],
                [_made_hover(these, channel)],
                in_a_row=1,
                largest=224,
            )
        )
    return panels


def in_words(these: Prototypes, channel: int) -> str:
    """The receptive field, and how strongly the channel answers."""
    height, width = these.fields.size
    if height >= these.side and width >= these.side:
        sentences = [_("The receptive field of each value of this layer covers the whole image.")]
    else:
        sentences = [
            _("The receptive field of each value of this layer is {height}×{width} of "
              "{side}×{side} pixels.", height=height, width=width, side=these.side)
        ]  # fmt: skip
    if these.places is not None:
        best = float(these.places["activation"][channel, 0])
        sentences.append(
            _("Its largest activation in all images is {best:.2f}.", best=best)
            if best
            else _("The channel is inactive in all images: its activation is 0 everywhere.")
        )
    if these.made is not None:
        best = float(these.made["activation"][channel])
        sentences.append(
            _("In the synthetic image it is {best:.2f}.", best=best)
            if best
            else _("No synthetic image was found that activates it.")
        )
    return paragraph(sentences)


def overview_alt(these: Prototypes, layer: str) -> str:
    """What the overview shows, with its main numbers."""
    what = _(
        "What activates each of the {count} channels of layer {layer} most.",
        count=these.channels,
        layer=layer,
    )
    if these.places is None:
        return what
    best = these.places["activation"][:, 0]
    return paragraph(
        [
            what,
            _(
                "Largest: {best:.2f}, channel {channel}. Inactive channels: {idle}.",
                best=float(best.max()),
                channel=int(best.argmax()),
                idle=int((best == 0).sum()),
            ),
        ]
    )


def channel_alt(these: Prototypes, channel: int) -> str:
    """What is shown of one channel, with its main numbers."""
    what = _("What activates channel {number} most.", number=channel)
    if these.places is None or these.found is None:
        return what
    best = these.places["activation"][channel]
    labels = [class_name(these.found.label(i)) for i in these.places["picture"][channel]]
    told = _(", ").join(f"{label} {value:.2f}" for label, value in zip(labels, best, strict=True))
    return paragraph([what, _("Images: {told}.", told=told)])


def overview_rows(these: Prototypes) -> list[dict[str, object]]:
    """Of each channel its largest activation and the class of the image, a row each."""
    return [{_("channel"): c} | channel_rows(these, c)[0] for c in range(these.channels)]


def channel_rows(these: Prototypes, channel: int) -> list[dict[str, object]]:
    """The images that activate the channel most, the strongest first."""
    assert these.found is not None
    assert these.places is not None
    at = {name: values[channel] for name, values in these.places.items()}
    return [
        {
            _("image"): int(picture),
            _("class"): class_name(these.found.label(picture)),
            _("activation"): float(value),
            _("row"): int(row),
            _("column"): int(column),
        }
        for picture, value, row, column in zip(
            at["picture"], at["activation"], at["row"], at["column"], strict=True
        )
    ]


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
        "<b>Channel {number}</b><br>{label}, image {picture}<br>activation {value:.3f}",
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
