"""Attention modules, one idea a class, each (N, C, H, W) -> (N, C, H, W).

A multiplicative module computes ``x * self.gate(x)``; its submodule ``gate`` returns the weights,
shaped to broadcast over x, so that a trace can read or rewrite them under the name ``….gate``.
"""

from collections.abc import Callable

from torch import Tensor, nn


class ChannelGate(nn.Module):
    """Squeeze and excitation: one weight in (0, 1) for each channel, (N, C, H, W) -> (N, C, 1, 1).

    ``g = sigmoid(W2 relu(W1 mean(x)))``, the mean taken over H and W, no biases.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden, channels, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        s = self.squeeze(x).flatten(1)  # (N, C)
        h = self.relu(self.fc1(s))  # (N, C / reduction)
        return self.sigmoid(self.fc2(h))[:, :, None, None]  # (N, C, 1, 1)


class SqueezeExcitation(nn.Module):
    """Channel attention of Squeeze-and-Excitation Networks (Hu et al. 2018, arXiv 1709.01507)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.gate = ChannelGate(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


ATTENTION: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "se": SqueezeExcitation,
}
"""Name -> module for that many channels. The one place to register a new kind."""
