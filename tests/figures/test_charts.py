"""Bars, histograms, tables, kernels and the path: what is drawn is what was given."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from cnnattn.figures.kit.palette import NEUTRAL, RIGHT, WRONG
from cnnattn.figures.maps.channel_grid import Panel, channel_grid
from cnnattn.figures.maps.feature_table import StageMaps, feature_maps
from cnnattn.figures.maps.histogram import histogram
from cnnattn.figures.maps.kernels import kernels, rgb_kernels, rgb_tiles
from cnnattn.figures.maps.network_path import PathLayer, network_path
from cnnattn.figures.maps.one_channel import enlarged
from cnnattn.figures.scores.predictions import Prediction, PredictionColumn, predictions

RANDOM = np.random.default_rng(0)


def test_bars_are_the_probabilities_on_one_axis_from_0_to_1():
    ten = RANDOM.dirichlet(np.ones(10))
    model = PredictionColumn("T", "#000000", [Prediction(str(i), p) for i, p in enumerate(ten)])
    figure = predictions([model, model])
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [sum(trace.x) for trace in bars] == pytest.approx([1, 1])
    assert list(figure.layout.xaxis.range) == list(figure.layout.xaxis2.range) == [0, 1]
    assert list(bars[0].customdata) == [str(i) for i in range(10)]


def test_the_first_prediction_stands_on_top_with_its_mark_and_percentage():
    shown = [
        Prediction("cat", 0.625, "62%", is_predicted=True, mark="✗"),
        Prediction("dog", 0.25, "25%"),
    ]
    figure = predictions([PredictionColumn("T", "#000000", shown)])
    top, bottom = figure.layout.yaxis.range[::-1]
    assert top < figure.data[0].y[0] < figure.data[0].y[1] < bottom
    assert "✗ cat" in figure.data[1].text[0]
    assert ["62%" in figure.data[2].text[0], "25%" in figure.data[2].text[1]] == [True, True]


@pytest.mark.parametrize(
    ("is_true", "is_predicted", "colour"),
    [(True, True, RIGHT), (True, False, RIGHT), (False, True, WRONG), (False, False, NEUTRAL)],
)
def test_colours_tell_right_from_wrong(is_true, is_predicted, colour):
    shown = [Prediction("cat", 0.5, "50%", is_true, is_predicted)]
    figure = predictions([PredictionColumn("T", "#000000", shown)])
    assert figure.data[0].marker.color[0] == colour


def test_the_enlarged_channel_keeps_its_floats_and_the_shared_scale_its_ends():
    one, two = RANDOM.random((4, 6)), RANDOM.random((4, 6)) * 5
    figure = enlarged([one, two], ["A", "B"], ["#000000"] * 2, hover="%{z}")
    np.testing.assert_array_equal(figure.data[1].z, two.astype(np.float32))
    low, high = min(one.min(), two.min()), max(one.max(), two.max())
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (low, high)
    assert list(figure.layout.yaxis.range) == [3.5, -0.5]
    assert figure.data[0].hovertemplate.startswith("%{z}")
    own = enlarged([one, two], ["A", "B"], ["#000000"] * 2, shared_scale=False)
    assert own.layout.coloraxis.cmax == one.max()
    assert own.layout.coloraxis2.cmax == two.max()


def test_shares_of_a_histogram_sum_to_one_over_the_same_bins():
    one, two = RANDOM.normal(size=(2, 50)), RANDOM.normal(size=400) * 3
    one[0, 0] = np.nan
    figure = histogram([one, two], ["A", "B"], ["#000000"] * 2, bins=12)
    assert [sum(trace.y) for trace in figure.data] == pytest.approx([1, 1])
    np.testing.assert_array_equal(figure.data[0].x, figure.data[1].x)
    assert len(figure.data[0].x) == 12


def test_a_histogram_by_hand():
    values = np.array([0.0, 0.0, 0.0, 0.4, 0.9, 1.0, 1.6, 2.0])
    [line] = histogram([values], ["A"], ["#000000"], bins=2, hover="{title}: %{y}").data
    assert list(line.x) == [0.5, 1.5]
    assert list(line.y) == [5 / 8, 3 / 8]
    assert list(line.customdata) == ["0 … 1", "1 … 2"]
    assert line.hovertemplate.startswith("A: ")


def stage(size, top):
    maps = RANDOM.random((2, 5, size, size)) * top
    channels = np.array([[3, 1, 4, 15, 9], [2, 6, 5, 35, 8]])
    return StageMaps("S", maps, channels, [[f"{p} {c}" for c in range(5)] for p in range(2)])


def drawn(trace, x, y):
    """The level that the browser draws at (x, y)."""
    return trace.z[round((y - trace.y0) / trace.dy), round((x - trace.x0) / trace.dx)]


@pytest.mark.parametrize("shared", [True, False])
def test_the_table_shows_every_map_under_its_marker(shared):
    stages = [stage(16, 1.0), stage(8, 9.0)]
    figure = feature_maps([np.zeros((8, 8, 3), np.uint8)] * 2, stages, shared_scale=shared)
    for i, given in enumerate(stages):
        heat, markers = figure.data[1 + 2 * i : 3 + 2 * i]
        pairs = [[p, c] for p in (0, 1) for c in given.channels[p]]
        assert list(markers.customdata) == pairs
        size = given.maps.shape[2]
        for k, (x, y) in enumerate(zip(markers.x, markers.y, strict=True)):
            tile = given.maps[k // 5, k % 5]
            low, high = (given.maps.min(), given.maps.max()) if shared else (tile.min(), tile.max())
            for r, c in [(0, 0), (size - 1, 2), (3, size - 1)]:
                level = drawn(heat, x - size / 2 + c + 0.5, y - size / 2 + r + 0.5)
                assert level == round(1 + 254 * (tile[r, c] - low) / (high - low))


def test_the_pictures_of_the_table_stand_beside_their_maps():
    figure = feature_maps([np.zeros((8, 8, 3), np.uint8)] * 2, [stage(16, 1.0)], names=["a", "b"])
    markers = figure.data[2]
    for p, image in enumerate(figure.layout.images):
        first, last = markers.y[5 * p], markers.y[5 * p + 4]
        assert image.y == first - 8
        assert image.y + image.sizey == last + 8
    assert list(figure.layout.yaxis.range) == list(figure.layout.yaxis2.range)


def test_colour_kernels_are_symmetric_around_mid_grey():
    weights = np.zeros((2, 3, 1, 2))
    weights[0, :, 0, 0] = [2, -1, 0]
    weights[1, :, 0, 1] = [-0.1, 0, 0.05]
    tiles = rgb_tiles(weights)
    # numpy rounds 127.5, mid-grey, to the even 128, and 63.75 to 64.
    assert tiles[0].tolist() == [[[255, 64, 128, 255], [128, 128, 128, 255]]]
    assert tiles[1].tolist() == [[[128, 128, 128, 255], [0, 128, 191, 255]]]


def test_the_picture_of_colour_kernels_has_them_row_by_row():
    weights = RANDOM.normal(size=(8, 3, 3, 3))
    figure = rgb_kernels(weights, [str(i) for i in range(8)], selected=6)
    [image] = figure.layout.images
    pixels = np.array(Image.open(io.BytesIO(b64decode(image.source.split(",")[1]))))
    scale = pixels.shape[1] / image.sizex
    markers = figure.data[0]
    for k, tile in enumerate(rgb_tiles(weights)):
        x, y = (np.array([markers.x[k], markers.y[k]]) * scale).astype(int)
        assert pixels[y, x].tolist() == tile[1, 1].tolist()
    frame = figure.layout.shapes[0]
    assert ((frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2) == (markers.x[6], markers.y[6])


def test_slices_of_a_kernel_share_one_scale_around_zero():
    weights = np.array([[[0.5, 0.0]], [[-1.0, 0.25]]])
    figure = kernels(weights, ["a", "b"])
    heat, markers = figure.data
    assert list(markers.customdata) == [0, 1]
    levels = [drawn(heat, x + dx, y) for x, y in zip(markers.x, markers.y, strict=True)
              for dx in (-0.5, 0.5)]  # fmt: skip
    # -1 … 1 are levels 1 … 255: 0.5 is at 191.5, which rounds to the even 191 (190 + 1).
    assert levels == [191, 128, 1, 160]


def test_a_click_on_the_path_tells_the_layer():
    layers = [
        PathLayer("a", "A", 32, 32, 32, "conv"),
        PathLayer("b", "B", 32, 8, 8, "pool"),
        PathLayer("c", "C", 128, 8, 8, "conv"),
        PathLayer("d", "D", 10, 1, 1, "linear"),
    ]
    figure = network_path(layers, selected="c")
    boxes, markers = figure.data
    assert list(markers.customdata) == ["a", "b", "c", "d"]
    assert boxes.y[0] > boxes.y[1] == boxes.y[2] > boxes.y[3]
    assert boxes.width[0] == boxes.width[1] < boxes.width[2]
    assert [b + h / 2 for b, h in zip(boxes.base, boxes.y, strict=True)] == [0] * 4
    frame = figure.layout.shapes[0]
    assert (frame.x0 + frame.x1) / 2 == 2


def test_slanted_names_on_a_narrow_path_keep_apart():
    layers = [PathLayer(str(i), f"long-name-{i}", 8, 8, 8, "conv") for i in range(40)]
    figure = network_path(layers, width=350)
    places = [t.x for t in figure.layout.annotations if "long-name" in t.text]
    start, end = figure.layout.xaxis.range
    pixels = (figure.layout.xaxis.domain or (0, 1))[1] * 350 / (end - start)
    assert places[0] == 0
    assert min(np.diff(places)) * pixels > 12  # a letter's height, seen at 45°


def test_the_path_writes_sizes_only_where_they_change():
    layers = [PathLayer(n, "", 32, 16, 16, "conv") for n in "abc"]
    layers += [PathLayer("d", "", 64, 8, 8, "conv"), PathLayer("e", "", 10, 1, 1, "linear")]
    texts = [(t.x, t.text) for t in network_path(layers).layout.annotations if t.text]
    assert [x for x, _ in texts] == [0, 3, 4]
    for (_, text), size in zip(texts, ["32×16×16", "64×8×8", "10"], strict=True):
        assert f">{size}<" in text


@pytest.mark.parametrize("shared", [True, False])
def test_on_a_narrow_page_grids_stand_one_below_the_other_each_with_its_scale(shared):
    one, two = RANDOM.random((4, 6, 6)), RANDOM.random((4, 6, 6)) * 5
    panels = [
        Panel("A", "#000000", one, range(4), [""] * 4, note="no gates"),
        Panel("B", "#000000", two, range(4), [""] * 4, RANDOM.random(4), [""] * 4),
        Panel("C", "#000000", two, range(4), [""] * 4, RANDOM.random(4), [""] * 4),
    ]
    layout = channel_grid(panels, shared_scale=shared, deviation=True, width=350).to_dict()[
        "layout"
    ]
    grids = [layout[f"yaxis{i}"]["domain"] for i in ("", 2, 3)]
    assert grids[0][0] > grids[1][1] > grids[1][0] > grids[2][1]
    assert len({tuple(layout[f"xaxis{i}"]["domain"]) for i in ("", 2, 3)}) == 1
    bars = [layout[f"coloraxis{i}"]["colorbar"] for i in ("", 2, 3)]
    places = [bar["y"] for bar in bars]
    for grid, place in zip(grids, places, strict=True):
        assert place == pytest.approx(grid[0])
    alike = bars[0]["ticktext"] == bars[1]["ticktext"]
    assert alike == shared
    levels = [layout[f"yaxis{i}"].get("showticklabels") for i in (5, 6)]
    assert levels == [True, True]


def test_side_by_side_the_levels_of_the_gates_stand_once():
    gated = [
        Panel("B", "#000000", RANDOM.random((4, 6, 6)), range(4), [""] * 4, RANDOM.random(4),
              [""] * 4)
        for _ in range(2)
    ]  # fmt: skip
    without = Panel("A", "#000000", RANDOM.random((4, 6, 6)), range(4), [""] * 4, note="no gates")
    for panels, labelled in ((gated, [True, False]), ([without, *gated], [None, True, False])):
        layout = channel_grid(panels, deviation=True, width=1040).to_dict()["layout"]
        axes = [layout[f"yaxis{len(panels) + i + 1}"] for i in range(len(panels))]
        shown = [axis["showticklabels"] if axis["tickvals"] else None for axis in axes]
        assert shown == labelled
