"""The CAM family against grad-cam (PyPI), and against the paper's formula where that differs."""

import numpy as np
import pytest
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection
from torchvision.models import resnet18

from cnnattn.explain.cam import activation_and_gradient, eigen_cam, enlarge, heatmap, unit
from cnnattn.explain.trace import trace
from cnnattn.nets.models import ModelSpec, build

TARGET = 7


def random_network(name):
    torch.manual_seed(4)
    arch, _, attention = name.partition("-")
    model = resnet18() if arch == "resnet18" else build(ModelSpec(arch, attention))
    x = torch.randn(2, 3, 48 if arch == "resnet18" else 32, 32, dtype=torch.double)
    return model.double().eval(), x


def theirs(kind, model, x, layer):
    """The map (N, h, w) of grad-cam before it is clipped, scaled and enlarged."""
    module = model.get_submodule(layer)
    targets = [ClassifierOutputTarget(TARGET)] * len(x)
    with getattr(pytorch_grad_cam, kind)(model=model, target_layers=[module]) as method:
        method(x, targets)
        hooks = method.activations_and_grads
        A = hooks.activations[0].numpy()
        gradient = hooks.gradients[0].numpy() if hooks.gradients else None
        return torch.from_numpy(
            np.array(method.get_cam_image(x, module, targets, A, gradient, False))
        )


def assert_alike(got, expected, tolerance=1e-5):
    scale = expected.abs().amax((1, 2), keepdim=True)
    assert (scale > 0).all()
    torch.testing.assert_close(got / scale, expected.to(got) / scale, rtol=0, atol=tolerance)


every_layer = pytest.mark.parametrize(
    ("network", "layer"),
    [
        ("cnn-se", "relu1"), ("cnn-cbam", "attention3"), ("cnn-none", "conv2"),
        ("resnet20-se", "stage3.2.relu2"), ("resnet20-none", "stage2.0.relu1"),
        ("resnet18", "layer4"),
    ],
)  # fmt: skip


@every_layer
@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("GradCAM", "grad_cam"),
        ("HiResCAM", "hires_cam"),
        ("LayerCAM", "layer_cam"),
        ("XGradCAM", "xgrad_cam"),
    ],
)
def test_the_same_formula_gives_the_same_map(kind, method, network, layer):
    model, x = random_network(network)
    expected = theirs(kind, model, x, layer)
    # XGradCAM adds 1e-7 to the sum of a channel, which is felt where that is small.
    tolerance = 1e-4 if method == "xgrad_cam" else 1e-5
    assert_alike(heatmap(model, x, TARGET, layer, method), expected, tolerance)


@every_layer
def test_grad_cam_pp_is_the_papers_formula(network, layer):
    """Equation 19 and the weights before it, with every derivative of exp(Y) written out."""
    model, x = random_network(network)
    traced = trace(model, x, [layer])
    A, g = activation_and_gradient(traced, TARGET, layer)
    e = traced.logits[:, TARGET].detach().exp()[:, None, None, None]
    first, second, third = e * g, e * g**2, e * g**3
    bottom = 2 * second + A.sum((2, 3), keepdim=True) * third
    alpha = torch.where(g == 0, 0, second / bottom)
    weights = (alpha * first.relu()).sum((2, 3), keepdim=True)
    paper = (weights * A).sum(1) / e[:, 0]  # a factor for the whole picture, which we leave out
    assert_alike(heatmap(model, x, TARGET, layer, "grad_cam_pp"), paper, 1e-9)


@pytest.mark.parametrize(("network", "layer"), [("cnn-se", "relu3"), ("resnet20-se", "stage3")])
def test_grad_cam_pp_of_grad_cam_where_its_constant_is_small(network, layer):
    """It adds 1e-6 to α's denominator, far above g² in most networks; with large g they agree."""
    model, x = random_network(network)
    as_it_is = theirs("GradCAMPlusPlus", model, x, layer)
    ours = heatmap(model, x, TARGET, layer, "grad_cam_pp")
    distance = (as_it_is / as_it_is.abs().amax() - ours / ours.abs().amax()).abs().amax()
    assert distance > 1e-5
    for parameter in (model.fc2 if "cnn" in network else model.fc).parameters():
        parameter.data *= 1e7
    expected = theirs("GradCAMPlusPlus", model, x, layer)
    assert_alike(heatmap(model, x, TARGET, layer, "grad_cam_pp"), expected)


@every_layer
def test_eigen_cam(network, layer):
    """The paper projects on the first singular vector of A as it is; grad-cam centres A first."""
    model, x = random_network(network)
    A = trace(model, x, [layer]).activations[layer].detach()
    got = heatmap(model, x, TARGET, layer, "eigen_cam")
    for activation, ours in zip(A, got, strict=True):
        matrix = activation.flatten(1).T.numpy()
        u, s, _ = np.linalg.svd(matrix, full_matrices=False)
        paper = torch.from_numpy(u[:, 0] * s[0]).reshape(ours.shape)
        assert_alike(ours[None], (paper * paper.sum().sign())[None], 1e-8)
    assert (got.sum((1, 2)) >= 0).all()
    centred = A - A.mean((2, 3), keepdim=True)
    expected = torch.from_numpy(get_2d_projection(A.numpy())).double()
    ours = eigen_cam(centred, centred)
    sign = (ours * expected).sum((1, 2), keepdim=True).sign()  # an arbitrary one in both
    assert_alike(ours * sign, expected)


@pytest.mark.parametrize(("network", "layer"), [("cnn-se", "relu1"), ("resnet20-none", "stage1")])
def test_score_cam_at_the_size_of_the_picture(network, layer):
    model, x = random_network(network)
    assert_alike(heatmap(model, x, TARGET, layer, "score_cam"), theirs("ScoreCAM", model, x, layer))


@pytest.mark.parametrize(
    ("network", "layer"), [("cnn-cbam", "attention3"), ("resnet20-se", "stage3")]
)
def test_score_cam_of_smaller_maps(network, layer, monkeypatch):
    """grad-cam enlarges so that corner pixels' middles meet; we, as the authors, their corners."""
    model, x = random_network(network)
    monkeypatch.setattr(
        torch.nn, "UpsamplingBilinear2d", lambda size: torch.nn.Upsample(size, mode="bilinear")
    )
    got = heatmap(model, x, TARGET, layer, "score_cam")
    assert_alike(got, theirs("ScoreCAM", model, x, layer))
    # And the paper's algorithm, a channel at a time, with its baseline of zeros.
    A = trace(model, x, [layer]).activations[layer].detach()
    with torch.no_grad():
        masks = [unit(enlarge(channel, x.shape[2:]))[:, None] for channel in A.transpose(0, 1)]
        nothing = model(torch.zeros_like(x))[:, TARGET]
        gain = torch.stack([model(x * mask)[:, TARGET] - nothing for mask in masks], 1)
    paper = (gain.softmax(1)[:, :, None, None] * A).sum(1)
    assert_alike(got, paper, 1e-9)


@pytest.mark.parametrize(
    ("network", "layer"), [("cnn-se", "relu3"), ("resnet20-se", "stage3.2.relu2")]
)
def test_ablation_cam_after_a_relu(network, layer):
    """grad-cam divides by the score, one number a picture, as the paper does."""
    model, x = random_network(network)
    expected = theirs("AblationCAM", model, x, layer)
    score = model(x)[:, TARGET].detach()[:, None, None]
    assert_alike(heatmap(model, x, TARGET, layer, "ablation_cam"), expected * score, 1e-4)


def test_ablation_cam_of_signed_maps_sets_channels_to_0():
    """Where activations are below 0 grad-cam puts -1e7 for 0, and says that this is its own."""
    model, x = random_network("cnn-none")
    A = trace(model, x, ["bn3"]).activations["bn3"].detach()
    whole = model(x)[:, TARGET]
    falls = []
    for channel in range(A.shape[1]):

        def without(maps, channel=channel):
            maps[:, channel] = 0
            return maps

        falls.append(whole - trace(model, x, [], {"bn3": without}).logits[:, TARGET])
    paper = (torch.stack(falls, 1)[:, :, None, None] * A).sum(1).detach()
    assert_alike(heatmap(model, x, TARGET, "bn3", "ablation_cam"), paper, 1e-9)
