import pytest
import torch
from torchvision.ops import SqueezeExcitation as TorchvisionSE

from cnnattn.nets.attention import ATTENTION, SqueezeExcitation


@pytest.mark.parametrize("channels", [16, 32, 64, 128])
def test_se_equals_torchvisions_with_the_same_weights(channels):
    torch.manual_seed(channels)
    ours = SqueezeExcitation(channels).double()
    theirs = TorchvisionSE(channels, max(1, channels // 16)).double()
    with torch.no_grad():
        for mine, other in ((ours.gate.fc1, theirs.fc1), (ours.gate.fc2, theirs.fc2)):
            other.weight.copy_(mine.weight[:, :, None, None])
            other.bias.zero_()
    a = torch.randn(3, channels, 7, 5, dtype=torch.float64, requires_grad=True)
    b = a.detach().clone().requires_grad_()
    torch.testing.assert_close(ours(a), theirs(b))
    direction = torch.randn_like(a)
    (ours(a) * direction).sum().backward()
    (theirs(b) * direction).sum().backward()
    torch.testing.assert_close(a.grad, b.grad)


def test_se_by_hand():
    """Two channels, one hidden unit: s = (1, 3), h = relu(2·1 - 0.5·3) = 0.5, g = σ(±0.5)."""
    se = SqueezeExcitation(2, reduction=2)
    with torch.no_grad():
        se.gate.fc1.weight.copy_(torch.tensor([[2.0, -0.5]]))
        se.gate.fc2.weight.copy_(torch.tensor([[1.0], [-1.0]]))
    x = torch.tensor([[[[0.0, 2.0]], [[3.0, 3.0]]]])  # (1, 2, 1, 2), means 1 and 3
    up, down = 0.6224593, 0.3775407  # sigmoid(0.5), sigmoid(-0.5)
    torch.testing.assert_close(se.gate(x).flatten(), torch.tensor([up, down]))
    torch.testing.assert_close(se(x), torch.tensor([[[[0, 2 * up]], [[3 * down, 3 * down]]]]))


@pytest.mark.parametrize("channels", [32, 64, 128])
def test_se_adds_two_matrices_and_no_biases(channels):
    assert sum(p.numel() for p in SqueezeExcitation(channels).parameters()) == channels**2 // 8


def test_none_changes_nothing():
    x = torch.randn(2, 4, 3, 3)
    assert ATTENTION["none"](4)(x) is x
