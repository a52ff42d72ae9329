"""Attention modules, one idea a class, each (N, C, H, W) -> (N, C, H, W).

A multiplicative module computes ``x * self.gate(x)``; its submodule ``gate`` returns the weights,
shaped to broadcast over x, so that a trace can read or rewrite them under the name ``….gate``.
Two modules add instead: of ``gc`` read ``places`` and ``transform``, of ``nonlocal`` ``affinity``.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnattn.problem import message


def hidden_units(channels: int, reduction: int = 16, least: int = 1) -> int:
    """The width of a bottleneck: ``channels / reduction``, rounded down, but at least ``least``."""
    return max(least, channels // reduction)


def kernel_size(channels: int) -> int:
    """ECA's number of weights: the odd number at or after ``⌊(log2 C + 1) / 2⌋``."""
    k = int((math.log2(channels) + 1) / 2)
    return k + 1 - k % 2


class ChannelGate(nn.Module):
    """Squeeze and excitation: one weight in (0, 1) for each channel, (N, C, H, W) -> (N, C, 1, 1).

    ``g = sigmoid(W2 relu(W1 mean(x)))``, the mean taken over H and W, no biases.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = hidden_units(channels, reduction)
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


class NeighbourGate(nn.Module):
    """One weight in (0, 1) for each channel from it and its neighbours, -> (N, C, 1, 1).

    ``g = sigmoid(w * mean(x))``: one kernel w slides along the channels, zeros beyond the ends.
    It has ``kernel_size`` weights: 3 up to 64 channels, 5 for 128.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        k = kernel_size(channels)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, k, padding=k // 2, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        s = self.squeeze(x).flatten(2).transpose(1, 2)  # (N, 1, C)
        return self.sigmoid(self.conv(s)).transpose(1, 2)[..., None]  # (N, C, 1, 1)


class EfficientChannelAttention(nn.Module):
    """Channel attention without a bottleneck, ECA-Net (Wang et al. 2020, arXiv 1910.03151)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = NeighbourGate(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class MeanMaxChannelGate(nn.Module):
    """CBAM's channel half: one weight in (0, 1) for each channel, -> (N, C, 1, 1).

    ``g = sigmoid(W2 relu(W1 mean(x)) + W2 relu(W1 max(x)))``, over H and W, no biases.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = hidden_units(channels, reduction)
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden, channels, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        # Pooling's gradient goes to one place: on the CPU, 40 times faster than that of amax.
        most = F.adaptive_max_pool2d(x, 1).flatten(1)
        s = torch.stack([x.mean((2, 3)), most])  # (2, N, C)
        h = self.relu(self.fc1(s))  # (2, N, C / reduction)
        return self.sigmoid(self.fc2(h).sum(0))[:, :, None, None]  # (N, C, 1, 1)


class SpatialGate(nn.Module):
    """One weight in (0, 1) for each place, alike for all channels, (N, C, H, W) -> (N, 1, H, W).

    ``g = sigmoid(bn(w * [mean(x), max(x)]))``: mean and maximum over the channels, one 7×7 kernel.
    The batch norm stands in the authors' code, not in the paper's formula.
    """

    def __init__(self, kernel: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        s = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True).values], 1)  # (N, 2, H, W)
        return self.sigmoid(self.bn(self.conv(s)))  # (N, 1, H, W)


class SpatialAttention(nn.Module):
    """The spatial half of CBAM alone (Woo et al. 2018, arXiv 1807.06521)."""

    def __init__(self, channels: int) -> None:  # any number of channels: only two are looked at
        super().__init__()
        self.gate = SpatialGate()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class ChannelThenSpatialAttention(nn.Module):
    """Convolutional Block Attention Module, CBAM (Woo et al. 2018, arXiv 1807.06521).

    ``x' = x * gate(x)``, then ``x'' = x' * spatial.gate(x')``: two gates, to be read at ``….gate``
    (channels) and ``….spatial.gate`` (places).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = MeanMaxChannelGate(channels)
        self.spatial = SpatialAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial(x * self.gate(x))


class CoordinateGate(nn.Module):
    """For each channel a weight a row times a weight a column, (N, C, H, W) -> the same shape.

    ``f = hardswish(bn(W1 [row means, column means]))``, ``g = sigmoid(Wh f_h) · sigmoid(Ww f_w)``.
    ``rows`` is the first factor (N, C, H, 1), ``columns`` the second (N, C, 1, W). The hidden
    layer has C / 32 channels, but at least 8, as in the authors' code.
    """

    def __init__(self, channels: int, reduction: int = 32) -> None:
        super().__init__()
        hidden = hidden_units(channels, reduction, least=8)
        self.conv = nn.Conv2d(channels, hidden, 1, bias=False)  # batch norm brings the bias
        self.bn = nn.BatchNorm2d(hidden)
        self.hardswish = nn.Hardswish()
        self.rows = nn.Sequential(nn.Conv2d(hidden, channels, 1), nn.Sigmoid())
        self.columns = nn.Sequential(nn.Conv2d(hidden, channels, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        # Both walks through the same layers, one behind the other: (N, C, H + W, 1)
        s = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], 2)
        f_h, f_w = self.hardswish(self.bn(self.conv(s))).split([height, width], 2)
        return self.rows(f_h) * self.columns(f_w.transpose(2, 3))  # (N, C, H, W)


class CoordinateAttention(nn.Module):
    """Coordinate Attention (Hou et al. 2021, arXiv 2103.02907)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = CoordinateGate(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class EnergyGate(nn.Module):
    """A weight in (0.62, 1) for each pixel of each channel, without a single parameter.

    ``g = sigmoid(d / (4 (v + λ)) + 1/2)``: d is the pixel's squared distance from its channel's
    mean and v the channel's variance, so what stands out from its channel passes best.
    """

    def __init__(self, weight_decay: float = 1e-4) -> None:
        super().__init__()
        self.weight_decay = weight_decay  # λ
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        d = (x - x.mean((2, 3), keepdim=True)).square()
        v = d.sum((2, 3), keepdim=True) / max(1, x.shape[2] * x.shape[3] - 1)
        return self.sigmoid(d / (4 * (v + self.weight_decay)) + 0.5)  # (N, C, H, W)


class SimAM(nn.Module):
    """A simple, parameter-free attention module (Yang et al. 2021, ICML; PMLR 139:11863)."""

    def __init__(self, channels: int) -> None:  # any number of channels: each is for itself
        super().__init__()
        self.gate = EnergyGate()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class PlaceWeights(nn.Module):
    """How much each place counts: a softmax over all places, (N, C, H, W) -> (N, 1, H, W), sum 1.

    ``a = softmax(w · x + b)``, one weight vector w for all places.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        scores = self.conv(x)
        return scores.flatten(2).softmax(2).reshape(scores.shape)


class GlobalContext(nn.Module):
    """Global context block, GCNet (Cao et al. 2019, arXiv 1904.11492).

    ``y = x + W2 relu(layer_norm(W1 Σ a_j x_j))``: the places' sum, weighted by ``places`` (a),
    goes through ``transform`` (-> (N, C)) and is added alike everywhere. As in the authors' code
    it begins as the identity (W2 = 0). The hidden layer has C / 16 units, but at least 8: layer
    norm leaves nothing of one unit and only the signs of two.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = hidden_units(channels, reduction, least=8)
        self.places = PlaceWeights(channels)
        last = nn.Linear(hidden, channels)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.transform = nn.Sequential(
            nn.Linear(channels, hidden), nn.LayerNorm(hidden), nn.ReLU(), last
        )

    def forward(self, x: Tensor) -> Tensor:
        context = (x * self.places(x)).sum((2, 3))  # (N, C)
        return x + self.transform(context)[:, :, None, None]


class Affinity(nn.Module):
    """How much each place takes from each other place, (N, C, H, W) -> (N, HW, HW), rows sum to 1.

    ``a_ij = softmax_j(θ(x_i) · φ(x_j))``, the embedded Gaussian; i runs over all places row by
    row. On maps of more than 256 places j runs over a 2×2 max pooling of them, so that the result
    is (N, HW, HW / 4): the paper's subsampling (section 3.3), a quarter of the work and memory.
    """

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Conv2d(channels, inner, 1)

    def forward(self, x: Tensor) -> Tensor:
        query = self.theta(x).flatten(2).transpose(1, 2)  # (N, HW, inner)
        key = subsampled(self.phi(x)).flatten(2)  # (N, inner, HW)
        return (query @ key).softmax(2)


def subsampled(x: Tensor, places: int = 256) -> Tensor:
    """``x`` itself, or its 2×2 max pooling if it has more than ``places`` places."""
    return F.max_pool2d(x, 2) if x.shape[2] * x.shape[3] > places else x


class NonLocal(nn.Module):
    """Non-local block (Wang et al. 2018, arXiv 1711.07971): the self-attention of this zoo.

    ``y_i = x_i + bn(Wz Σ_j a_ij g(x_j))`` with a = ``affinity``, at half the channels inside. The
    batch norm's weight begins at 0 (section 4.1), so the block begins as the identity.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.affinity = Affinity(channels, inner)
        self.g = nn.Conv2d(channels, inner, 1)
        self.wz = nn.Conv2d(inner, channels, 1, bias=False)  # batch norm brings the bias
        self.bn = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.bn.weight)

    def forward(self, x: Tensor) -> Tensor:
        value = subsampled(self.g(x)).flatten(2).transpose(1, 2)  # (N, HW, C / 2)
        y = (self.affinity(x) @ value).transpose(1, 2)  # (N, C / 2, HW)
        return x + self.bn(self.wz(y.unflatten(2, x.shape[2:])))


ATTENTION: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "se": SqueezeExcitation,
    "eca": EfficientChannelAttention,
    "cbam": ChannelThenSpatialAttention,
    "spatial": SpatialAttention,
    "coordinate": CoordinateAttention,
    "simam": SimAM,
    "gc": GlobalContext,
    "nonlocal": NonLocal,
}
"""Name -> module for that many channels. The one place to register a new kind."""

_NAMES = {
    "none": message("no attention"),
    "spatial": message("Spatial"),
    "coordinate": message("Coordinate"),
    "simam": "SimAM",
    "nonlocal": message("Non-local"),
}


def attention_name(kind: str) -> str:
    """How a kind is called, in English: a message of the catalogue, or the key in capitals.

    Here and not in ``web``, since the command line writes it into the file to take home.
    """
    return _NAMES.get(kind, kind.upper())
