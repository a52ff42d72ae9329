"""GC: one context of the whole image, added everywhere."""

from cnnattn.figures.attention.flow import Box
from cnnattn.nets.attention import hidden_units
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, plus, size
from cnnattn.web.attention.kind import ADDS, Diagram, Kind
from cnnattn.web.shell.text import _


def _hidden(channels: int) -> int:
    return hidden_units(channels, least=8)


def _diagram(c: int, height: int, width: int) -> Diagram:
    boxes = [
        Box("places.conv", _("1×1 conv"), 0, 1, size(1, height, width), True,
            hover=_("One score per position.")),
        Box("places", _("softmax over positions"), 1, 1, size(1, height, width), strong=True,
            hover=_("How much each position counts; they sum to 1.")),
        Box("tap", "", 2, 0),
        Box("context", _("weighted sum over positions"), 2, 1, size(c),
            hover=_("The context: one number per channel, mostly from the positions that count.")),
        Box("transform.2", _("linear, layer norm, ReLU"), 3, 1, size(_hidden(c)), True,
            hover=_("A bottleneck as in SE, kept in range by layer norm.")),
        Box("transform", _("linear"), 4, 1, size(c), True,
            hover=_("One number per channel, of either sign; 0 when training begins.")),
        plus(4),
    ]  # fmt: skip
    way = chain("x", "places.conv", "places", "context", "transform.2", "transform", "plus")
    return boxes, [("x", "plus"), ("tap", "context"), *way]


KIND = Kind(
    "gc",
    attends=message("positions, then channels"),
    idea=message(
        "A softmax says how much each position counts, the maps are averaged with these weights, "
        "and a bottleneck turns this one summary of the image into a number per channel. It is "
        "added everywhere: a context, not a gate."
    ),
    explanation=message(
        "**Global context** adds instead of multiplying. A softmax says how much each position "
        "counts; the weighted sum over all positions, {channels} numbers, goes through two small "
        "layers with {units} between them and is added to every position alike."
    ),
    formula=r"y_i = x_i + W_2\,\mathrm{ReLU}\bigl(\mathrm{LN}(W_1 \textstyle\sum_j a_j x_j)\bigr),"
    r"\quad a = \mathrm{softmax}_j(w \cdot x_j)",
    symbols=message(
        "$x_i$: all channels at position $i$; $a$: the weights of the positions, which sum to 1; "
        "LN: layer norm"
    ),
    parameters=r"2\,C\,h + 2\,C + 3\,h + 1",
    paper="Cao, Xu, Lin, Wei, Hu: GCNet, ICCV workshops 2019, arXiv 1904.11492",
    address="https://arxiv.org/abs/1904.11492",
    diagram=_diagram,
    widths=lambda channels: {"h": _hidden(channels)},
    widths_formula=r"h = \max(8, \lfloor C/16 \rfloor)",
    framed=message("the softmax, the weights of the positions"),
    in_networks=ADDS,
    no_bars=message(
        "No per-channel weights: GC adds one number to each channel, it multiplies nothing."
    ),
)
