"""Numbers into pixels, as the page does it."""

import numpy as np
import pytest

from cnnattn.figures.heat.style import heat_veil
from cnnattn.live.script import FOLDER


@pytest.fixture(scope="module")
def veil(v8):
    """The four tables of the veil of heat maps: red, green, blue, rest."""
    v8.do((FOLDER / "drawing.js").read_text("utf-8"))
    stops = [list(stop) for stop in heat_veil()]
    v8.do(f"veil = veilTable({stops})")
    return np.array([v8.array(f"veil.{name}") for name in ("red", "green", "blue", "rest")])


def test_the_veil_over_a_picture_is_alpha_blending_between_the_stops(veil):
    stops = np.array(heat_veil())
    places = np.linspace(0, 1, len(stops))
    for level in (0, 1, 70, 128, 153, 255):
        *colour, alpha = (np.interp(level / 255, places, stops[:, c]) for c in range(4))
        picture = np.array([200.0, 10.0, 90.0])
        expected = picture * (1 - alpha) + np.array(colour) * alpha
        assert np.abs(veil[:3, level] + picture * veil[3, level] - expected).max() < 1e-3


def test_a_picture_is_seen_unchanged_where_the_map_says_nothing(veil):
    assert veil[:, 0].tolist() == [0, 0, 0, 1]
