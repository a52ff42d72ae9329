"""What the figures of Feature maps show, in words: of maps with known numbers."""

import numpy as np

from cnnattn.figures.maps.feature_table import StageMaps
from cnnattn.web.feature_maps import words
from cnnattn.web.library.tables import layer_rows
from cnnattn.web.shell.text import speak

MAPS = np.zeros((3, 2, 2))
MAPS[1] = [[1, 2], [3, 4]]
MAPS[2, 0, 0] = -5


def test_a_layer_in_words_and_numbers():
    speak("en")
    assert words.layer_alt("conv1", MAPS) == (
        "All channels of layer conv1, 3×2×2: activations from -5.00 to 4.00, the largest mean in "
        "channel 1."
    )
    rows = layer_rows(MAPS)
    assert rows[1] == {"channel": 1, "mean": 2.5, "max": 4.0, "share of zeros": 0.0}
    assert rows[2] == {"channel": 2, "mean": -1.25, "max": 0.0, "share of zeros": 0.75}
    assert "58% exactly zero" in words.histogram_alt("conv1", MAPS)
    assert "3×2×2" in words.path_alt("M", {"conv1": MAPS}, "conv1")
    assert words.kernels_alt("conv1", MAPS).startswith("3 kernels of layer conv1, 2×2 each")


def test_the_largest_value_is_found_in_its_image_and_channel():
    speak("en")
    maps = np.stack([MAPS[[0, 2]], MAPS[[0, 1]]])  # two images, two of their channels
    column = StageMaps("conv1", maps, np.array([[0, 2], [7, 9]]), [["", ""]] * 2)
    alt = words.table_alt(["cat", "dog"], [column])
    assert "from -5.00 to 4.00, the largest in channel 9 of dog" in alt
    last = words.table_rows(["cat", "dog"], [column])[-1]
    assert last == {"image": "dog", "layer": "conv1", "channel": 9, "mean": 2.5, "max": 4.0}
    speak("zh")
    assert "最大值在通道 9（dog）" in words.table_alt(["cat", "dog"], [column])
    speak("en")
