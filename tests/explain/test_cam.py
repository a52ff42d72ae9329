import hypothesis.extra.numpy as arrays
import pytest
import torch
from captum.attr import LayerGradCam
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchvision.models import resnet18

from cnnattn.explain.cam import CAMS, cam, heatmap, positive, unit
from cnnattn.explain.trace import trace
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem


def network_solved_by_hand():
    """1×1 convolution to two maps, A0 = x and A1 = 10 - x, then one linear layer, two classes."""
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(8, 2)).requires_grad_(False)
    model[0].weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
    model[0].bias.copy_(torch.tensor([0.0, 10.0]))
    model[2].weight.copy_(torch.tensor([[4.0, 0, 0, 0, 0, 0, 0, 8], [1, 2, 3, 2, -1, 0, -2, -1]]))
    return model


X = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])


def test_grad_cam_of_a_network_solved_by_hand():
    # A0 = [[1, 2], [3, 4]], A1 = [[9, 8], [7, 6]]; dY/dA is the linear layer's own weights.
    # Class 1: means (1+2+3+2)/4 = 2 and (-1+0-2-1)/4 = -1, so the map is 2 A0 - A1.
    # Class 0: means (4+0+0+0)/4 = 1 and (0+0+0+8)/4 = 2, so the map is A0 + 2 A1.
    model = network_solved_by_hand()
    assert heatmap(model, X, 1, "0").tolist() == [[[-7, -4], [-1, 2]]]
    assert heatmap(model, X, 0, "0").tolist() == [[[19, 18], [17, 16]]]
    assert positive(heatmap(model, X, 1, "0")).tolist() == [[[0, 0], [0, 2]]]
    # Scaled for display: (v + 7) / 9.
    expected = torch.tensor([[[0, 3], [6, 9]]]) / 9
    torch.testing.assert_close(unit(heatmap(model, X, 1, "0")), expected)


@pytest.mark.parametrize(
    ("build_model", "layer", "size"),
    [
        (lambda: build(ModelSpec("cnn", "none")), "relu3", 32),
        (lambda: build(ModelSpec("cnn", "se")), "attention2", 32),
        (lambda: build(ModelSpec("resnet20", "se")), "stage3.2.relu2", 32),
        (lambda: build(ModelSpec("resnet20", "se")), "stage2.0.attention", 32),
        (lambda: resnet18(weights=None), "layer4", 96),
        (lambda: resnet18(weights=None), "layer3.0.conv2", 96),
    ],
)
def test_grad_cam_is_captums(build_model, layer, size):
    torch.manual_seed(2)
    model = build_model().double().eval()
    x = torch.randn(3, 3, size, size, dtype=torch.double)
    captum = LayerGradCam(model, model.get_submodule(layer))
    expected = captum.attribute(x, target=7, relu_attributions=False)[:, 0].detach()
    got = heatmap(model, x, 7, layer)
    scale = expected.abs().amax()
    assert scale > 0
    torch.testing.assert_close(got / scale, expected / scale, rtol=0, atol=1e-10)


def test_one_trace_gives_the_maps_of_every_class_and_layer():
    torch.manual_seed(3)
    model = build(ModelSpec("cnn", "se")).eval().requires_grad_(False)
    x = torch.randn(2, 3, 32, 32)
    traced = trace(model, x, ["relu1", "attention3"])
    for layer in traced.activations:
        for target in (0, 9, 0):
            assert torch.equal(cam(traced, target, layer), heatmap(model, x, target, layer))
    assert not cam(traced, 0, "relu1").requires_grad


def test_a_layer_cut_off_by_an_edit_has_no_say():
    model = build(ModelSpec("cnn", "se")).eval().requires_grad_(False)
    x = torch.randn(1, 3, 32, 32)
    traced = trace(model, x, ["relu1", "attention3"], {"attention2": torch.zeros_like})
    assert torch.equal(cam(traced, 4, "relu1"), torch.zeros(1, 32, 32))


def test_a_new_method_is_one_entry(monkeypatch):
    monkeypatch.setitem(CAMS, "gradient_sum", lambda A, gradient: gradient.sum(1))
    # Class 1: the linear layer's weights of both maps, added.
    got = heatmap(network_solved_by_hand(), X, 1, "0", "gradient_sum")
    assert got.tolist() == [[[0, 2], [1, 1]]]


@pytest.mark.parametrize(
    ("target", "layer", "method", "words"),
    [
        (0, "0", "grad_cma", "no heat map method called “grad_cma”; the known ones are grad_cam"),
        (2, "0", "grad_cam", "no class number 2; this network knows the classes 0 to 1"),
        (-1, "0", "grad_cam", "no class number -1"),
        (0, "1", "grad_cam", r"“1” has no height and width \(its output is \(1, 8\)\)"),
        (0, "2", "grad_cam", "“2” was not captured in this run; the captured ones are 0, 1"),
    ],
)
def test_problems(target, layer, method, words):
    traced = trace(network_solved_by_hand(), X, ["0", "1"])
    with pytest.raises(Problem, match=words):
        cam(traced, target, layer, method)


@given(arrays.arrays("float64", (2, 3, 4), elements=st.floats(-1e6, 1e6, width=32)))
def test_unit_spans_0_to_1_in_each_map_and_keeps_the_order(values):
    maps = torch.from_numpy(values)
    for before, after in zip(maps.flatten(1), unit(maps).flatten(1), strict=True):
        if before.min() == before.max():
            assert not after.any()
        else:
            assert (after.min(), after.max()) == (0, 1)
            assert (after[before.argsort()].diff() >= 0).all()
