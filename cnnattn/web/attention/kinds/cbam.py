"""CBAM: which channels, then which positions."""

from cnnattn.figures.attention.flow import Box
from cnnattn.nets.attention import hidden_units
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, sigmoid, size, spatial_gate, times
from cnnattn.web.attention.kind import Diagram, Kind
from cnnattn.web.attention.questions import BOTTLENECK
from cnnattn.web.shell.text import _


def _diagram(c: int, height: int, width: int) -> Diagram:
    boxes = [
        Box("pooled", _("mean and maximum over positions"), 0, 1, size(2, c),
            hover=_("Two numbers per channel: its mean, and its largest value.")),
        Box("hidden", _("linear, ReLU"), 1, 1, size(2, hidden_units(c)), True,
            hover=_("The same bottleneck for both.")),
        Box("units", _("linear, sum"), 2, 1, size(c), True,
            hover=_("From the few units back to one number per channel; both are added.")),
        sigmoid("gate", 3, c, 1, 1),
        times(3),
        Box("x'", "x′", 4, 0, size(c, height, width),
            hover=_("The maps after the channel gate.")),
        *spatial_gate("spatial.", 4, height, width),
        times(6, "times 2"),
    ]  # fmt: skip
    first = chain("x", "pooled", "hidden", "units", "gate", "times", "x'")
    second = chain("x'", "spatial.pooled", "spatial.gate.bn", "spatial.gate", "times 2")
    return boxes, [("x", "times"), *first, ("x'", "times 2"), *second]


KIND = Kind(
    "cbam",
    attends=message("channels, then positions"),
    idea=message(
        "First which channels, then which positions. The channel half is SE with a second summary, "
        "the largest value of every map; the spatial half computes one weight per position from "
        "the mean and the maximum over the channels, with one 7×7 kernel."
    ),
    explanation=message(
        "**CBAM** has two gates in sequence. The channel gate is SE's, but it squeezes each map "
        "twice, to its mean and to its maximum, and sends both through the same bottleneck of "
        "{units}. The spatial gate then weights the positions. Choose above which one is shown."
    ),
    formula=r"\begin{aligned} g &= \sigma\bigl(M(\mathrm{mean}_{ij}\,x) + "
    r"M(\mathrm{max}_{ij}\,x)\bigr),\quad x' = g\,x \\ "
    r"h &= \sigma\bigl(w_{7\times7} * [\mathrm{mean}_c\,x';\,\mathrm{max}_c\,x']\bigr) \\ "
    r"y &= h\,x' \end{aligned}",
    symbols=message(
        "$M$: the two layers of SE, shared by both summaries; $g$: weight per channel; $h$: "
        "weight per position (batch norm before $\\sigma$, as in the authors' code)"
    ),
    parameters=r"2\,C\,h + 2 \cdot 7 \cdot 7 + 2",
    paper="Woo, Park, Lee, Kweon: CBAM, ECCV 2018, arXiv 1807.06521",
    address="https://arxiv.org/abs/1807.06521",
    diagram=_diagram,
    widths=lambda channels: {"h": hidden_units(channels)},
    widths_formula=r"h = \max(1, \lfloor C/16 \rfloor)",
    questions=BOTTLENECK,
)
