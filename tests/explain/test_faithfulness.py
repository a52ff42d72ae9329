import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.integrate import trapezoid
from scipy.ndimage import gaussian_filter
from torch import nn

from cnnattn.explain.cam import heatmap
from cnnattn.explain.faithfulness import (
    area,
    blurred,
    centred_blob,
    confidence_through,
    curves,
    drop,
    hard_masks,
    mass_on,
    points_at,
    random_map,
    ranks,
    soft_masks,
)
from cnnattn.problem import Problem
from tests.explain.planted import planted, red_finder


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def weighing(*weights):
    """Two classes: score 1 is the pixels of a 2×2 picture times ``weights``, score 0 is 0."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    model[1].weight.data = torch.tensor([[0.0] * 4, list(weights)])
    return model


PICTURE = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])


def test_deletion_and_insertion_by_hand():
    # The score is a + b + 2 c - d = 1 + 2 + 6 - 4 = 5.
    model = weighing(1.0, 1, 2, -1)
    good = torch.tensor([[[0.2, 0.5], [0.9, -0.3]]])  # order c, b, a, d
    bad = -good  # order d, a, b, c
    found = curves(model, PICTURE, torch.cat([good, bad]), 1, steps=4)
    # Without c: -1. Without b too: -3. Without a too: -4. Nothing left: 0.
    expected = torch.tensor([sigmoid(v) for v in (5, -1, -3, -4, 0)])
    torch.testing.assert_close(found.deletion[0], expected)
    expected = torch.tensor([sigmoid(v) for v in (5, 9, 8, 6, 0)])
    torch.testing.assert_close(found.deletion[1], expected)
    # Two pixels a step; one map for the picture; the difference of the classes is the same here.
    found = curves(model, PICTURE, good, (1, 0), steps=2)
    torch.testing.assert_close(
        found.deletion, torch.tensor([[sigmoid(5), sigmoid(-3), sigmoid(0)]])
    )
    # Insertion begins with the blurred picture and puts the true pixels back, c first.
    a, b, c, d = blurred(PICTURE).flatten().tolist()
    scores = [a + b + 2 * c - d, a + b + 6 - d, a + 2 + 6 - d, 1 + 2 + 6 - d, 5]
    found = curves(model, PICTURE, good, 1, steps=4)
    torch.testing.assert_close(found.insertion, torch.tensor([[sigmoid(v) for v in scores]]))


def test_every_picture_of_a_batch_has_its_own_map_and_class():
    model = weighing(1.0, 1, 2, -1)
    x = torch.cat([PICTURE, PICTURE + 1, -PICTURE])
    maps = torch.randn(3, 2, 2, generator=torch.Generator().manual_seed(1))
    target = torch.tensor([1, 0, 1])
    together = curves(model, x, maps, target, steps=3)
    for i in range(3):
        alone = curves(model, x[i : i + 1], maps[i : i + 1], int(target[i]), steps=3)
        torch.testing.assert_close(together.deletion[i], alone.deletion[0])
        torch.testing.assert_close(together.insertion[i], alone.insertion[0])


def test_a_class_that_does_not_exist():
    with pytest.raises(Problem, match="no class number 2"):
        curves(weighing(1.0, 1, 1, 1), PICTURE, PICTURE[0], 2)


@given(arrays.arrays(float, st.integers(2, 20), elements=st.floats(0, 1)))
def test_the_area_is_scipys_trapezoid(values):
    x = np.linspace(0, 1, len(values))
    assert float(area(torch.from_numpy(values))) == pytest.approx(trapezoid(values, x))


@given(arrays.arrays("float32", (2, 3, 4), elements=st.sampled_from([-1.0, 0, 0.5, 2, np.nan])))
def test_ranks_are_an_order_from_the_highest_to_what_is_no_number(values):
    for value, rank in zip(values, ranks(torch.from_numpy(values)), strict=True):
        assert sorted(rank.flatten().tolist()) == list(range(12))
        in_order = value.flatten()[rank.flatten().argsort().numpy()]
        in_order = np.nan_to_num(in_order, nan=-np.inf)
        assert (in_order[:-1] >= in_order[1:]).all()


def test_equal_values_are_not_taken_from_the_top_left():
    first_half = ranks(torch.zeros(1, 32, 32))[0] < 512
    assert 200 < first_half[:16].sum() < 312  # about half of them in the upper half


@pytest.mark.parametrize("shape", [(32, 32), (9, 20)])
def test_blurring_is_scipys_gaussian_normalised_at_the_edges(shape):
    x = torch.rand(2, 3, *shape, dtype=torch.double)
    sigma = tuple(n / 8 for n in shape)
    expected = [
        [
            gaussian_filter(colour, sigma, mode="constant", truncate=9)
            / gaussian_filter(np.ones(shape), sigma, mode="constant", truncate=9)
            for colour in picture
        ]
        for picture in x.numpy()
    ]
    torch.testing.assert_close(blurred(x), torch.tensor(np.array(expected)), rtol=0, atol=1e-6)


def test_average_drop_by_hand():
    model = weighing(1.0, 1, 2, -1)
    maps = torch.tensor([[[0.0, 2.0], [4.0, -9.0]]])
    masks = soft_masks(maps, (2, 2))  # the positive part over its maximum
    assert masks.tolist() == [[[0, 0.5], [1, 0]]]
    before, after = confidence_through(model, PICTURE, masks, 1)  # kept: b / 2 and c
    assert before.tolist() == pytest.approx([sigmoid(5)])
    assert after.tolist() == pytest.approx([sigmoid(1 + 6)])
    assert drop(before, after).tolist() == [0]  # the confidence rose
    assert drop(after, before).tolist() == pytest.approx([1 - sigmoid(5) / sigmoid(7)], abs=1e-6)
    # A blank map keeps nothing.
    blank = soft_masks(torch.zeros(1, 2, 2), (2, 2))
    assert confidence_through(model, PICTURE, blank, 1)[1].tolist() == [0.5]


@pytest.mark.parametrize(
    ("threshold", "kept"),
    [
        (0, [[False, True], [True, False]]),
        (0.5, [[False, True], [True, False]]),
        (0.51, [[False, False], [True, False]]),
        (1, [[False, False], [True, False]]),
    ],
)
def test_what_a_threshold_keeps(threshold, kept):
    maps = torch.tensor([[[0.0, 2.0], [4.0, -9.0]]])
    assert hard_masks(maps, (2, 2), threshold).tolist() == [kept]
    assert not hard_masks(-maps.abs(), (2, 2), threshold).any()


def test_mass_and_pointing_by_hand():
    mask = torch.tensor([[True, False], [True, False]])
    maps = torch.tensor([
        [[3.0, 1.0], [-5.0, 4.0]],  # 3 of 8 on the mask, the peak off it
        [[0.0, 0.0], [7.0, -1.0]],
        [[2.0, 2.0], [2.0, 2.0]],  # no differences: all four are the highest
        [[-1.0, -2.0], [-3.0, -4.0]],  # no positive part, but a highest place
        [[torch.nan, 1.0], [1.0, 1.0]],
    ])  # fmt: skip
    share, hits = mass_on(maps, mask), points_at(maps, mask)
    assert share[:3].tolist() == [3 / 8, 1, 0.5]
    assert share[3:].isnan().all()
    assert hits[:4].tolist() == [0, 1, 0.5, 1]
    assert hits[4].isnan()
    # A coarse map is enlarged to the mask: its left half is on the left half.
    assert mass_on(torch.tensor([[[1.0, 0.0]]]), mask.repeat_interleave(8, 1)) > 0.8


def test_the_blob_is_a_centred_hill():
    blob = centred_blob((8, 6))[0]
    torch.testing.assert_close(blob, blob.flip(0).flip(1))
    torch.testing.assert_close(blob[0, 0], torch.tensor(math.exp(-(1.75**2 + (5 / 3) ** 2) / 2)))
    assert centred_blob((1, 1)).item() == 1


@pytest.mark.parametrize("corner", [(0, 0), (20, 3), (12, 12), (24, 24)])
def test_a_map_of_what_the_network_looks_for_beats_the_controls(corner):
    x, [mask] = planted(corner)
    model = red_finder()
    good = heatmap(model, x, 1, "1", "grad_cam")
    noise = torch.cat([random_map((32, 32), seed) for seed in range(5)])
    found = curves(model, x, torch.cat([good, noise]), 1, steps=16)
    deletion, insertion = area(found.deletion), area(found.insertion)
    assert deletion[0] < deletion[1:].min() - 0.1
    assert insertion[0] > insertion[1:].max()
    # The red square is a sixteenth of the picture: gone after the first step, and with it the score
    assert found.deletion[0, 1] == pytest.approx(0.5)
    on = torch.from_numpy(mask)
    assert mass_on(good, on).item() == pytest.approx(1)
    assert points_at(good, on).item() == 1
    assert mass_on(noise, on).mean().item() == pytest.approx(1 / 16, abs=0.01)
