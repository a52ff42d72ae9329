"""Heat maps lie on the picture they explain."""

import numpy as np
import pytest

from cnnattn.figures.heat.overlays import Overlay, OverlayColumn, overlays

PICTURE = np.zeros((32, 32, 3), np.uint8)
CAM = np.array([[4.0, -2.0], [1.0, 0.0]])


def column(*shown):
    return OverlayColumn("T", "#000000", shown)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (8, 8), (7, 5)])
def test_every_map_covers_exactly_its_copy_of_the_picture(size):
    figure = overlays(PICTURE, [column(*[Overlay("", np.ones(size))] * 3)])
    lefts = [0, 34, 68]  # 32 pixels and a gap of 2
    for trace, left in zip(figure.data, lefts, strict=True):
        start = (trace.x0 - trace.dx / 2, trace.y0 - trace.dy / 2)
        end = (start[0] + size[1] * trace.dx, start[1] + size[0] * trace.dy)
        np.testing.assert_allclose([start, end], [(left, 0), (left + 32, 32)], atol=1e-9)
    [image] = figure.layout.images
    assert (image.x, image.y, image.sizex, image.sizey) == (0, 0, 100, 32)
    assert image.layer == "below"


def test_the_pointer_meets_the_true_value():
    figure = overlays(PICTURE, [column(Overlay("", CAM, hover="v=%{customdata}"))])
    np.testing.assert_allclose(figure.data[0].customdata, CAM)
    assert figure.data[0].hovertemplate.startswith("v=%{customdata}")


def test_signed_maps_have_a_colour_scale_of_their_own_around_zero():
    figure = overlays(PICTURE, [column(Overlay("", CAM), Overlay("", CAM, signed=True))])
    assert [trace.coloraxis for trace in figure.data] == ["coloraxis", "coloraxis2"]
    plain, signed = figure.layout.coloraxis, figure.layout.coloraxis2
    assert (plain.cmin, plain.cmax) == (0, 1)
    assert plain.colorscale[0] == (0, "rgba(0, 0, 4, 0.00)")
    assert signed.colorscale[5] == (0.5, "rgba(247, 247, 247, 0.00)")
    assert (signed.cmin, signed.cmax) == (-1, 1)


def test_many_maps_go_on_in_the_next_row_in_order():
    shown = [Overlay(f"n{i}", np.full((2, 2), i + 1.0)) for i in range(5)]
    figure = overlays(PICTURE, [column(*shown), column(shown[0])], per_row=3)
    first = [(t.customdata[0][0], t.yaxis) for t in figure.data]
    assert first == [(1, "y"), (2, "y"), (3, "y"), (4, "y2"), (5, "y2"), (1, "y3")]
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1]
    assert figure.layout.yaxis3.domain == figure.layout.yaxis.domain
    assert [image.sizex for image in figure.layout.images] == [100, 66, 32]
