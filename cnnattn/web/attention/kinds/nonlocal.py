"""Non-local: the self-attention of the zoo."""

from cnnattn.figures.attention.flow import Box
from cnnattn.problem import message
from cnnattn.web.attention.diagram_parts import chain, plus, size
from cnnattn.web.attention.kind import ADDS, Diagram, Kind
from cnnattn.web.shell.text import _


def _diagram(c: int, height: int, width: int) -> Diagram:
    inner, positions = c // 2, height * width
    large = positions > 256
    others = positions // 4 if large else positions
    small = (inner, height // 2, width // 2) if large else (inner, height, width)
    pooled = _("1×1 conv, max pool") if large else _("1×1 conv")
    key, value = ("key", "value") if large else ("affinity.phi", "g")
    boxes = [
        Box("affinity.theta", "θ: " + _("1×1 conv"), 1, 1, size(inner, height, width),
            True, hover=_("What each position asks for: the query.")),
        Box(key, f"φ: {pooled}", 1, 2, size(*small), True,
            hover=_("What each position is matched on: the key.")),
        Box(value, f"g: {pooled}", 1, 3, size(*small), True,
            hover=_("What each position gives: the value.")),
        Box("affinity", _("softmax θ·φ = attention weights"), 2, 1.5, size(positions, others),
            strong=True,
            hover=_("For every position, how much it takes from every other; each row sums to 1.")),
        Box("sum", _("attention weights × g"), 3, 2, size(inner, height, width),
            hover=_("Each position gets its own mixture of all positions.")),
        Box("bn", _("1×1 conv, batch norm"), 4, 2, size(c, height, width), True,
            hover=_("Back to all channels; 0 when training begins.")),
        plus(4),
    ]  # fmt: skip
    arrows = [("x", "plus"), (value, "sum"), ("x", value), *chain("affinity", "sum", "bn", "plus")]
    for embedding in ("affinity.theta", key):
        arrows += chain("x", embedding, "affinity")
    return boxes, arrows


KIND = Kind(
    "nonlocal",
    attends=message("pairs of positions"),
    idea=message(
        "The self-attention of this zoo: every position compares itself with every other and takes "
        "a mixture of what it finds, so that two far ends of an image meet in one step. The "
        "mixture is added to what was there. On large maps the positions that are looked at are "
        "max-pooled to a quarter."
    ),
    explanation=message(
        "**Non-local** is self-attention: every position compares itself with every other, takes "
        "from each as much as their similarity says, and adds the mixture to itself. Click a "
        "position in the image to see where it looks."
    ),
    formula=r"y_i = x_i + \mathrm{BN}\bigl(W_z \textstyle\sum_j a_{ij}\,W_g x_j\bigr),\quad "
    r"a_{ij} = \mathrm{softmax}_j\bigl((W_\theta x_i)\cdot(W_\phi x_j)\bigr)",
    symbols=message(
        "$a_{ij}$: attention weight, how much position $i$ takes from position $j$; $W_\\theta$, "
        "$W_\\phi$, $W_g$: query, key and value, with half the channels"
    ),
    parameters=r"2\,C^2 + \tfrac{7}{2}\,C",
    paper="Wang, Girshick, Gupta, He: Non-local Neural Networks, CVPR 2018, arXiv 1711.07971",
    address="https://arxiv.org/abs/1711.07971",
    diagram=_diagram,
    framed=message("the softmax, the attention weights"),
    in_networks=ADDS,
    no_bars=message(
        "No per-channel weights: non-local attention mixes positions and adds the mixture."
    ),
)
