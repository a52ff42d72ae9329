"""SE: squeeze and excitation."""

from cnnattn.figures.attention.flow import Box
from cnnattn.nets.attention import hidden_units
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, sigmoid, size, squeeze, times
from cnnattn.web.attention.kind import Diagram, Kind
from cnnattn.web.attention.questions import BOTTLENECK
from cnnattn.web.shell.text import _


def _diagram(c: int, height: int, width: int) -> Diagram:
    boxes = [
        squeeze(0, c),
        Box("gate.relu", _("linear, ReLU"), 1, 1, size(hidden_units(c)), True,
            hover=_("The bottleneck: a few units that see all channels.")),
        Box("gate.fc2", _("linear"), 2, 1, size(c), True,
            hover=_("From the few units back to one number per channel.")),
        sigmoid("gate", 3, c, 1, 1),
        times(3),
    ]  # fmt: skip
    way = chain("x", "gate.squeeze", "gate.relu", "gate.fc2", "gate", "times")
    return boxes, [("x", "times"), *way]


KIND = Kind(
    "se",
    attends=message("channels"),
    idea=message(
        "Squeeze: every map becomes one number, its mean. Excitation: a small network of two "
        "layers sees all these means together and gives each channel a weight from 0 to 1. The "
        "maps are multiplied by their weights, the same at every position."
    ),
    explanation=message(
        "**SE** works in two steps. *Squeeze:* how strongly does each channel respond to the whole "
        "image? The mean of its map tells. *Excitation:* given all those means, which channels "
        "matter? Two small linear layers with a bottleneck of {units} for {channels} channels "
        "compute one number per channel, and a sigmoid turns it into a weight from 0 to 1."
    ),
    formula=r"g = \sigma\bigl(W_2\,\mathrm{ReLU}(W_1 s)\bigr),\quad "
    r"s_c = \tfrac{1}{HW}\sum_{i,j} x_{cij},\quad y_c = g_c\, x_c",
    symbols=message(
        "$x_c$: map of channel $c$; $s$: the means; $W_1$: $C/16 × C$, $W_2$: $C × C/16$"
    ),
    parameters=r"2\,C\,h",
    paper="Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018, arXiv 1709.01507",
    address="https://arxiv.org/abs/1709.01507",
    diagram=_diagram,
    widths=lambda channels: {"h": hidden_units(channels)},
    widths_formula=r"h = \max(1, \lfloor C/16 \rfloor)",
    questions=BOTTLENECK,
)
