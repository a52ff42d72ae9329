"""Where an attention module sits in a block of each network, as boxes."""

from cnnattn.figures.attention.flow import Box
from cnnattn.web.attention.diagram_parts import chain
from cnnattn.web.attention.kind import Diagram
from cnnattn.web.shell.text import _


def in_cnn() -> Diagram:
    """A block of the CNN with the attention in its place."""
    words = [_("3×3 conv"), _("batch norm"), "ReLU", _("attention"), _("2×2 max pool")]
    boxes = [
        Box(str(i), label, i, 0, learned=i < 2, strong=i == 3) for i, label in enumerate(words)
    ]
    return boxes, chain(*(box.name for box in boxes))


def in_resnet() -> Diagram:
    """A block of ResNet-20 with the attention in its place, before the addition."""
    layer = [_("3×3 conv"), _("batch norm")]
    words = [*layer, "ReLU", *layer, _("attention")]
    boxes = [
        Box(str(i), label, i, 1, learned=label in layer, strong=i == 5)
        for i, label in enumerate(words)
    ]
    way = ["x", *(box.name for box in boxes), "+", "ReLU"]
    boxes += [Box("x", "x", 0, 0), Box("+", "+", 5, 0), Box("ReLU", "ReLU", 6, 0)]
    return boxes, [("x", "+"), *chain(*way)]


def place_title(arch: str) -> str:
    """What the drawing of a block with its attention is called."""
    return {
        "cnn": _("CNN: after the ReLU, before the pooling, in all three blocks"),
        "resnet20": _(
            "ResNet-20: after the second batch norm, before the addition, in all nine blocks"
        ),
    }[arch]
