import numpy as np

from cnnattn.figures.attention.pairs import PairGroup, pairs


def test_before_stands_above_after_on_one_scale():
    before = np.stack([np.full((4, 4), 0.8), np.full((4, 4), 0.4)])
    after = before * np.array([0.5, 0.0])[:, None, None]
    groups = [
        PairGroup("", before, after, [9, 3], ["9", "3"], ["", ""]),
        PairGroup("", after, before, [1, 2], ["1", "2"], ["", ""]),
    ]
    figure = pairs(groups)
    first, clicks, second, _clicks = figure.data
    picture = np.asarray(first.z)
    height, width = picture.shape
    top, bottom = picture[height // 4], picture[3 * height // 4]
    # 0 … 0.8 are the levels 1 … 255: 0.8, 0.4 above 0.4, 0.
    assert (top[width // 4], top[3 * width // 4]) == (255, 128)
    assert (bottom[width // 4], bottom[3 * width // 4]) == (128, 1)
    assert list(clicks.customdata) == [9, 3, 9, 3]
    assert first.coloraxis == second.coloraxis
