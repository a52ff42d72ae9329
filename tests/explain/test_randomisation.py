import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import spearmanr

from cnnattn.explain import cam as cams
from cnnattn.explain.cam import heatmap
from cnnattn.explain.randomisation import cascade, parameter_groups, rank_correlation, similarity
from cnnattn.nets.models import ModelSpec, build
from tests.explain.planted import planted, red_finder

few_values = arrays.arrays("float32", (3, 5), elements=st.sampled_from([-1.0, 0, 0.25, 3, 8]))


@given(few_values, few_values)
def test_the_rank_correlation_is_scipys(a, b):
    got = rank_correlation(torch.from_numpy(a), torch.from_numpy(b))
    if len(np.unique(a)) == 1 or len(np.unique(b)) == 1:
        assert np.isnan(got)
    else:
        assert got == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-9)


def written_out(a, b):
    """Structural similarity window by window, covariances divided by n - 1."""
    a, b = ((m - m.min()) / (m.max() - m.min()) for m in (a, b))
    n, values = 7, []
    for i in range(a.shape[0] - n + 1):
        for j in range(a.shape[1] - n + 1):
            p, q = a[i : i + n, j : j + n].ravel(), b[i : i + n, j : j + n].ravel()
            (vp, both), (_, vq) = np.cov(p, q)
            top = (2 * p.mean() * q.mean() + 0.01**2) * (2 * both + 0.03**2)
            bottom = (p.mean() ** 2 + q.mean() ** 2 + 0.01**2) * (vp + vq + 0.03**2)
            values.append(top / bottom)
    return np.mean(values)


@pytest.mark.parametrize("shape", [(7, 7), (8, 8), (16, 11)])
def test_structural_similarity_is_the_formula_written_out(shape):
    generator = np.random.default_rng(3)
    a = generator.normal(size=shape)
    for b in (a + generator.normal(size=shape), -a, 5 * a - 2):
        got = similarity(torch.from_numpy(a), torch.from_numpy(b))
        assert got == pytest.approx(written_out(a, b), abs=1e-9)
    assert got == pytest.approx(1)  # the last differs only in scale
    small = torch.from_numpy(a[:4, :4])
    assert similarity(small, small) == pytest.approx(1)  # one window of 4×4


def test_layers_are_shuffled_from_the_last_to_the_first_and_stay_shuffled(monkeypatch):
    model = build(ModelSpec("cnn", "se"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seen = []

    def spy(model, x, target, layer):
        seen.append({name: value.clone() for name, value in model.named_parameters()})
        return x[:, 0]

    monkeypatch.setitem(cams.METHODS, "spy", spy)
    steps = list(cascade(model, torch.zeros(1, 3, 32, 32), 0, "", "spy"))
    assert [name for name, _ in steps] == [
        "", "fc2", "fc1", "attention3", "conv3", "attention2", "conv2", "attention1", "conv1",
    ]  # fmt: skip
    for at, parameters in enumerate(seen):
        shuffled = {name for name, _ in steps[1 : at + 1]}
        for name, value in parameters.items():
            original = before[name]
            assert torch.equal(value.flatten().sort().values, original.flatten().sort().values)
            layer = name.partition(".")[0].replace("bn", "conv")
            if layer not in shuffled:
                assert torch.equal(value, original)
            elif original.unique().numel() > 100:
                assert not torch.equal(value, original)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_deep_network_takes_few_steps_and_every_layer_its_turn():
    model = build(ModelSpec("resnet20", "se"))
    names = [name for name, _ in parameter_groups(model)]
    assert len(names) == 1 + 18 + 9 + 1
    x = torch.zeros(1, 3, 32, 32)
    steps = [name for name, _ in cascade(model, x, 0, "conv1", at_most=5)]
    assert len(steps) == 6
    assert steps[1].startswith("stage3.")
    assert steps[-1] == "conv1"
    everything = {id(p) for _, parameters in parameter_groups(model) for p in parameters}
    assert everything == {id(p) for p in model.parameters()}


def test_a_map_that_only_shows_the_picture_does_not_change_and_one_of_the_network_does(monkeypatch):
    monkeypatch.setitem(
        cams.METHODS, "edges", lambda model, x, target, layer: x.diff(dim=3).abs().sum(1)
    )
    x, _ = planted((4, 20), (18, 2))
    model = red_finder()
    edges = [cam[0] for _, cam in cascade(model, x, 1, "1", "edges")]
    assert [rank_correlation(edges[0], cam) for cam in edges] == pytest.approx([1] * 4)
    assert [similarity(edges[0], cam) for cam in edges] == pytest.approx([1] * 4)
    maps = [cam[0] for _, cam in cascade(model, x, 1, "1", "grad_cam", seed=1)]
    torch.testing.assert_close(maps[0], heatmap(model, x, 1, "1")[0])
    assert min(rank_correlation(maps[0], cam) for cam in maps[1:]) < 0.5
