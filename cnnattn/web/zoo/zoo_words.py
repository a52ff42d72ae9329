"""The attention zoo in words and formulas: a card a module, and what people ask."""

from dataclasses import dataclass

from cnnattn.web.shell.text import _


@dataclass(frozen=True)
class Card:
    """What the page says of one module."""

    attends: str  # to what: channels, places, both, pairs
    idea: str
    formula: str  # LaTeX
    symbols: str  # what its letters stand for, Markdown
    paper: str
    address: str


def attends_to(kind: str) -> str:
    """What an attention kind weighs, in a word or two."""
    channels, places = _("channels"), _("places")
    return {
        "none": "–",
        "se": channels,
        "eca": channels,
        "cbam": _("channels, then places"),
        "spatial": places,
        "coordinate": _("channels × rows × columns"),
        "simam": _("every value"),
        "gc": _("places, then channels"),
        "nonlocal": _("pairs of places"),
    }[kind]


def card(kind: str) -> Card:
    """The card of one attention kind in the reader's language."""
    idea, formula, symbols, paper, address = _CARDS[kind]()
    return Card(attends_to(kind), idea, formula, symbols, paper, address)


def _se() -> tuple[str, str, str, str, str]:
    return (
        _(
            "Squeeze: every map becomes one number, its mean. Excitation: a small network of two "
            "layers looks at all these numbers together and gives each channel a weight from 0 "
            "to 1. The maps are multiplied by their weights, the same for every place."
        ),
        r"g = \sigma\bigl(W_2\,\mathrm{ReLU}(W_1 s)\bigr),\quad "
        r"s_c = \tfrac{1}{HW}\sum_{i,j} x_{cij},\quad y_c = g_c\, x_c",
        _("$x_c$: map of channel $c$; $s$: the means; $W_1$: $C/16 × C$, $W_2$: $C × C/16$"),
        "Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018, arXiv 1709.01507",
        "https://arxiv.org/abs/1709.01507",
    )


def _eca() -> tuple[str, str, str, str, str]:
    return (
        _(
            "SE without the bottleneck: each channel's weight depends on its own mean and those "
            "of its neighbours, and all channels share one tiny kernel of 3 or 5 weights. "
            "“Neighbours” has no meaning of its own here: training puts channels that belong "
            "together side by side."
        ),
        r"g = \sigma(w * s),\quad k = \Bigl|\tfrac{\log_2 C + 1}{2}\Bigr|_{\mathrm{odd}},\quad "
        r"y_c = g_c\, x_c",
        _(
            "$s$: the means of the maps; $w$: a kernel of $k$ weights that slides along the "
            "channels"
        ),
        "Wang, Wu, Zhu, Li, Zuo, Hu: ECA-Net, CVPR 2020, arXiv 1910.03151",
        "https://arxiv.org/abs/1910.03151",
    )


def _cbam() -> tuple[str, str, str, str, str]:
    return (
        _(
            "First which channels, then which places. The channel half is SE with a second view, "
            "the largest value of every map; the spatial half looks at the mean and the maximum "
            "over the channels with one 7×7 kernel and gives every place a weight."
        ),
        r"\begin{aligned} g &= \sigma\bigl(M(\mathrm{mean}_{ij}\,x) + "
        r"M(\mathrm{max}_{ij}\,x)\bigr),\quad x' = g\,x \\ "
        r"h &= \sigma\bigl(w_{7\times7} * [\mathrm{mean}_c\,x';\,\mathrm{max}_c\,x']\bigr) \\ "
        r"y &= h\,x' \end{aligned}",
        _(
            "$M$: the two layers of SE, shared by both views; $g$: a weight a channel; $h$: a "
            "weight a place (batch norm before $\\sigma$, as in the authors' code)"
        ),
        "Woo, Park, Lee, Kweon: CBAM, ECCV 2018, arXiv 1807.06521",
        "https://arxiv.org/abs/1807.06521",
    )


def _spatial() -> tuple[str, str, str, str, str]:
    return (
        _(
            "The spatial half of CBAM alone: where, not what. All channels at a place get the "
            "same weight, found from the mean and the maximum over the channels in the 7×7 "
            "surroundings of the place."
        ),
        r"g = \sigma\bigl(w_{7\times7} * [\mathrm{mean}_c\,x;\,\mathrm{max}_c\,x]\bigr),\quad "
        r"y_{cij} = g_{ij}\,x_{cij}",
        _("$g$: a weight a place (batch norm before $\\sigma$, as in the authors' code)"),
        "Woo, Park, Lee, Kweon: CBAM, ECCV 2018, arXiv 1807.06521",
        "https://arxiv.org/abs/1807.06521",
    )


def _coordinate() -> tuple[str, str, str, str, str]:
    return (
        _(
            "SE forgets where something was, since it squeezes a whole map to one number. Here "
            "the squeeze keeps one direction at a time: each channel gets a weight for every row "
            "and one for every column, and a pixel's weight is their product."
        ),
        r"g_{cij} = \sigma\bigl(W_h f^h\bigr)_{ci}\;\sigma\bigl(W_w f^w\bigr)_{cj},\quad "
        r"[f^h; f^w] = \delta\bigl(W_1 [\mathrm{mean}_j\,x;\,\mathrm{mean}_i\,x]\bigr),\quad "
        r"y = g\,x",
        _("$i$, $j$: row and column; $\\delta$: batch norm and hardswish; 8 hidden channels"),
        "Hou, Zhou, Feng: Coordinate Attention, CVPR 2021, arXiv 2103.02907",
        "https://arxiv.org/abs/2103.02907",
    )


def _simam() -> tuple[str, str, str, str, str]:
    return (
        _(
            "Nothing is learned. A rule from neuroscience: a neuron that differs from those "
            "around it carries the message. Each pixel's weight grows with its squared distance "
            "from the mean of its map, measured against the map's variance."
        ),
        r"g = \sigma\Bigl(\frac{(x-\mu_c)^2}{4(v_c+\lambda)} + \tfrac12\Bigr),\quad y = g\,x",
        _("$\\mu_c$, $v_c$: mean and variance of map $c$; $\\lambda = 10^{-4}$"),
        "Yang, Zhang, Li, Xie: SimAM, ICML 2021, PMLR 139",
        "https://proceedings.mlr.press/v139/yang21o.html",
    )


def _gc() -> tuple[str, str, str, str, str]:
    return (
        _(
            "A softmax says how much each place counts, the maps are averaged with these "
            "weights, and a bottleneck turns this one summary of the picture into a number a "
            "channel. It is added everywhere: a context, not a gate."
        ),
        r"y_i = x_i + W_2\,\mathrm{ReLU}\bigl(\mathrm{LN}(W_1 \textstyle\sum_j a_j x_j)\bigr),"
        r"\quad a = \mathrm{softmax}_j(w \cdot x_j)",
        _("$x_i$: all channels at place $i$; $a$: the places' weights, with the sum 1; "
          "LN: layer norm"),
        "Cao, Xu, Lin, Wei, Hu: GCNet, ICCV workshops 2019, arXiv 1904.11492",
        "https://arxiv.org/abs/1904.11492",
    )  # fmt: skip


def _nonlocal() -> tuple[str, str, str, str, str]:
    return (
        _(
            "The self-attention of this zoo: every place compares itself with every other and "
            "fetches a mixture of what it finds, so that two far ends of a picture meet in one "
            "step. The mixture is added to what was there. On large maps the places that are "
            "looked at are max-pooled to a quarter."
        ),
        r"y_i = x_i + \mathrm{BN}\bigl(W_z \textstyle\sum_j a_{ij}\,W_g x_j\bigr),\quad "
        r"a_{ij} = \mathrm{softmax}_j\bigl((W_\theta x_i)\cdot(W_\phi x_j)\bigr)",
        _(
            "$a_{ij}$: how much place $i$ takes from place $j$, the affinity; $W_\\theta$, "
            "$W_\\phi$, $W_g$: query, key and value, with half the channels"
        ),
        "Wang, Girshick, Gupta, He: Non-local Neural Networks, CVPR 2018, arXiv 1711.07971",
        "https://arxiv.org/abs/1711.07971",
    )


_CARDS = {
    "se": _se, "eca": _eca, "cbam": _cbam, "spatial": _spatial, "coordinate": _coordinate,
    "simam": _simam, "gc": _gc, "nonlocal": _nonlocal,
}  # fmt: skip


def questions() -> list[tuple[str, str]]:
    """What people ask of attention, and the answers, Markdown."""
    return [
        (
            _("Why a sigmoid?"),
            _(
                "So that each channel is decided for itself: several can be open at once. A "
                "softmax would make them compete, and each of 128 channels would get about "
                "1/128. From 0 to 1 a gate can damp but never blow up, and as it never quite "
                "reaches the ends, there is always some gradient to learn from. In the SE "
                "paper's comparison (section 6.3) tanh did a little worse, and ReLU worse than "
                "no attention at all. GC and Non-local do use a softmax: over places, where "
                "competing is meant, for a mixture needs weights that sum to 1."
            ),
        ),
        (
            _("Why the bottleneck?"),
            _(
                "A full matrix from C means to C weights has C² entries and can learn the "
                "training pictures by heart. Through C/r hidden units it has 2C²/r, and the few "
                "units have to find what matters about all channels together, such as “this "
                "looks like sky”. The price: the link from a channel to its own weight passes "
                "through that narrow place, which is what ECA does without."
            ),
        ),
        (
            _("What does a reduction of 16 do at 32 channels?"),
            _(
                "It leaves 32 / 16 = 2 hidden units. All 32 gates of a picture then follow from "
                "two numbers, so they move together; and where the ReLU sets both to 0, every "
                "gate is σ(0) = 0.5, since these layers have no biases: the module then halves "
                "all maps alike. The first stage of ResNet-20 has 16 channels and a single unit. "
                "In large networks of 256 to 2048 channels, for which the papers chose it, the "
                "same reduction leaves 16 to 128 units; here a reduction of 4 would leave 8."
            ),
        ),
        (
            _("Why does attention not always help?"),
            _(
                "The papers' gains, one or two percentage points, are those of deep networks on a "
                "million large pictures. In a small network on 32×32 pictures the next "
                "convolution can weigh its input channels too, though not anew for each picture; "
                "an object fills most of the picture, so there is little to look away from; and a "
                "module of a few thousand weights is one more thing to learn from the same 50,000 "
                "pictures. Train the same network with another seed, and the accuracy moves by "
                "some tenths of a point: a smaller gain is no gain until several seeds agree."
            ),
        ),
        (
            _("How does this differ from self-attention?"),
            _(
                "SE, ECA and CBAM give every channel or place one weight and multiply: nothing "
                "moves. Self-attention compares every place with every other (query · key), "
                "turns each row of the comparison into weights that sum to 1, and fetches a "
                "mixture of the values from there: what is far away arrives here. Its cost grows "
                "with the square of the number of places, 1024 × 1024 for a 32×32 map. Non-local "
                "is just that, with one head and no position code; a transformer stacks many. "
                "GC was found by seeing that all rows of Non-local often look alike: it computes "
                "one for all."
            ),
        ),
    ]


def place_title(arch: str) -> str:
    """What the drawing of a block with its attention is called."""
    return {
        "cnn": _("CNN: after the ReLU, before the pooling, in all three blocks"),
        "resnet20": _(
            "ResNet-20: after the second batch norm, before the addition, in all nine blocks"
        ),
    }[arch]
