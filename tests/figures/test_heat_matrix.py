"""Every map of the matrix lies on its own picture, with true values under the pointer."""

from itertools import pairwise

import numpy as np
import pytest

from cnnattn.figures.heat.heat_matrix import Cell, Column, heat_matrix

PICTURE = np.zeros((32, 32, 3), np.uint8)
CAM = np.array([[4.0, -8.0], [1.0, 0.0]])


def matrix(cells, **look):
    return heat_matrix([Column("T", "#000000", cells)], **look)


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


def test_the_pointer_meets_the_true_value():
    figure = matrix([Cell(PICTURE, CAM, ["t"])], hover="v=%{customdata}")
    trace = next(trace for trace in figure.data if trace.type == "heatmap")
    np.testing.assert_allclose(trace.customdata, CAM)
    assert trace.hovertemplate.startswith("v=%{customdata}")
    assert trace.z.tolist() == [[1, 0], [0.25, 0]]


def test_signed_maps_have_a_colour_scale_of_their_own_around_zero():
    cells = [Cell(PICTURE, CAM, ["t"]), Cell(PICTURE, CAM, ["t"], signed=True)]
    figure = matrix(cells, value_title="plain", signed_title="both ways")
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [trace.coloraxis for trace in maps] == ["coloraxis", "coloraxis2"]
    plain, signed = figure.layout.coloraxis, figure.layout.coloraxis2
    assert (plain.cmin, plain.cmax) == (0, 1)
    assert plain.colorscale[0] == (0, "rgba(0, 0, 4, 0.00)")
    assert signed.colorscale[5] == (0.5, "rgba(247, 247, 247, 0.00)")
    assert (signed.cmin, signed.cmax) == (-1, 1)
    words = " ".join(text.text for text in figure.layout.annotations)
    assert [words.count(title) for title in ("plain", "both ways")] == [1, 1]


def test_a_single_kind_of_map_has_one_colour_bar_with_its_own_title():
    cells = [Cell(PICTURE, CAM, ["t"], signed=True), Cell(PICTURE, None, ["no map"])]
    figure = matrix(cells, value_title="relative")
    assert figure.layout.coloraxis.colorscale is None
    assert figure.layout.coloraxis2.cmin == -1
    words = " ".join(text.text for text in figure.layout.annotations)
    assert words.count("relative") == 1


def test_a_cell_without_a_map_shows_its_picture_and_its_words():
    figure = matrix([Cell(PICTURE, None, ["name", "no map"])])
    assert not [trace for trace in figure.data if trace.type == "heatmap"]
    assert len(figure.layout.images) == 1
    assert "<b>name</b><br>no map" in figure.layout.annotations[2].text
    assert figure.data[0].xaxis == "x"  # or Plotly would leave out the axes and the picture
