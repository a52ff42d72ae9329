import hashlib
import sys

import numpy as np
import pytest
from PIL import Image, ImageFont

from cnnattn.data import make_samples
from cnnattn.data.datasets import CIFAR10_CLASSES
from cnnattn.data.samples import FOLDER, samples

FONT_SHA256 = "e5899ed38b8ed83e08bd3ac5de09791e9d19d288333a796de1d35ad17396f1ec"


@pytest.fixture(scope="module")
def font():
    path = make_samples.DEBIAN_FONT
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != FONT_SHA256:
        pytest.skip("needs NotoColorEmoji.ttf 2.042 (Debian 12's fonts-noto-color-emoji)")
    return path


def test_every_class_has_three_samples_or_more_in_class_order():
    labels = [sample.label for sample in samples()]
    assert sorted(set(labels)) == list(CIFAR10_CLASSES)
    assert labels == sorted(labels)
    assert min(labels.count(label) for label in CIFAR10_CLASSES) >= 3


def test_names_are_unique_and_say_the_class():
    names = [sample.name for sample in samples()]
    assert len(set(names)) == len(names)
    assert all(sample.name.startswith(sample.label + "-") for sample in samples())


def test_every_scene_is_there_and_nothing_else():
    files = {path.name for path in FOLDER.iterdir()} - {"CREDITS.txt"}
    assert len(files) == 2 * len(make_samples.SCENES)
    assert files == {s.name + end for s in samples() for end in (".png", ".mask.png")}


def test_arrays_are_shared_and_cannot_be_spoilt():
    sample = samples()[0]
    assert samples()[0] is sample
    for array, dtype, shape in (
        (sample.picture, np.uint8, (128, 128, 3)),
        (sample.mask, bool, (128, 128)),
    ):
        assert array.dtype == dtype
        assert array.shape == shape
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_object_fills_a_good_part_of_the_frame_and_stays_inside():
    for sample in samples():
        assert 0.1 < sample.mask.mean() < 0.7, sample.name
        rows, columns = (np.flatnonzero(sample.mask.any(axis)) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) >= 80, sample.name
        edge = np.concatenate([sample.mask[[0, -1]].ravel(), sample.mask[:, [0, -1]].ravel()])
        assert not edge.any(), sample.name


def test_masks_match_the_alpha_of_the_glyphs(font):
    loaded = ImageFont.truetype(font, make_samples.STRIKE, layout_engine=ImageFont.Layout.BASIC)
    for scene, sample in zip(make_samples.SCENES, samples(), strict=True):
        alpha = np.asarray(make_samples.draw(scene, loaded).getchannel("A"))
        np.testing.assert_array_equal(sample.mask, alpha > 127, sample.name)
        # Where the glyph is opaque the picture is the glyph, whatever lies behind it.
        glyph = np.asarray(make_samples.draw(scene, loaded).convert("RGB"))
        np.testing.assert_array_equal(
            sample.picture[alpha == 255], glyph[alpha == 255], sample.name
        )


def test_the_script_makes_the_committed_pictures(font, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make_samples", "--font", str(font), "--out", str(tmp_path)])
    make_samples.main()
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in FOLDER.glob("*.png"))
    for name in made:
        # Pixels, not bytes: another Pillow may bring another zlib.
        with Image.open(tmp_path / name) as new, Image.open(FOLDER / name) as committed:
            assert new.mode == committed.mode
            np.testing.assert_array_equal(np.asarray(new), np.asarray(committed), name)
