"""The architectures: one record for each, all that the rest of the project knows about it.

To add one, write its module in a file of its own and its record here. The module's attention
modules have names that begin with ``attention``: by that the optimiser tells them apart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from cnnattn.nets.cnn import CNN
from cnnattn.nets.resnet import ResNet20

Builder = Callable[[Callable[[int], nn.Module], int], nn.Module]
"""(what makes an attention module for so many channels, number of classes) -> the network."""

Colours = tuple[float, float, float]

# As in cnnattn.data.pictures, which this wing may not import; a test holds them together.
CIFAR10_SIZE = 32
CIFAR10_MEAN: Colours = (0.4914, 0.4822, 0.4465)
CIFAR10_STD: Colours = (0.2023, 0.1994, 0.2010)


@dataclass(frozen=True)
class Stage:
    """One stage of a network as the pages show it."""

    name: str  # "1", "2", …
    layers: dict[str, str]  # role ("conv", "bn", "relu", "attention") -> layer, in data order
    attentions: tuple[str, ...]  # every attention module of the stage, in data order
    block: str = ""  # which of several blocks stands for the stage: "1.3"; "" if it has only one

    @property
    def gate(self) -> str:
        """Name of the gate, if the attention there has one."""
        return self.layers["attention"] + ".gate"

    @property
    def output(self) -> str:
        """The stage's last layer, whose maps go on to the next stage."""
        return list(self.layers.values())[-1]

    def label(self, attention: str) -> str:
        """The place of one of its attention modules: "2", or "2.1" for the first of several."""
        if len(self.attentions) == 1:
            return self.name
        return f"{self.name}.{self.attentions.index(attention) + 1}"


@dataclass(frozen=True)
class Architecture:
    """What is known of an architecture; of ``build`` see ``Builder``.

    A bare state dict is recognised by its names alone, once ``foreign_names`` are replaced: pairs
    of a regular expression and what stands here for the names that it matches.
    """

    title: str
    build: Builder
    stages: tuple[Stage, ...]
    head: str  # the layer with one output a class
    size: int = CIFAR10_SIZE  # of its square pictures, in pixels
    mean: Colours = CIFAR10_MEAN  # of the pictures that it is trained on, 0 … 1
    std: Colours = CIFAR10_STD
    foreign_names: tuple[tuple[str, str], ...] = ()

    @property
    def input(self) -> dict[str, Any]:
        """What the network takes, as keywords for ``to_input`` and ``to_inputs``."""
        return {"size": self.size, "mean": self.mean, "std": self.std}

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of one picture as the network takes it, (1, 3, H, W)."""
        return 1, 3, self.size, self.size

    def stage_of(self, name: str) -> tuple[Stage, str] | None:
        """The stage of a gate (or any other part of an attention module), and that module."""
        for stage in self.stages:
            for attention in stage.attentions:
                if name.startswith(attention + "."):
                    return stage, attention
        return None


def _cnn_stage(name: str) -> Stage:
    roles = ("conv", "bn", "relu", "attention")
    return Stage(name, {role: f"{role}{name}" for role in roles}, (f"attention{name}",))


def _resnet_stage(name: str, blocks: int = 3) -> Stage:
    """The last block stands for the stage."""
    layers = {"conv": "conv2", "bn": "bn2", "attention": "attention", "relu": "relu2"}
    last = blocks - 1
    return Stage(
        name,
        {role: f"stage{name}.{last}.{layer}" for role, layer in layers.items()},
        tuple(f"stage{name}.{block}.attention" for block in range(blocks)),
        f"{name}.{blocks}",
    )


ARCHITECTURES: dict[str, Architecture] = {
    "cnn": Architecture(
        "CNN",
        CNN,
        tuple(map(_cnn_stage, "123")),
        head="fc2",
        foreign_names=(  # the tutorial's channel attention
            (r"^ca(\d)\.fc\.0\.", r"attention\1.gate.fc1."),
            (r"^ca(\d)\.fc\.2\.", r"attention\1.gate.fc2."),
        ),
    ),
    "resnet20": Architecture("ResNet-20", ResNet20, tuple(map(_resnet_stage, "123")), head="fc"),
}
