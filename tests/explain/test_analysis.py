import numpy as np
import pytest
import torch

from cnnattn.explain.analysis import analyse
from cnnattn.explain.cam import heatmap
from cnnattn.nets.models import ModelSpec, build


@pytest.mark.parametrize("attention", ["none", "se"])
def test_analysis_is_what_the_network_does_piece_by_piece(attention):
    torch.manual_seed(5)
    model = build(ModelSpec("cnn", attention)).eval().requires_grad_(False)
    x = torch.randn(1, 3, 32, 32)
    passes = []
    seen = model.fc2.register_forward_hook(lambda *_: passes.append(1))  # the view inherits it
    analysis = analyse(model, x, ["attention1", "relu1"], "attention3")
    seen.remove()
    assert len(passes) == 1

    logits = model(x)[0]
    assert analysis.target == logits.argmax()
    odds = np.exp(logits.double().numpy())
    np.testing.assert_allclose(analysis.probabilities, odds / odds.sum(), rtol=1e-5)
    relu1 = model.relu1(model.bn1(model.conv1(x)))
    assert list(analysis.maps) == ["attention1", "relu1"]
    assert np.array_equal(analysis.maps["relu1"], relu1[0])
    assert np.array_equal(analysis.maps["attention1"], model.attention1(relu1)[0])
    expected = heatmap(model, x, analysis.target, "attention3")[0]
    np.testing.assert_allclose(analysis.cam, expected, atol=1e-7)
    if attention == "se":
        assert list(analysis.channel_gates) == [f"attention{i}.gate" for i in (1, 2, 3)]
        own = model.attention1.gate(relu1).flatten()
        assert np.array_equal(analysis.channel_gates["attention1.gate"], own)
    else:
        assert analysis.channel_gates == {}


def test_the_heat_map_is_of_the_class_asked_for():
    model = build(ModelSpec("cnn", "se")).eval()
    x = torch.randn(1, 3, 32, 32)
    maps = [analyse(model, x, [], "relu2", target).cam for target in (2, 5)]
    for target, got in zip((2, 5), maps, strict=True):
        expected = heatmap(model, x, target, "relu2")[0]
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-7)
    assert not np.allclose(*maps)
