from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision.transforms.v2.functional as peer
from hypothesis import given
from hypothesis import strategies as st

from cnnattn.data.augment import (
    Augmentation,
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    augment,
    rotate,
    shift,
)
from cnnattn.data.pictures import NEUTRAL

NOTHING = Augmentation(crop=0, flip=False)
TUTORIAL = Augmentation(crop_fill="black", jitter=(0.2, 0.2, 0.2, 0.1), rotation=15)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(n: int = 16, height: int = 32, width: int = 32) -> torch.Tensor:
    """Smooth colours with noise on them, uint8 (N, H, W, 3): hues, greys and extremes occur."""
    coarse = torch.rand(n, 3, 4, 4, generator=seeded(1)) * 1.6 - 0.3
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    noise = 0.1 * torch.randn(n, 3, height, width, generator=seeded(2))
    pictures = ((smooth + noise).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).contiguous()
    pictures[0] = 128  # plain grey: saturation and hue are undefined there
    return pictures


def test_nothing_asked_nothing_done():
    assert torch.equal(augment(batch(), NOTHING, seeded()), batch())


@pytest.mark.parametrize("how", [Augmentation(), TUTORIAL, Augmentation(cutout=8)], ids=str)
def test_the_generator_decides_everything(how):
    before = batch()
    first = augment(before, how, seeded(3))
    torch.manual_seed(99)
    assert torch.equal(augment(before, how, seeded(3)), first)
    assert not torch.equal(augment(before, how, seeded(4)), first)
    assert torch.equal(before, batch())
    assert first.dtype == torch.uint8


@pytest.mark.parametrize(("fill", "mode"), [("reflect", "reflect"), ("black", "constant")])
def test_a_crop_is_torchvisions_pad_and_crop(fill, mode):
    pictures = batch(25, 20, 14)
    by = torch.cartesian_prod(torch.tensor([-4, -1, 0, 2, 4]), torch.tensor([-4, -3, 0, 1, 4])).T
    shifted = shift(pictures, by, 4, fill)
    for picture, moved, (row, column) in zip(pictures, shifted, by.T.tolist(), strict=True):
        padded = peer.pad(picture.permute(2, 0, 1).float(), [4, 4], padding_mode=mode)
        expected = peer.crop(padded, 4 + row, 4 + column, 20, 14)
        assert torch.equal(moved.permute(2, 0, 1).float(), expected)


@given(st.integers(0, 6), st.sampled_from(["reflect", "black"]), st.integers(0, 1000))
def test_every_crop_is_one_of_the_possible_ones(most, fill, seed):
    pictures = batch(3, 12, 9)
    moves = [(r, c) for r in range(-most, most + 1) for c in range(-most, most + 1)]
    possible = [shift(pictures, torch.tensor(m)[:, None].expand(2, 3), most, fill) for m in moves]
    for i, picture in enumerate(augment(pictures, Augmentation(most, fill, False), seeded(seed))):
        assert any(torch.equal(picture, candidate[i]) for candidate in possible)


def test_all_moves_are_equally_likely():
    # A single bright pixel in the middle tells how far its picture moved.
    pictures = torch.zeros(8100, 32, 32, 3, dtype=torch.uint8)
    pictures[:, 16, 16] = 255
    moved = augment(pictures, replace(NOTHING, crop=4), seeded())
    _, rows, columns = moved[..., 0].nonzero(as_tuple=True)
    counts = np.histogram2d(rows, columns, bins=[range(12, 22)] * 2)[0]
    assert counts.sum() == 8100
    assert counts.min() > 60  # 100 expected, standard deviation 10
    assert counts.max() < 140


def test_half_of_the_pictures_are_mirrored():
    pictures = batch(400, 4, 6)
    flipped = augment(pictures, replace(NOTHING, flip=True), seeded())
    mirrored = [torch.equal(a, b.flip(1)) for a, b in zip(flipped, pictures, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(flipped, pictures, strict=True)]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert 150 < sum(mirrored) < 250


@pytest.mark.parametrize(
    ("ours", "theirs", "factors"),
    [
        (adjust_brightness, peer.adjust_brightness, (0, 0.8, 1, 1.2, 3)),
        (adjust_contrast, peer.adjust_contrast, (0, 0.8, 1, 1.2, 3)),
        (adjust_saturation, peer.adjust_saturation, (0, 0.8, 1, 1.2, 3)),
        (adjust_hue, peer.adjust_hue, (-0.5, -0.1, 0, 0.07, 0.5)),
    ],
    ids=["brightness", "contrast", "saturation", "hue"],
)
def test_each_change_of_colour_is_torchvisions(ours, theirs, factors):
    pictures = batch(5 * len(factors)).permute(0, 3, 1, 2)
    each = torch.tensor(factors).repeat(5)
    changed = ours(pictures / 255, each)
    for picture, mine, factor in zip(pictures, changed, each.tolist(), strict=True):
        torch.testing.assert_close(mine, theirs(picture / 255, factor), atol=1e-5, rtol=0)
        # In whole numbers torchvision cuts decimals off on its way.
        rounded = (mine * 255).round()
        assert (rounded - theirs(picture, factor).float()).abs().max() <= 2


@pytest.mark.parametrize(
    "amounts", [(0.2, 0, 0, 0), (0, 0.2, 0, 0), (0, 0, 0.2, 0), (0, 0, 0, 0.1)]
)
def test_a_jitter_stays_within_its_bounds_and_differs_from_picture_to_picture(amounts):
    pictures = batch(1).expand(64, -1, -1, -1).clone()
    pictures[:] = torch.tensor([[[160, 100, 60]]], dtype=torch.uint8)
    pictures[:, :16] = torch.tensor([100, 130, 160], dtype=torch.uint8)
    operation = (
        peer.adjust_brightness,
        peer.adjust_contrast,
        peer.adjust_saturation,
        peer.adjust_hue,
    )[int(np.flatnonzero(amounts)[0])]
    centre, most = (0, 0.1) if operation is peer.adjust_hue else (1, 0.2)
    picture = pictures[0].permute(2, 0, 1)
    ends = torch.stack([operation(picture / 255, centre + most * s) * 255 for s in (-1, 1)])
    low, high = (e.permute(1, 2, 0) for e in (ends.amin(0), ends.amax(0)))
    jittered = augment(pictures, replace(NOTHING, jitter=amounts), seeded()).float()
    assert len({tuple(p[-1, -1].tolist()) for p in jittered}) > 20
    inside = (jittered >= low - 1) & (jittered <= high + 1)
    assert inside.all()
    # Nearly the whole range is used.
    assert (jittered.amin(0) - low).max() < 4
    assert (high - jittered.amax(0)).max() < 4


def test_a_rotation_is_torchvisions():
    pictures = batch(9, 32, 32)
    degrees = torch.tensor([0.0, 90, -90, 180, 15, -15, 3.3, 7.9, -11.1])
    for picture, turned, angle in zip(pictures, rotate(pictures, degrees), degrees, strict=True):
        expected = peer.rotate(picture.permute(2, 0, 1), angle.item()).permute(1, 2, 0)
        # A pixel whose source lies just between two may fall to either.
        assert (turned != expected).any(2).float().mean() <= 0.005


def test_a_rotation_of_an_oblong_picture_by_hand():
    picture = torch.arange(1, 5, dtype=torch.uint8).reshape(1, 1, 4, 1).expand(1, 1, 4, 3)
    assert rotate(picture, torch.tensor([180.0]))[0, 0, :, 0].tolist() == [4, 3, 2, 1]


def test_rotations_lie_within_the_angle_asked_for():
    # A dot near the right edge moves up and down by up to 14.5 sin 15° = 3.75 pixels.
    pictures = torch.zeros(500, 31, 31, 3, dtype=torch.uint8)
    pictures[:, 14:17, 28:31] = 255
    turned = augment(pictures, replace(NOTHING, rotation=15), seeded())[..., 0].float()
    rows = (turned.sum(2) * torch.arange(31)).sum(1) / turned.sum((1, 2)) - 15
    assert 3 < rows.max() < 4.3
    assert -4.3 < rows.min() < -3
    assert abs(rows.mean()) < 0.4


def test_cutout_covers_one_square_with_the_neutral_colour():
    pictures = torch.zeros(300, 20, 16, 3, dtype=torch.uint8)
    cut = augment(pictures, replace(NOTHING, cutout=6), seeded())
    hole = (cut == torch.tensor(NEUTRAL)).all(3)
    assert (cut[~hole] == 0).all()
    heights, widths = hole.any(2).sum(1), hole.any(1).sum(1)
    assert torch.equal(hole.sum((1, 2)), heights * widths)  # a rectangle, cut off at the edge
    assert heights.max() == widths.max() == 6
    assert heights.min() == widths.min() == 3
