"""ResNet-20 for 32×32 pictures (He et al. 2015, arXiv 1512.03385, section 4.2)."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """Two 3×3 convolutions and a shortcut without parameters (option A of the paper).

    Attention stands after the second batch norm and before the addition
    (the "standard SE block" of arXiv 1709.01507, section 6.5).
    """

    def __init__(self, inputs: int, channels: int, attention: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.stride = 1 if inputs == channels else 2
        self.added_channels = channels - inputs
        self.conv1 = nn.Conv2d(inputs, channels, 3, self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.attention = attention(channels)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.attention(self.bn2(self.conv2(y)))
        if self.added_channels:  # every second pixel, and zeros for the channels that x lacks
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added_channels))
        return self.relu2(x + y)


class ResNet20(nn.Module):
    """(N, 3, 32, 32) -> (N, classes): a first convolution and three stages of three blocks."""

    def __init__(self, attention: Callable[[int], nn.Module], classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.stage1 = self._stage(16, 16, attention)  # (N, 16, 32, 32)
        self.stage2 = self._stage(16, 32, attention)  # (N, 32, 16, 16)
        self.stage3 = self._stage(32, 64, attention)  # (N, 64, 8, 8)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @staticmethod
    def _stage(inputs: int, channels: int, attention: Callable[[int], nn.Module]) -> nn.Sequential:
        return nn.Sequential(
            Block(inputs, channels, attention),
            Block(channels, channels, attention),
            Block(channels, channels, attention),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.bn1(self.conv1(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.fc(self.avgpool(x).flatten(1))
