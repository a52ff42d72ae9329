"""Pictures in the page's own text: the very pixels, each encoded once."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cnnattn.data.samples import samples
from cnnattn.places import ROOT
from cnnattn.web.compare.first_screen import PICTURE, _portrait
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.library.thumbnails import picture_uri

SHIP = next(s for s in samples() if s.name == "ship-1")
NOISE = np.random.default_rng(0).integers(0, 256, (600, 300, 3), dtype=np.uint8)


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


@pytest.mark.parametrize(
    "picture", [SHIP.picture, NOISE, NOISE[:1, :1]], ids=["sample", "large", "point"]
)
def test_a_picture_in_text_is_that_picture_and_written_once(picture):
    uri = picture_uri(picture)
    assert np.array_equal(pixels(uri), picture)
    assert picture_uri(picture.copy()) is uri


def test_a_thumbnail_is_small():
    assert pixels(picture_uri(SHIP.picture, 64)).shape == (64, 64, 3)


def test_home_shows_the_very_picture():
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.query_params.update({"lang": "en", "sample": SHIP.name})
    assert not app.run().exception
    [shown] = app.get("image")[0].proto.imgs
    assert np.array_equal(pixels(shown.url), SHIP.picture)


def test_a_large_picture_is_sent_no_larger_than_it_is_shown_in_its_own_shape():
    assert pixels(_portrait(Chosen("tall", NOISE))).shape == (PICTURE, PICTURE // 2, 3)
