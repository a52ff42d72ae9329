import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion, Saliency
from torch import nn
from torchvision.models import resnet18

from cnnattn.explain.input_maps import completeness, integrated_gradients, occlusion, saliency
from cnnattn.nets.models import ModelSpec, build


def random_network(name):
    torch.manual_seed(7)
    arch, _, attention = name.partition("-")
    model = resnet18() if arch == "resnet18" else build(ModelSpec(arch, attention))
    return model.double().eval(), torch.randn(2, 3, 32, 32, dtype=torch.double)


networks = pytest.mark.parametrize("network", ["cnn-se", "resnet20-cbam", "resnet18"])


def linear():
    """Score 1 is 2 a - 3 b + c of the one row of pixels a, b, c, score 0 is a."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False))
    model[1].weight.data = torch.tensor([[1.0, 0, 0], [2, -3, 1]])
    return model, torch.tensor([[[[5.0, 7.0, 11.0]]]])


def test_a_linear_network_by_hand():
    model, x = linear()
    assert saliency(model, x, 1).tolist() == [[[2, 3, 1]]]
    assert saliency(model, x, (1, 0)).tolist() == [[[1, 3, 1]]]
    torch.testing.assert_close(
        integrated_gradients(model, x, 1), torch.tensor([[[10.0, -21.0, 11.0]]])
    )
    torch.testing.assert_close(
        integrated_gradients(model, x, 1, baseline=1), torch.tensor([[[8.0, -18.0, 10.0]]])
    )
    one_pixel = occlusion(model, x, 1, patch=1, stride=1)
    torch.testing.assert_close(one_pixel, torch.tensor([[[10.0, -21.0, 11.0]]]))
    # Squares of two pixels at a and b (fall -11) and at b and c (-10); b is under both.
    torch.testing.assert_close(
        occlusion(model, x, 1, patch=2, stride=1), torch.tensor([[[-11.0, -10.5, -10.0]]])
    )
    # In steps of two, the second square hangs over the edge: only c is under it.
    torch.testing.assert_close(
        occlusion(model, x, 1, patch=2, stride=2), torch.tensor([[[-11.0, -11.0, 11.0]]])
    )


@networks
def test_saliency_is_captums(network):
    model, x = random_network(network)
    expected = Saliency(model).attribute(x.clone().requires_grad_(), target=3).amax(1)
    torch.testing.assert_close(saliency(model, x, 3), expected)


@networks
def test_integrated_gradients_are_captums(network):
    model, x = random_network(network)
    expected = IntegratedGradients(model).attribute(x, target=3, n_steps=12).sum(1).detach()
    torch.testing.assert_close(integrated_gradients(model, x, 3, steps=12), expected)


@pytest.mark.parametrize(("patch", "stride"), [(8, 4), (9, 5), (16, 16)])
def test_occlusion_is_captums(patch, stride):
    model, x = random_network("cnn-se")
    expected = Occlusion(model).attribute(
        x, target=3, sliding_window_shapes=(3, patch, patch), strides=(3, stride, stride)
    )
    expected = expected[:, 0].double()  # it comes back in single precision
    tolerance = {"rtol": 0, "atol": 1e-6 * expected.abs().max().item()}
    got = occlusion(model, x, 3, "", patch, stride)
    torch.testing.assert_close(got, expected, **tolerance)
    if (patch, stride) == (8, 4):  # the default for 32×32
        torch.testing.assert_close(occlusion(model, x, 3), got)


def smooth(activation):
    torch.manual_seed(8)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        activation,
        nn.Conv2d(8, 8, 3),
        activation,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    ).double()


@pytest.mark.parametrize("baseline", [0.0, -0.7])
@pytest.mark.parametrize("target", [2, (1, 3), torch.tensor([0, 3, 1])], ids=str)
def test_integrated_gradients_are_complete(target, baseline):
    """Their sum is the score's rise: to 1e-8 where the score is smooth, closer with more steps."""
    model, x = smooth(nn.Softplus()), torch.randn(3, 3, 20, 20, dtype=torch.double)
    found, due = completeness(
        model, x, target, integrated_gradients(model, x, target, "", 50, baseline), baseline
    )
    torch.testing.assert_close(found, due, rtol=1e-8, atol=1e-8)
    rectified = smooth(nn.ReLU())  # its gradient jumps, so that the rule has an error
    errors = []
    for steps in (4, 400):
        maps = integrated_gradients(rectified, x, target, "", steps, baseline)
        found, due = completeness(rectified, x, target, maps, baseline)
        errors.append((found - due).abs().mean())
    assert errors[1] < errors[0] / 10


def test_many_steps_in_small_batches_are_the_same(monkeypatch):
    from cnnattn.explain import input_maps, variants

    model, x = random_network("cnn-none")
    whole = integrated_gradients(model, x, 1), occlusion(model, x, 1)
    for module in (input_maps, variants):
        monkeypatch.setattr(module, "PIXELS", 3 * 2048)
    again = integrated_gradients(model, x, 1), occlusion(model, x, 1)
    torch.testing.assert_close(again, whole)
