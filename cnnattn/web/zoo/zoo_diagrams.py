"""The way of the data through each attention module, and where the modules stand, as boxes."""

from itertools import pairwise

from cnnattn.figures.attention.flow import Box
from cnnattn.web.shell.text import _

Diagram = tuple[list[Box], list[tuple[str, str]]]


def diagram(kind: str, channels: int, height: int, width: int) -> Diagram:
    """Boxes and arrows of an attention module on maps of this size.

    A box that stands for a layer is called by the layer's name in the module.
    """
    c, maps = channels, (channels, height, width)
    draw = {
        "se": _se, "eca": _eca, "cbam": _cbam, "spatial": _spatial, "coordinate": _coordinate,
        "simam": _simam, "gc": _gc, "nonlocal": _nonlocal,
    }  # fmt: skip
    boxes, chain = draw[kind](c, height, width)
    boxes = [_maps("x", 0, maps), *boxes]
    last = max(boxes, key=lambda box: (box.step, -box.lane))
    return [*boxes, _maps("y", int(last.step) + 1, maps)], [*chain, (last.name, "y")]


def _size(*numbers: int) -> str:
    return "×".join(map(str, numbers))


def _maps(name: str, step: int, size: tuple[int, ...]) -> Box:
    hovers = {
        "x": _("The maps that come in: channels × height × width."),
        "y": _("The maps that go on, of the same size."),
    }
    return Box(name, name, step, 0, _size(*size), hover=hovers[name])


def _times(step: int) -> Box:
    return Box("times", "×", step, 0, hover=_("Every value is multiplied by its weight."))


def _plus(step: int) -> Box:
    return Box("plus", "+", step, 0, hover=_("Added to the maps; nothing is taken away."))


def _means(step: int, c: int) -> Box:
    return Box("gate.squeeze", _("mean over places"), step, 1, _size(c, 1, 1),
               hover=_("Squeeze: each map becomes one number, its mean."))  # fmt: skip


def _sigmoid(name: str, step: int, *size: int) -> Box:
    return Box(name, _("sigmoid = gate"), step, 1, _size(*size), strong=True,
               hover=_("Presses every number between 0 and 1: the weights."))  # fmt: skip


def _se(c: int, height: int, width: int) -> Diagram:
    hidden = max(1, c // 16)
    boxes = [
        _means(0, c),
        Box("gate.relu", _("linear, ReLU"), 1, 1, _size(hidden), True,
            hover=_("The bottleneck: few units that see all channels.")),
        Box("gate.fc2", _("linear"), 2, 1, _size(c), True,
            hover=_("From the few units back to one number a channel.")),
        _sigmoid("gate", 3, c, 1, 1),
        _times(3),
    ]  # fmt: skip
    way = ["x", "gate.squeeze", "gate.relu", "gate.fc2", "gate", "times"]
    return boxes, [("x", "times"), *_chain(way)]


def _eca(c: int, height: int, width: int) -> Diagram:
    kernel = 3 if c < 128 else 5
    boxes = [
        _means(0, c),
        Box("gate.conv", _("kernel of {k} along the channels", k=kernel), 1, 1, _size(1, c), True,
            hover=_("Each channel looks only at its neighbours, all with the same few weights.")),
        _sigmoid("gate", 2, c, 1, 1),
        _times(2),
    ]  # fmt: skip
    way = ["x", "gate.squeeze", "gate.conv", "gate", "times"]
    return boxes, [("x", "times"), *_chain(way)]


def _spatial_half(name: str, step: int, height: int, width: int) -> list[Box]:
    return [
        Box(f"{name}pooled", _("mean and maximum over channels"), step, 1, _size(2, height, width),
            hover=_("Two maps: what the channels show at a place on average, and at most.")),
        Box(f"{name}gate.bn", _("7×7 conv, batch norm"), step + 1, 1,
            _size(1, height, width), True,
            hover=_("One kernel of 98 weights looks at the surroundings of each place.")),
        _sigmoid(f"{name}gate", step + 2, 1, height, width),
    ]  # fmt: skip


def _spatial(c: int, height: int, width: int) -> Diagram:
    way = ["x", "pooled", "gate.bn", "gate", "times"]
    return [*_spatial_half("", 0, height, width), _times(2)], [("x", "times"), *_chain(way)]


def _cbam(c: int, height: int, width: int) -> Diagram:
    hidden = max(1, c // 16)
    boxes = [
        Box("pooled", _("mean and maximum over places"), 0, 1, _size(2, c),
            hover=_("Two numbers a channel: its mean, and its largest value.")),
        Box("hidden", _("linear, ReLU"), 1, 1, _size(2, hidden), True,
            hover=_("The same bottleneck for both.")),
        Box("units", _("linear, sum"), 2, 1, _size(c), True,
            hover=_("From the few units back to one number a channel; both are added.")),
        _sigmoid("gate", 3, c, 1, 1),
        _times(3),
        Box("x'", "x′", 4, 0, _size(c, height, width),
            hover=_("The maps after the channel gate.")),
        *_spatial_half("spatial.", 4, height, width),
        Box("times 2", "×", 6, 0, hover=_times(3).hover),
    ]  # fmt: skip
    first = ["x", "pooled", "hidden", "units", "gate", "times", "x'"]
    second = ["x'", "spatial.pooled", "spatial.gate.bn", "spatial.gate", "times 2"]
    return boxes, [("x", "times"), *_chain(first), ("x'", "times 2"), *_chain(second)]


def _coordinate(c: int, height: int, width: int) -> Diagram:
    hidden = max(8, c // 32)
    boxes = [
        Box("row means", _("mean of each row"), 1, 1, _size(c, height, 1),
            hover=_("Each channel keeps where something stands from top to bottom.")),
        Box("column means", _("mean of each column"), 1, 2, _size(c, 1, width),
            hover=_("Each channel keeps where something stands from left to right.")),
        Box("gate.hardswish", _("1×1 conv, batch norm, hardswish"), 2, 1.5,
            _size(hidden, height + width, 1), True,
            hover=_("The same small layer for rows and columns, one behind the other.")),
        Box("gate.rows", _("1×1 conv, sigmoid"), 3, 1, _size(c, height, 1), True,
            hover=_("A weight for every row of every channel.")),
        Box("gate.columns", _("1×1 conv, sigmoid"), 3, 2, _size(c, 1, width), True,
            hover=_("A weight for every column of every channel.")),
        Box("gate", _("row × column = gate"), 4, 1.5, _size(c, height, width), strong=True,
            hover=_("The weight of a pixel: that of its row times that of its column.")),
        _times(4),
    ]  # fmt: skip
    arrows = [("x", "times"), ("gate", "times")]
    for means, factor in (("row means", "gate.rows"), ("column means", "gate.columns")):
        arrows += _chain(["x", means, "gate.hardswish", factor, "gate"])
    return boxes, arrows


def _simam(c: int, height: int, width: int) -> Diagram:
    boxes = [
        Box("means", _("mean over places"), 0, 1, _size(c, 1, 1),
            hover=_("The mean of each channel.")),
        Box("tap", "", 1, 0),
        Box("distance", _("squared distance d"), 1, 1, _size(c, height, width),
            hover=_("How far each pixel is from its channel's mean, squared.")),
        Box("energy", _("divided by the variance"), 2, 1, _size(c, height, width),
            hover=_("d / (4 (v + λ)) + 1/2: large where a pixel stands out from its channel.")),
        _sigmoid("gate", 3, c, height, width),
        _times(3),
    ]  # fmt: skip
    way = ["x", "means", "distance", "energy", "gate", "times"]
    return boxes, [("x", "times"), ("tap", "distance"), *_chain(way)]


def _gc(c: int, height: int, width: int) -> Diagram:
    hidden = max(8, c // 16)
    boxes = [
        Box("places.conv", _("1×1 conv"), 0, 1, _size(1, height, width), True,
            hover=_("One score for each place.")),
        Box("places", _("softmax over places"), 1, 1, _size(1, height, width), strong=True,
            hover=_("How much each place counts; all together 1.")),
        Box("tap", "", 2, 0),
        Box("context", _("weighted sum over places"), 2, 1, _size(c),
            hover=_("The context: one number a channel, mostly from the places that count.")),
        Box("transform.2", _("linear, layer norm, ReLU"), 3, 1, _size(hidden), True,
            hover=_("A bottleneck as in SE, kept in range by layer norm.")),
        Box("transform", _("linear"), 4, 1, _size(c), True,
            hover=_("One number a channel, of any sign; 0 at the beginning of training.")),
        _plus(4),
    ]  # fmt: skip
    way = ["x", "places.conv", "places", "context", "transform.2", "transform", "plus"]
    return boxes, [("x", "plus"), ("tap", "context"), *_chain(way)]


def _nonlocal(c: int, height: int, width: int) -> Diagram:
    inner, places = c // 2, height * width
    large = places > 256
    others = places // 4 if large else places
    small = (inner, height // 2, width // 2) if large else (inner, height, width)
    pooled = _("1×1 conv, max pool") if large else _("1×1 conv")
    key, value = ("key", "value") if large else ("affinity.phi", "g")
    boxes = [
        Box("affinity.theta", "θ: " + _("1×1 conv"), 1, 1, _size(inner, height, width),
            True, hover=_("What each place asks for: the query.")),
        Box(key, f"φ: {pooled}", 1, 2, _size(*small), True,
            hover=_("What each place offers to be found by: the key.")),
        Box(value, f"g: {pooled}", 1, 3, _size(*small), True,
            hover=_("What each place gives: the value.")),
        Box("affinity", _("θ·φ, softmax = affinity"), 2, 1.5, _size(places, others), strong=True,
            hover=_("For every place, how much it takes from every other; each row sums to 1.")),
        Box("sum", _("affinity × g"), 3, 2, _size(inner, height, width),
            hover=_("Each place gets its own mixture of all places.")),
        Box("bn", _("1×1 conv, batch norm"), 4, 2, _size(c, height, width), True,
            hover=_("Back to all channels; 0 at the beginning of training.")),
        _plus(4),
    ]  # fmt: skip
    arrows = [
        ("x", "plus"),
        (value, "sum"),
        ("x", value),
        *_chain(["affinity", "sum", "bn", "plus"]),
    ]
    for embedding in ("affinity.theta", key):
        arrows += _chain(["x", embedding, "affinity"])
    return boxes, arrows


def _chain(names: list[str]) -> list[tuple[str, str]]:
    return list(pairwise(names))


def in_cnn() -> Diagram:
    """A block of the CNN with the attention in its place."""
    words = [_("3×3 conv"), _("batch norm"), "ReLU", _("attention"), _("2×2 max pool")]
    boxes = [
        Box(str(i), label, i, 0, learned=i < 2, strong=i == 3) for i, label in enumerate(words)
    ]
    return boxes, _chain([box.name for box in boxes])


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
    return boxes, [("x", "+"), *_chain(way)]
