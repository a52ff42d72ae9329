"""SimAM: a weight for every value, and nothing to learn."""

from cnnattn.figures.attention.flow import Box
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, sigmoid, size, times
from cnnattn.web.attention.kind import Diagram, Kind
from cnnattn.web.shell.text import _


def _diagram(c: int, height: int, width: int) -> Diagram:
    boxes = [
        Box("means", _("mean over positions"), 0, 1, size(c, 1, 1),
            hover=_("The mean of each channel.")),
        Box("tap", "", 1, 0),
        Box("distance", _("squared distance d"), 1, 1, size(c, height, width),
            hover=_("How far each pixel is from its channel's mean, squared.")),
        Box("energy", _("divided by the variance"), 2, 1, size(c, height, width),
            hover=_("d / (4 (v + λ)) + 1/2: large where a pixel stands out from its channel.")),
        sigmoid("gate", 3, c, height, width),
        times(3),
    ]  # fmt: skip
    way = chain("x", "means", "distance", "energy", "gate", "times")
    return boxes, [("x", "times"), ("tap", "distance"), *way]


KIND = Kind(
    "simam",
    attends=message("every value"),
    idea=message(
        "Nothing is learned. A rule from neuroscience: a neuron that differs from those around it "
        "carries the information. The weight of each pixel grows with its squared distance from "
        "the mean of its map, relative to the variance of the map."
    ),
    explanation=message(
        "**SimAM** has nothing to learn: a pixel far from the mean of its map, relative to the "
        "map's variance, gets a weight near 1; one that equals the mean gets 0.62."
    ),
    formula=r"g = \sigma\Bigl(\frac{(x-\mu_c)^2}{4(v_c+\lambda)} + \tfrac12\Bigr),\quad y = g\,x",
    symbols=message("$\\mu_c$, $v_c$: mean and variance of map $c$; $\\lambda = 10^{-4}$"),
    parameters="0",
    paper="Yang, Zhang, Li, Xie: SimAM, ICML 2021, PMLR 139",
    address="https://proceedings.mlr.press/v139/yang21o.html",
    diagram=_diagram,
    in_networks=message(
        "In the CNN it weights the output of the ReLU at full size, before pooling discards three "
        "quarters of it. In ResNet-20 it weights signed feature maps before the addition. No "
        "weight is below 0.62, so in neither network does it close anything."
    ),
    no_bars=message(
        "No per-channel weights: SimAM weights every pixel of every channel by itself."
    ),
    questions=(
        (
            message("Why is no weight of SimAM below 0.62?"),
            message(
                "The squared distance is never negative, so the sigmoid gets at least ½, and "
                "σ(½) = 0.62. Every pixel keeps at least 62% of its value: SimAM passes what "
                "stands out nearly whole, and closes nothing."
            ),
        ),
    ),
)
