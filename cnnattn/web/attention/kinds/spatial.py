"""Spatial attention: the second half of CBAM alone."""

from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, spatial_gate, times
from cnnattn.web.attention.kind import Diagram, Kind


def _diagram(c: int, height: int, width: int) -> Diagram:
    way = chain("x", "pooled", "gate.bn", "gate", "times")
    return [*spatial_gate("", 0, height, width), times(2)], [("x", "times"), *way]


KIND = Kind(
    "spatial",
    attends=message("positions"),
    idea=message(
        "The spatial half of CBAM alone: where, not what. All channels at a position get the same "
        "weight, computed from the mean and the maximum over the channels in the 7×7 neighbourhood "
        "of the position."
    ),
    explanation=message(
        "**Spatial attention** weights positions instead of channels: at every position it takes "
        "the mean and the maximum over all channels, slides one 7×7 kernel over these two maps, "
        "and gives each position a weight from 0 to 1 that all {channels} channels share."
    ),
    formula=r"g = \sigma\bigl(w_{7\times7} * [\mathrm{mean}_c\,x;\,\mathrm{max}_c\,x]\bigr),\quad "
    r"y_{cij} = g_{ij}\,x_{cij}",
    symbols=message(
        "$g$: weight per position (batch norm before $\\sigma$, as in the authors' code)"
    ),
    parameters=r"2 \cdot 7 \cdot 7 + 2",
    paper="Woo, Park, Lee, Kweon: CBAM, ECCV 2018, arXiv 1807.06521",
    address="https://arxiv.org/abs/1807.06521",
    diagram=_diagram,
    no_bars=message(
        "No per-channel weights: spatial attention weights positions, all channels alike."
    ),
)
