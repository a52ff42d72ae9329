import numpy as np
import pytest
import torch
from scipy.stats import bootstrap

from cnnattn.explain.cam import enlarge, heatmap
from cnnattn.explain.faithfulness import area, confidence_through, curves, drop, soft_masks
from cnnattn.explain.study import CONTROLS, MEASURES, interval, study
from tests.explain.planted import planted, red_finder
from tests.explain.steps import finished


def test_on_the_network_that_looks_for_red_its_map_beats_the_controls_and_attention_has_none():
    corners = [(0, 0), (3, 20), (22, 9), (13, 13), (24, 24), (20, 2)]
    pairs = [planted(corner, seed=i) for i, corner in enumerate(corners)]
    x, masks = torch.cat([x for x, _ in pairs]), [mask for _, [mask] in pairs]
    model, methods = red_finder(), ["grad_cam", "attention", "saliency"]
    for layer in ("1", "3"):
        shares, table = finished(study(model, x, layer, methods, masks, steps=8))
        assert shares == pytest.approx([(i + 1) / 6 for i in range(6)])
        assert list(table) == list(MEASURES)
        assert table["deletion"].shape == (len(methods) + len(CONTROLS), 6)
        mean = {name: values.mean(1) for name, values in table.items()}
        assert mean["deletion"][0] < mean["deletion"][3:].min()
        assert mean["insertion"][0] > mean["insertion"][3:].max()
        assert mean["mass"][0] > 2 * mean["mass"][3:].max()
        assert mean["pointing"][0] == 1
        assert mean["drop"][0] < mean["drop"][3:].min()
        assert all(np.isnan(values[1]).all() for values in table.values())
    # One cell by itself: the class is the predicted one, the map that of the layer.
    cam = enlarge(heatmap(model, x[2:3], 1, "3"), (32, 32))
    expected = area(curves(model, x[2:3], cam, 1, 8).insertion)
    assert table["insertion"][0, 2] == pytest.approx(expected.item(), abs=1e-6)
    through = confidence_through(model, x[2:3], soft_masks(cam, (32, 32)), 1)
    assert table["drop"][0, 2] == pytest.approx(drop(*through).item(), abs=1e-6)
    assert table["increase"][0, 2] == float(through[1] > through[0])
    without = finished(study(model, x[:1], "1", ["grad_cam"], steps=4))[1]
    assert np.isnan(without["mass"]).all()


def test_the_interval_is_scipys_bootstrap():
    values = np.random.default_rng(0).gamma(2, size=(2, 3, 60))
    mean, low, high = interval(values, resamples=20_000)
    np.testing.assert_allclose(mean, values.mean(2))
    for place in np.ndindex(2, 3):
        theirs = bootstrap(
            (values[place],), np.mean, method="percentile", n_resamples=20_000, rng=1
        )
        width = theirs.confidence_interval.high - theirs.confidence_interval.low
        assert low[place] == pytest.approx(theirs.confidence_interval.low, abs=width / 20)
        assert high[place] == pytest.approx(theirs.confidence_interval.high, abs=width / 20)


def test_what_is_missing_is_left_out_of_the_interval():
    values = np.array([[1.0, np.nan, 3.0], [np.nan] * 3, [2.0, 2.0, 2.0]])
    mean, low, high = interval(values)
    assert mean[[0, 2]].tolist() == [2, 2]
    assert (low[2], high[2]) == (2, 2)
    assert 1 <= low[0] < high[0] <= 3
    assert np.isnan([mean[1], low[1], high[1]]).all()
