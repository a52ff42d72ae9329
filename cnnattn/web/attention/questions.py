"""What people ask: of every kind of attention, of gates, of mixtures, of a bottleneck."""

from cnnattn.problem import message
from cnnattn.web.attention.kind import Kind, Question, filled

GATES: tuple[Question, ...] = (
    (
        message("Why a sigmoid, and not a softmax?"),
        message(
            "A sigmoid decides for each channel separately, so several gates can be open at once. "
            "A softmax makes the channels compete: each of {channels} would get about "
            "1/{channels}. Between 0 and 1 a gate can attenuate a channel but never amplify it, "
            "and as a sigmoid never quite reaches its ends, some gradient always remains. In the "
            "SE paper's comparison (section 6.3) tanh did a little worse, and ReLU worse than no "
            "attention at all. GC and Non-local do use a softmax, over positions: a mixture needs "
            "weights that sum to 1."
        ),
    ),
    (
        message("Does a large gate mean that a channel matters?"),
        message(
            "No. A gate says how much of a channel passes, not what the network does with it "
            "downstream. Whether the prediction depends on a channel is found out by setting its "
            "gate to zero: see the page Gate surgery."
        ),
    ),
)

MIXTURES: tuple[Question, ...] = (
    (
        message("Why a softmax, and not a sigmoid?"),
        message(
            "It takes a mean over positions, and the weights of a mean sum to 1: however large "
            "the map, what comes out is of the size of one position. The positions compete, and "
            "where one weight grows the others shrink. SE and its relatives multiply instead: "
            "there a sigmoid decides for each channel separately, and several gates can be open "
            "at once."
        ),
    ),
    (
        message("Does a large weight mean that a position matters?"),
        message(
            "No. A weight says how much of a position goes into the mixture, not what the network "
            "does with the mixture downstream. Whether the prediction depends on a position is "
            "found out by covering it: see Occlusion on the page Heat maps."
        ),
    ),
)

COMMON: tuple[Question, ...] = (
    (
        message("Why does attention not always help?"),
        message(
            "The papers report gains of one or two percentage points for deep networks on a "
            "million large images. In a small network on 32×32 images the next convolution can "
            "weight its input channels too, though not anew for each image; an object fills most "
            "of the image, so there is little to look away from; and a module of a few thousand "
            "weights is one more thing to learn from the same 50,000 images. With another seed "
            "the accuracy of the same network moves by some tenths of a point: a smaller gain is "
            "no gain until several seeds agree."
        ),
    ),
    (
        message("How does this differ from self-attention?"),
        message(
            "SE, ECA and CBAM give every channel or position one weight and multiply: nothing is "
            "moved. Self-attention compares every position with every other (query · key), turns "
            "the comparisons of each into weights that sum to 1, and takes a mixture of the values "
            "from all of them: what is far away arrives here. Its cost grows with the square of "
            "the number of positions, 1024 × 1024 for a 32×32 map. Non-local is just that, with "
            "one head and no position code; a transformer stacks many. GC grew out of the finding "
            "that all positions of Non-local often attend alike: it computes one set of weights "
            "for all."
        ),
    ),
)

BOTTLENECK: tuple[Question, ...] = (
    (
        message("Why the bottleneck?"),
        message(
            "A full matrix from C means to C weights has C² entries and can memorise the training "
            "images. Through C/r hidden units both layers together have 2C²/r, and the few units "
            "have to find what the channels have in common, such as “this looks like sky”. The "
            "price: the link from a channel to its own weight passes through the bottleneck, which "
            "ECA does without."
        ),
    ),
    (
        message("What does a reduction ratio of 16 do in a network this small?"),
        message(
            "It leaves {units} for {channels} channels. Before the sigmoid, all {channels} gates "
            "then vary along at most as many directions, one per unit, and a unit that ReLU sets "
            "to 0 adds none: they move together. The papers chose 16 for networks of 256 to 2048 "
            "channels, where it leaves 16 to 128 units."
        ),
    ),
    (
        message("Why are so many gates near 0.5?"),
        message(
            "A sigmoid of 0 is 0.5. Where all hidden units are inactive, or W₂ has learned nothing "
            "for a channel, its gate is exactly 0.5, since these layers have no biases: the map is "
            "halved, the next layer makes up for it, and the gate decides nothing."
        ),
    ),
)


def questions(kind: Kind, channels: int) -> list[Question]:
    """What people ask of this kind and of all, answered for a module of so many channels."""
    asked = (*kind.questions, *(MIXTURES if kind.adds else GATES), *COMMON)
    return [
        (filled(kind, question, channels), filled(kind, answer, channels))
        for question, answer in asked
    ]
