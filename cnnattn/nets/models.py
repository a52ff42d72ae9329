"""Which network: a small, serialisable description, and how to build it."""

from dataclasses import dataclass

from torch import nn

from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.problem import Problem

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

MOST_CLASSES = 1000  # as many as ImageNet has
LONGEST_NAME = 255  # characters of a class's name, as of a folder's


@dataclass(frozen=True)
class ModelSpec:
    """All that is needed to build a network: architecture, attention kind, class names."""

    arch: str = "cnn"
    attention: str = "none"
    classes: tuple[str, ...] = CIFAR10_CLASSES


def check_classes(classes: object) -> tuple[str, ...]:
    """The names of a network's classes, from a list of them.

    Raises Problem unless they are different texts, at least one and at most ``MOST_CLASSES``.
    """
    if not (
        isinstance(classes, list | tuple)
        and 1 <= len(classes) <= MOST_CLASSES
        and all(isinstance(name, str) and 1 <= len(name) <= LONGEST_NAME for name in classes)
        and len({*classes}) == len(classes)
        and not any("\ud800" <= character <= "\udfff" for name in classes for character in name)
    ):
        raise Problem(
            "A network needs from one to {most} classes with different names of at most {length} "
            "characters; name them so, or choose other pictures.",
            most=MOST_CLASSES,
            length=LONGEST_NAME,
        )
    return tuple(classes)


def build(spec: ModelSpec) -> nn.Module:
    """Build the network of ``spec`` with fresh random weights.

    Raises Problem (a ValueError) for an unknown architecture or attention, listing the valid ones,
    and for classes that no network can have.
    """
    if spec.arch not in ARCHITECTURES:
        raise Problem(
            "There is no architecture called “{name}”; the known ones are {known}.",
            name=spec.arch,
            known=", ".join(ARCHITECTURES),
        )
    if spec.attention not in ATTENTION:
        raise Problem(
            "There is no attention called “{name}”; the known ones are {known}.",
            name=spec.attention,
            known=", ".join(ATTENTION),
        )
    check_classes(spec.classes)
    return ARCHITECTURES[spec.arch].build(ATTENTION[spec.attention], len(spec.classes))
