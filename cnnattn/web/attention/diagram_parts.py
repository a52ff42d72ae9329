"""Boxes that several attention modules share, and the frame around each module's own."""

from itertools import pairwise

from cnnattn.figures.attention.flow import Box
from cnnattn.web.attention.kind import Diagram, Kind
from cnnattn.web.shell.text import _


def diagram(kind: Kind, channels: int, height: int, width: int) -> Diagram:
    """Boxes and arrows of an attention module, from the maps x that come in to y.

    A box that stands for a layer is called by the layer's name in the module.
    """
    maps = size(channels, height, width)
    boxes, arrows = kind.diagram(channels, height, width)
    first = Box("x", "x", 0, 0, maps, hover=_("The input maps: channels × height × width."))
    boxes = [first, *boxes]
    last = max(boxes, key=lambda box: (box.step, -box.lane))
    after = Box(
        "y", "y", int(last.step) + 1, 0, maps, hover=_("The output maps, of the same size.")
    )
    return [*boxes, after], [*arrows, (last.name, "y")]


def size(*numbers: int) -> str:
    """A shape as it stands in a box."""
    return "×".join(map(str, numbers))


def chain(*names: str) -> list[tuple[str, str]]:
    """Arrows from each box to the next."""
    return list(pairwise(names))


def times(step: int, name: str = "times") -> Box:
    """The product of the maps and their weights."""
    return Box(name, "×", step, 0, hover=_("Every value is multiplied by its weight."))


def plus(step: int) -> Box:
    """The sum of the maps and what is added."""
    return Box("plus", "+", step, 0, hover=_("Added to the maps; what is added may be negative."))


def squeeze(step: int, channels: int) -> Box:
    """The mean of every map."""
    return Box(
        "gate.squeeze",
        _("mean over positions"),
        step,
        1,
        size(channels, 1, 1),
        hover=_("Squeeze: each map becomes one number, its mean."),
    )


def sigmoid(name: str, step: int, *numbers: int) -> Box:
    """The gate, of this shape."""
    return Box(
        name,
        _("sigmoid = gate"),
        step,
        1,
        size(*numbers),
        strong=True,
        hover=_("Maps every number to between 0 and 1: the weights."),
    )


def spatial_gate(prefix: str, step: int, height: int, width: int) -> list[Box]:
    """The three boxes of a spatial gate, whose layers' names begin with ``prefix``."""
    return [
        Box(f"{prefix}pooled", _("mean and maximum over channels"), step, 1,
            size(2, height, width),
            hover=_("Two maps: the mean and the maximum of all channels at each position.")),
        Box(f"{prefix}gate.bn", _("7×7 conv, batch norm"), step + 1, 1,
            size(1, height, width), True,
            hover=_("One kernel of 98 weights sees the surroundings of each position.")),
        sigmoid(f"{prefix}gate", step + 2, 1, height, width),
    ]  # fmt: skip
