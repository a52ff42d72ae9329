import hypothesis.extra.numpy as arrays
import pytest
import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchvision.models import resnet18

from cnnattn.explain.cam import (
    CAMS,
    METHODS,
    ablation_cam,
    cam,
    eigen_cam,
    enlarge,
    fault,
    heatmap,
    heatmaps,
    positive,
    unit,
)
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


def test_the_whole_family_on_the_network_solved_by_hand():
    # Class 1: the gradients are [[1, 2], [3, 2]] and [[-1, 0], [-2, -1]], the maps A0 and A1 sum
    # to 10 and 30.
    A0, A1 = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[9.0, 8], [7, 6]])
    model = network_solved_by_hand()
    expected = {
        # α = 1 / (2 + 10 g) at each place of A0; A1 has no positive gradient.
        "grad_cam_pp": (1 / 12 + 2 / 22 + 3 / 32 + 2 / 22) * A0,
        "hires_cam": torch.tensor([[1.0 - 9, 4 - 0], [9 - 14, 8 - 6]]),
        "layer_cam": torch.tensor([[1.0, 4], [9, 8]]),
        "xgrad_cam": 22 / 10 * A0 - 29 / 30 * A1,
        "top_channels": (A0 + A1) / 2,
        # The masks are (A0 - 1) / 3 and (A1 - 6) / 3. Of x times the first, [[0, ⅔], [2, 4]], the
        # network's A1 is 10 less that, and the score -50/3; of x times the second it is -91/3.
        "score_cam": torch.tensor([-50 / 3, -91 / 3]).softmax(0) @ torch.stack([A0, A1]).flatten(1),
        # Without A0 the score falls by 1 + 4 + 9 + 8, without A1 by -9 - 14 - 6.
        "ablation_cam": 22 * A0 - 29 * A1,
    }
    expected["score_cam"] = expected["score_cam"].reshape(2, 2)
    for method, values in expected.items():
        torch.testing.assert_close(heatmap(model, X, 1, "0", method), values[None], msg=method)
    assert heatmap(model, X, 1, "0", "hires_cam").sum() == model(X)[0, 1] - model[2].bias[1]


def test_the_difference_of_two_classes_and_a_class_for_each_picture():
    model = network_solved_by_hand()
    x = torch.cat([X, 2 * X])
    for method in ("grad_cam", "hires_cam", "ablation_cam"):  # these are linear in the score
        one, other = (heatmap(model, x, target, "0", method) for target in (1, 0))
        torch.testing.assert_close(heatmap(model, x, (1, 0), "0", method), one - other)
        mixed = heatmap(model, x, torch.tensor([1, 0]), "0", method)
        torch.testing.assert_close(mixed, torch.stack([one[0], other[1]]))


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
    captum = LayerGradientXActivation(model, model.get_submodule(layer))
    expected = captum.attribute(x, target=7).sum(1).detach()
    torch.testing.assert_close(heatmap(model, x, 7, layer, "hires_cam"), expected)


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
        ((1, 1), "0", "grad_cam", "number 1 cannot be set apart from itself"),
        ((1, 2), "0", "grad_cam", "no class number 2"),
        (torch.tensor([2]), "0", "grad_cam", "no class number 2"),
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


@pytest.mark.parametrize("method", [*CAMS, *METHODS])
def test_every_method_meets_bad_input_with_a_problem(method):
    model = network_solved_by_hand()
    with pytest.raises(Problem, match=r"no layer called|weighs places"):
        heatmap(model, X, 0, "9", method if method in CAMS else "score_cam")
    if method != "attention":
        with pytest.raises(Problem, match="no class number 2"):
            heatmap(model, X, 2, "0", method)
    with pytest.raises(Problem, match=r"known ones are grad_cam.*, attention"):
        heatmap(model, X, 0, "0", method + "?")


@pytest.mark.parametrize("method", [*CAMS, "score_cam", "ablation_cam"])
def test_pictures_of_a_batch_do_not_influence_each_other(method):
    torch.manual_seed(5)
    model = build(ModelSpec("cnn", "cbam")).double().eval()
    x = torch.randn(3, 3, 32, 32, dtype=torch.double)
    together = heatmap(model, x, 3, "attention3", method)
    alone = [heatmap(model, x[i : i + 1], 3, "attention3", method) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))
    some = heatmaps(model, x, 3, "attention3", ["eigen_cam", method, "grad_cam"])
    assert list(some) == list(dict.fromkeys(["eigen_cam", method, "grad_cam"]))
    torch.testing.assert_close(some[method], together)


def test_eigen_cam_of_what_is_not_finite_is_nan_there_only():
    A = torch.rand(2, 3, 4, 5)
    A[1, 0, 0, 0] = torch.inf
    maps = eigen_cam(A, A)
    assert maps[0].isfinite().all()
    assert fault(maps[1]) == "nan"


def test_ablating_a_channel_that_is_already_zero_changes_nothing():
    torch.manual_seed(6)
    model = build(ModelSpec("resnet20", "se")).eval()
    model.stage3[2].bn2.weight.data[::2] = 0
    model.stage3[2].bn2.bias.data[::2] = 0
    x = torch.randn(2, 3, 32, 32)
    A = trace(model, x, ["stage3.2.bn2"]).activations["stage3.2.bn2"]
    assert not A[:, ::2].any()
    model.fc.weight.data *= 0  # now no channel changes anything
    assert not ablation_cam(model, x, 2, "stage3.2.bn2").any()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([[0.0, 0.0]], "blank"),
        ([[-1.0, -1.0]], "negative"),
        ([[-2.0, -1.0]], "negative"),
        ([[2.0, 2.0]], "constant"),
        ([[torch.nan, 1.0]], "nan"),
        ([[torch.inf, 1.0]], "nan"),
        ([[-2.0, 0.0]], "negative"),
        ([[-2.0, 1.0]], ""),
        ([[0.0, 1.0]], ""),
    ],
)
def test_what_is_wrong_with_a_map_has_a_name(values, name):
    assert fault(torch.tensor(values)) == name


def test_enlarging_is_bilinear_with_pixels_as_areas():
    # In a row, 0 and 4 stand in the middle of 4 pixels each: between them it rises by 1 a pixel.
    large = enlarge(torch.tensor([[[[0.0, 4.0]]]]), (2, 8))
    assert large.shape == (1, 1, 2, 8)
    assert large[0, 0].tolist() == [[0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4]] * 2


@given(arrays.arrays("float64", (2, 3, 4), elements=st.floats(-1e6, 1e6, width=32)))
def test_unit_spans_0_to_1_in_each_map_and_keeps_the_order(values):
    maps = torch.from_numpy(values)
    for before, after in zip(maps.flatten(1), unit(maps).flatten(1), strict=True):
        if before.min() == before.max():
            assert not after.any()
        else:
            assert (after.min(), after.max()) == (0, 1)
            assert (after[before.argsort()].diff() >= 0).all()
