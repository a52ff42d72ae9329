"""Every map of the matrix lies on its own picture, with true values under the pointer."""

from itertools import pairwise

import numpy as np
import pytest

from cnnattn.figures.heat.heat_matrix import (
    Cell,
    Column,
    heat_matrix,
    largest_value,
    relative,
    veil,
)
from cnnattn.figures.kit.palette import DIVERGING, SEQUENTIAL

PICTURE = np.zeros((32, 32, 3), np.uint8)
CAM = np.array([[4.0, -8.0], [1.0, 0.0]])


def matrix(cells, **look):
    return heat_matrix([Column("T", "#000000", cells)], **look)


def test_what_is_drawn_is_the_share_of_the_limit():
    assert relative(Cell(PICTURE, CAM, [""]), signed=False).tolist() == [[1, 0], [0.25, 0]]
    assert relative(Cell(PICTURE, CAM, [""]), signed=True).tolist() == [[0.5, -1], [0.125, 0]]
    # A limit that other maps share: what is beyond it is clipped.
    assert relative(Cell(PICTURE, CAM, [""], 8), signed=False).tolist() == [[0.5, 0], [0.125, 0]]
    assert relative(Cell(PICTURE, CAM, [""], 2), signed=True).tolist() == [[1, -1], [0.5, 0]]


@pytest.mark.parametrize("values", [np.zeros((2, 2)), -np.ones((2, 2)), np.full((2, 2), np.nan)])
def test_a_map_that_shows_nothing_is_drawn_as_nothing(values):
    assert not relative(Cell(PICTURE, values, [""]), signed=False).any()


@pytest.mark.parametrize("across", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (7, 5)])
def test_every_map_covers_exactly_its_own_picture(size, across):
    cells = [Cell(PICTURE, np.full(size, i + 1.0), ["t", "words"]) for i in range(5)]
    figure = matrix(cells, across=across)
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    for i, (trace, image) in enumerate(zip(maps, figure.layout.images, strict=True)):
        assert (trace.customdata == i + 1).all()
        start = (trace.x0 - trace.dx / 2, trace.y0 - trace.dy / 2)
        end = (start[0] + size[1] * trace.dx, start[1] + size[0] * trace.dy)
        assert start == pytest.approx((image.x, image.y))
        assert end == pytest.approx((image.x + image.sizex, image.y + image.sizey))
    rows = {image.y for image in figure.layout.images}
    assert len(rows) == -(-5 // across)


@pytest.mark.parametrize("width", [350, 680, 1040])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_pictures_and_words_stay_within_their_model_s_column(width, count):
    cells = [Cell(PICTURE, CAM, ["A title", "some words of a few letters"])] * 3
    figure = heat_matrix([Column("T", "#000000", cells)] * count, width=width)
    for i in range(count):
        name = "" if i == 0 else str(i + 1)
        end, bottom = figure.layout[f"xaxis{name}"].range[1], figure.layout[f"yaxis{name}"].range[0]
        images = [image for image in figure.layout.images if image.xref == f"x{name}"]
        texts = [text for text in figure.layout.annotations if text.xref == f"x{name}"]
        assert len(images) == len(texts) == 3
        assert max(image.x + image.sizex for image in images) <= end + 1e-9
        assert max(image.y + image.sizey for image in images) <= bottom
        for one, other in pairwise(images):
            assert one.y + one.sizey < other.y
        for text in texts:
            assert text.x < end
            assert text.y < bottom


def test_a_cell_without_a_map_shows_its_picture_and_its_words():
    figure = matrix([Cell(PICTURE, None, ["name", "no map"])])
    assert not [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(figure.layout.images) == 1
    assert "<b>name</b><br>no map" in figure.layout.annotations[2].text
    assert figure.data[0].xaxis == "x"  # or Plotly would leave out the axes and the picture


@pytest.mark.parametrize(("colours", "clear"), [(SEQUENTIAL, 0.0), (DIVERGING, 0.5)])
def test_the_picture_shines_through_where_a_map_says_nothing(colours, clear):
    alphas = {position: float(colour.split()[-1][:-1]) for position, colour in veil(colours, clear)}
    assert alphas[clear] == 0
    assert alphas[1] == 1
    if clear:
        assert alphas[0] == 1
    assert all(alpha == 1 for at, alpha in alphas.items() if abs(at - clear) > 0.5)


def test_a_percentile_ends_the_scale_of_maps_in_which_single_pixels_stand_out():
    cam = np.array([[-1.0, 2.0], [3.0, -100.0]])
    assert largest_value(cam, signed=True) == 100
    assert largest_value(cam, signed=False) == 3
    assert largest_value(cam, signed=True, percentile=50) == 2.5
    assert largest_value(np.array([[0.0, 0, 0, 7]]), signed=False, percentile=50) == 7
