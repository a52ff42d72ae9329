"""What the attention modules do, in words for somebody who sees one for the first time."""

from cnnattn.web.shell.text import _


def explanation(kind: str, channels: int) -> str:
    """In two or three sentences: what this module does with the maps of a stage."""
    hidden = max(1, channels // 16)
    words = {
        "se": _(
            "**SE** asks two questions. *Squeeze:* how strong is each channel on the whole "
            "picture? Its map’s mean answers. *Excitation:* given all those means, who deserves "
            "to be heard? Two small linear layers answer, through a bottleneck of {hidden} hidden "
            "units for {channels} channels, and a sigmoid turns the answer into a weight from 0 "
            "to 1.",
            hidden=hidden, channels=channels,
        ),
        "eca": _(
            "**ECA** squeezes as SE does, but has no bottleneck: the weight of a channel comes "
            "from the means of that channel and its neighbours only, by one small kernel that "
            "slides along all {channels} channels. A handful of parameters in all.",
            channels=channels,
        ),
        "cbam": _(
            "**CBAM** has two gates, one behind the other. The channel gate is SE’s, but it "
            "squeezes each map twice, to its mean and to its maximum, and sends both through the "
            "same {hidden} hidden units. The spatial gate then weighs the places. Choose above "
            "which one is shown.",
            hidden=hidden,
        ),
        "spatial": _(
            "**Spatial attention** asks where instead of which: at every place it takes the mean "
            "and the maximum over all channels, slides one 7×7 kernel over these two maps, and "
            "gives each place a weight from 0 to 1 that all {channels} channels share.",
            channels=channels,
        ),
        "coordinate": _(
            "**Coordinate attention** squeezes each map along its rows and along its columns, so "
            "it still knows where something is. Every channel gets a weight a row and a weight a "
            "column; their product weighs each pixel."
        ),
        "simam": _(
            "**SimAM** has nothing to learn: a pixel that differs much from the mean of its map, "
            "measured by the map’s variance, gets a weight near 1, one that equals the mean gets "
            "0.62."
        ),
        "gc": _(
            "**Global context** adds instead of multiplying. A softmax says how much each place "
            "counts; the weighted sum of all places, {channels} numbers, goes through two small "
            "layers and is added to every place alike."
        , channels=channels),
        "nonlocal": _(
            "**Non-local** is self-attention: every place asks every other one how alike they are, "
            "takes from each as much as that, and adds it to itself. Click a place of the picture "
            "to see where it looks."
        ),
    }  # fmt: skip
    return words[kind]


def questions(channels: int, hidden: int | None) -> str:
    """What people ask about attention, with short answers, as Markdown.

    ``hidden`` is the number of hidden units of the channel gate, None if it has none.
    """
    asked = [(_("Why a sigmoid, and not a softmax?"), _(
        "A softmax makes channels compete: if one gets more, the others get less. A sigmoid judges "
        "each channel for itself, so many may pass at once. And it stays between 0 and 1: a gate "
        "can close a channel, but never blow it up."
    ))]  # fmt: skip
    if hidden:
        asked += _about_the_bottleneck(channels, hidden)
    asked += [
        (_("Does a large gate mean that a channel matters?"), _(
            "No. A gate says how much of a channel passes, not what the network does with it. "
            "Whether the answer hangs on it is found out by switching it off: see the page Gate "
            "surgery."
        )),
        (_("How is this different from self-attention?"), _(
            "SE weighs channels by one summary of the whole picture: C numbers. Self-attention "
            "compares every place with every other: (H·W)² numbers, made from the content of both. "
            "Of the modules here only the non-local one does that."
        )),
    ]  # fmt: skip
    return "\n\n".join(f"**{question}**  \n{answer}" for question, answer in asked)


def _about_the_bottleneck(channels: int, hidden: int) -> list[tuple[str, str]]:
    return [
        (_("Why the bottleneck?"), _(
            "A full layer from C to C channels has C² weights. Through C/16 hidden units it has "
            "C²/8 for both layers together, and the few units must find what channels have in "
            "common instead of learning every pair by heart."
        )),
        (_("What does a reduction of 16 do in a network this small?"), _(
            "The paper’s networks have 256 to 2048 channels, so 16 to 128 hidden units. Here "
            "{channels} channels leave {hidden}. Before the sigmoid, all {channels} gates can move "
            "along no more than {hidden} directions, one a unit, and a unit that ReLU has silenced "
            "moves none: one reason why the bars change little from picture to picture.",
            channels=channels, hidden=hidden,
        )),
        (_("Why are so many gates near 0.5?"), _(
            "A sigmoid of 0 is 0.5. Where the hidden units are silent, or W₂ has learned nothing "
            "for a channel, its gate is exactly 0.5: all maps are halved alike, and the next layer "
            "makes up for it. Such a gate decides nothing."
        )),
    ]  # fmt: skip
