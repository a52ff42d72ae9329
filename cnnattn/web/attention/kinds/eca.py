"""ECA: channel attention without a bottleneck."""

from cnnattn.figures.attention.flow import Box
from cnnattn.nets.attention import kernel_size
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, sigmoid, size, squeeze, times
from cnnattn.web.attention.kind import Diagram, Kind
from cnnattn.web.shell.text import _


def _diagram(c: int, height: int, width: int) -> Diagram:
    boxes = [
        squeeze(0, c),
        Box("gate.conv", _("kernel of {k} along the channels", k=kernel_size(c)), 1, 1,
            size(1, c), True,
            hover=_("Each channel sees only its neighbours, all with the same few weights.")),
        sigmoid("gate", 2, c, 1, 1),
        times(2),
    ]  # fmt: skip
    return boxes, [("x", "times"), *chain("x", "gate.squeeze", "gate.conv", "gate", "times")]


KIND = Kind(
    "eca",
    attends=message("channels"),
    idea=message(
        "SE without the bottleneck: each channel's weight depends on its own mean and those of its "
        "neighbours, and all channels share one tiny kernel of 3 or 5 weights. “Neighbours” has no "
        "meaning of its own here: training puts channels that belong together side by side."
    ),
    explanation=message(
        "**ECA** squeezes as SE does, but has no bottleneck: the weight of a channel comes from "
        "the means of that channel and its neighbours only, by one kernel of {k} weights that "
        "slides along all {channels} channels. These {k} weights are all its parameters."
    ),
    formula=r"g = \sigma(w * s),\quad k = \Bigl|\tfrac{\log_2 C + 1}{2}\Bigr|_{\mathrm{odd}},\quad "
    r"y_c = g_c\, x_c",
    symbols=message(
        "$s$: the means of the maps; $w$: a kernel of $k$ weights that slides along the channels"
    ),
    parameters="k",
    paper="Wang, Wu, Zhu, Li, Zuo, Hu: ECA-Net, CVPR 2020, arXiv 1910.03151",
    address="https://arxiv.org/abs/1910.03151",
    diagram=_diagram,
    widths=lambda channels: {"k": kernel_size(channels)},
    questions=(
        (
            message("Why should neighbouring channels have anything in common?"),
            message(
                "At first they have not: the order of channels means nothing. But the gate and the "
                "convolution before it are trained together, so channels whose means help to weigh "
                "one another can come to lie side by side. Shuffle the channels of a trained "
                "network, and its kernel no longer fits them."
            ),
        ),
    ),
)
