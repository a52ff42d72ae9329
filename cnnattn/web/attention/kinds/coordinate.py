"""Coordinate attention: a weight per row and per column."""

from cnnattn.figures.attention.flow import Box
from cnnattn.nets.attention import hidden_units
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, size, times
from cnnattn.web.attention.kind import Diagram, Kind
from cnnattn.web.shell.text import _


def _hidden(channels: int) -> int:
    return hidden_units(channels, 32, least=8)


def _diagram(c: int, height: int, width: int) -> Diagram:
    boxes = [
        Box("row means", _("mean of each row"), 1, 1, size(c, height, 1),
            hover=_("Each channel keeps where something stands from top to bottom.")),
        Box("column means", _("mean of each column"), 1, 2, size(c, 1, width),
            hover=_("Each channel keeps where something stands from left to right.")),
        Box("gate.hardswish", _("1×1 conv, batch norm, hardswish"), 2, 1.5,
            size(_hidden(c), height + width, 1), True,
            hover=_("The same small layer for rows and columns, joined into one sequence.")),
        Box("gate.rows", _("1×1 conv, sigmoid"), 3, 1, size(c, height, 1), True,
            hover=_("A weight for every row of every channel.")),
        Box("gate.columns", _("1×1 conv, sigmoid"), 3, 2, size(c, 1, width), True,
            hover=_("A weight for every column of every channel.")),
        Box("gate", _("row × column = gate"), 4, 1.5, size(c, height, width), strong=True,
            hover=_("The weight of a pixel: that of its row times that of its column.")),
        times(4),
    ]  # fmt: skip
    arrows = [("x", "times"), ("gate", "times")]
    for means, factor in (("row means", "gate.rows"), ("column means", "gate.columns")):
        arrows += chain("x", means, "gate.hardswish", factor, "gate")
    return boxes, arrows


KIND = Kind(
    "coordinate",
    attends=message("channels × rows × columns"),
    idea=message(
        "SE forgets where something was, since it squeezes a whole map to one number. Here the "
        "squeeze keeps one direction at a time: each channel gets one weight per row and one per "
        "column, and the weight of a pixel is their product."
    ),
    explanation=message(
        "**Coordinate attention** averages each map along its rows and along its columns, so it "
        "still knows where something is. Every channel gets one weight per row and one per column; "
        "their product weights each pixel."
    ),
    formula=r"g_{cij} = \sigma\bigl(W_h f^h\bigr)_{ci}\;\sigma\bigl(W_w f^w\bigr)_{cj},\quad "
    r"[f^h; f^w] = \delta\bigl(W_1 [\mathrm{mean}_j\,x;\,\mathrm{mean}_i\,x]\bigr),\quad "
    r"y = g\,x",
    symbols=message(
        "$i$, $j$: row and column; $\\delta$: batch norm and hardswish; 8 hidden channels"
    ),
    parameters=r"3\,C\,h + 2\,C + 2\,h",
    paper="Hou, Zhou, Feng: Coordinate Attention, CVPR 2021, arXiv 2103.02907",
    address="https://arxiv.org/abs/2103.02907",
    diagram=_diagram,
    widths=lambda channels: {"h": _hidden(channels)},
    widths_formula=r"h = \max(8, \lfloor C/32 \rfloor)",
    no_bars=message(
        "No per-channel weights: each channel has one weight per row and one per column."
    ),
)
