import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cnnattn.data.corrupt import CORRUPTIONS, corrupt
from cnnattn.data.pictures import NEUTRAL
from cnnattn.problem import Problem

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (5, 32, 32, 3), np.uint8)
each_kind = pytest.mark.parametrize("kind", CORRUPTIONS)


@each_kind
def test_strength_0_changes_nothing_and_the_originals_are_never_touched(kind):
    before = PICTURES.copy()
    assert np.array_equal(corrupt(PICTURES, kind, 0), before)
    worse = corrupt(PICTURES, kind, 0.7)
    assert np.array_equal(PICTURES, before)
    assert worse.dtype == np.uint8
    assert not np.array_equal(worse, before)


@each_kind
def test_the_seed_decides(kind):
    assert np.array_equal(corrupt(PICTURES, kind, 0.5, 3), corrupt(PICTURES, kind, 0.5, 3))
    random = kind in ("noise", "rotation", "occlusion")
    same = [np.array_equal(corrupt(PICTURES, kind, 0.5, s), corrupt(PICTURES, kind, 0.5, 3))
            for s in range(4, 9)]  # fmt: skip
    assert all(same) != random


@each_kind
@given(strength=st.floats(0, 1), shape=st.tuples(*[st.integers(2, 9)] * 2))
@settings(max_examples=20, deadline=None)
def test_any_strength_and_any_size_do(kind, strength, shape):
    assert corrupt(PICTURES[:2, : shape[0], : shape[1]], kind, strength).shape == (2, *shape, 3)


def test_noise_is_normal_64_times_the_strength_and_clipped():
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    difference = corrupt(grey, "noise", 0.25).astype(float) - 128
    assert abs(difference.mean()) < 0.3  # 49,152 values of deviation 16: 4 standard errors
    assert abs(difference.std() - 16) < 0.3
    black = corrupt(np.zeros_like(grey), "noise", 1)
    assert 0.48 < (black == 0).mean() < 0.52  # half of it would have been below 0


def test_the_noise_grows_in_place_with_the_strength():
    grey = np.full((1, 8, 8, 3), 128, np.uint8)
    weak, strong = (corrupt(grey, "noise", s).astype(int) - 128 for s in (0.2, 0.4))
    assert np.abs(strong - 2 * weak).max() <= 2  # but for rounding, and the sign stays


@pytest.mark.parametrize("strength", [0.1, 0.25, 0.5])
def test_blur_is_scipys_away_from_the_edges(strength):
    deviation = 4 * strength  # of 32 pixels
    ours = corrupt(PICTURES, "blur", strength)[:, 12:20, 12:20].astype(float)
    whole = gaussian_filter(PICTURES.astype(float), (0, deviation, deviation, 0), truncate=12)
    assert np.abs(ours - whole[:, 12:20, 12:20]).max() < 0.51


def test_blur_by_hand():
    # Three pixels, white in the middle; deviation s = 3/8: neighbours weigh w = exp(-1/(2 s²)).
    w, far = np.exp(-1 / (2 * 0.375**2)), np.exp(-4 / (2 * 0.375**2))
    row = np.zeros((1, 1, 3, 3), np.uint8)
    row[0, 0, 1] = 255
    edge, middle = 255 * w / (1 + w + far), 255 / (1 + 2 * w)
    expected = [round(edge), round(middle), round(edge)]
    assert corrupt(row, "blur", 1)[0, 0, :, 0].tolist() == expected
    same = np.full((1, 9, 7, 3), 77, np.uint8)
    assert np.array_equal(corrupt(same, "blur", 1), same)


def test_brightness_by_hand():
    row = np.array([0, 10, 100, 200], np.uint8)[None, None, :, None].repeat(3, 3)
    assert corrupt(row, "brightness", 1)[0, 0, :, 0].tolist() == [0, 30, 255, 255]
    assert corrupt(row, "brightness", 0.5)[0, 0, :, 0].tolist() == [0, 20, 200, 255]


def test_the_strongest_rotation_is_a_quarter_turn_to_either_side():
    turned = corrupt(PICTURES.repeat(4, 0), "rotation", 1, seed=1)
    sides = [
        next(k for k in (1, -1) if np.array_equal(np.rot90(before, k), after))
        for before, after in zip(PICTURES.repeat(4, 0), turned, strict=True)
    ]
    assert set(sides) == {1, -1}


def test_occlusion_covers_a_square_of_that_side():
    white = np.full((50, 32, 32, 3), 255, np.uint8)
    worse = corrupt(white, "occlusion", 0.25)
    for picture in worse:
        covered = (picture == NEUTRAL).all(-1)
        rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
        assert len(rows) == len(columns) == 8
        assert covered.sum() == 64  # so it is a square without holes
        assert (picture[~covered] == 255).all()
    tops = (worse == NEUTRAL).all(-1).any(2).argmax(1)
    assert tops.min() < 4
    assert tops.max() > 20  # and it is everywhere
    assert (corrupt(white, "occlusion", 1) == NEUTRAL).all()


def test_problems():
    with pytest.raises(Problem, match="no corruption called “fog”; the known ones are noise, blur"):
        corrupt(PICTURES, "fog", 0.5)
    with pytest.raises(Problem, match=r"between 0 and 1, but it is 1\.5"):
        corrupt(PICTURES, "blur", 1.5)
