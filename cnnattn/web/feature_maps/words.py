"""What the figures of the page Feature maps show, in words and as the lines of tables."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnattn.explain.channels import strongest
from cnnattn.figures.maps.feature_table import StageMaps
from cnnattn.web.shell.text import _, class_name, percent


def table_alt(titles: Sequence[str], columns: Sequence[StageMaps]) -> str:
    """The feature maps of several images, called ``titles``: per layer, the range of their values
    and where the largest lies."""
    told = []
    for column in columns:
        row, place = np.unravel_index(int(column.maps.max((2, 3)).argmax()), column.channels.shape)
        told.append(
            _(
                "{layer}: activations from {low:.2f} to {high:.2f}, the largest in channel "
                "{channel} of {picture}",
                layer=column.title,
                low=column.maps.min(),
                high=column.maps.max(),
                channel=int(column.channels[row, place]),
                picture=titles[int(row)],
            )
        )
    return _(
        "Feature maps of {pictures}, {count} channels per layer. {told}.",
        pictures=_(", ").join(titles),
        count=columns[0].maps.shape[1],
        told="; ".join(told),
    )


def table_rows(titles: Sequence[str], columns: Sequence[StageMaps]) -> list[dict[str, object]]:
    """Mean and maximum of every map of the same figure."""
    return [
        {
            _("image"): title,
            _("layer"): column.title,
            _("channel"): int(channel),
            _("mean"): float(values.mean()),
            _("max"): float(values.max()),
        }
        for column in columns
        for title, channels, maps in zip(titles, column.channels, column.maps, strict=True)
        for channel, values in zip(channels, maps, strict=True)
    ]


def heat_caption(layer: str, explained: Sequence[str]) -> str:
    """What the heat maps of the same figure are: of which ``layer``, for which classes (from the
    top down), and why they look unlike all others here."""
    return _(
        "Heat map: Grad-CAM of layer {layer} for the predicted class, from the top down {classes}; "
        "each is scaled so that its largest value is 1. The rainbow colours (jet) are those of the "
        "lesson; the other heat maps of this app have other colours.",
        layer=layer,
        classes=_(", ").join(map(class_name, explained)),
    )


def no_attention_there(absent: Mapping[str, str]) -> str:
    """That nothing stands where a link asks for attention: module -> the layer before it."""
    return _(
        "This network has no attention at {names}: the maps there are those of {before}, "
        "unchanged.",
        names=_(", ").join(absent),
        before=_(", ").join(absent.values()),
    )


def path_alt(title: str, outputs: Mapping[str, np.ndarray], chosen: str) -> str:
    """The layers of a model with the sizes (C, H, W) of their ``outputs``."""
    sizes = _(", ").join(f"{name} {_size(values)}" for name, values in outputs.items())
    return _(
        "The layers of {model}: {layers}. Chosen: {layer}.", model=title, layers=sizes, layer=chosen
    )


def layer_alt(layer: str, maps: np.ndarray) -> str:
    """Every channel of a layer, ``maps`` (C, H, W)."""
    return _(
        "All channels of layer {layer}, {size}: activations from {low:.2f} to {high:.2f}, the "
        "largest mean in channel {channel}.",
        layer=layer,
        size=_size(maps),
        low=maps.min(),
        high=maps.max(),
        channel=int(strongest(maps, 1)[0]),
    )


def histogram_alt(layer: str, maps: np.ndarray) -> str:
    """How the values of a layer are spread."""
    low, middle, high = np.quantile(maps, [0.05, 0.5, 0.95])
    return _(
        "Histogram of layer {layer}: median {middle:.2f}, nine tenths of the values between "
        "{low:.2f} and {high:.2f}, {share} exactly zero.",
        layer=layer,
        middle=middle,
        low=low,
        high=high,
        share=percent(float((maps == 0).mean())),
    )


def kernels_alt(layer: str, weights: np.ndarray) -> str:
    """The shown kernels of a convolution, ``weights`` (tiles, …, h, w)."""
    height, width = weights.shape[-2:]
    return _(
        "{count} kernels of layer {layer}, {height}×{width} each, weights from {low:.2f} to "
        "{high:.2f}.",
        count=len(weights),
        layer=layer,
        height=height,
        width=width,
        low=weights.min(),
        high=weights.max(),
    )


def _size(values: np.ndarray) -> str:
    return "×".join(map(str, values.shape))
