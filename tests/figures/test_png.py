"""Pictures survive being written as PNG; Pillow reads them back."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from cnnattn.figures.kit.png import png_uri


def read(uri):
    head, body = uri.split(",")
    assert head == "data:image/png;base64"
    return np.array(Image.open(io.BytesIO(b64decode(body))))


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 9, 3), (32, 32, 4)])
def test_pillow_reads_back_the_same_pixels(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(read(png_uri(picture)), picture)


def test_sharp_pictures_have_every_pixel_repeated():
    picture = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    assert np.array_equal(read(png_uri(picture, sharp=10)), np.kron(picture, np.ones((3, 3, 1))))


def test_a_strip_of_eight_equal_pictures_is_hardly_larger_than_one():
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    strip = np.concatenate([picture] * 8, axis=1)
    assert len(png_uri(strip)) < 1.3 * len(png_uri(picture))
