"""The channel grid: what stands where, in true units."""

import numpy as np
import plotly.io
import pytest

from cnnattn.figures.maps.channel_grid import Panel, channel_grid

RANDOM = np.random.default_rng(0)


def panel(channels=8, size=8, gates=None, top=1.0, numbers=None, note=""):
    numbers = list(range(channels)) if numbers is None else numbers
    return Panel(
        title="T",
        colour="#D55E00",
        maps=RANDOM.random((channels, size, size)) * top,
        channels=numbers,
        hovers=[f"tile {n}" for n in numbers],
        gates=gates,
        gate_hovers=[] if gates is None else [f"gate {n}" for n in numbers],
        note=note,
    )


def traces(figure, kind):
    return [trace for trace in figure.data if trace.type == kind]


def values_back(figure, trace):
    """The mosaic's values, read with the help of its colour bar alone; gaps are nan."""
    bar = figure.layout[trace.coloraxis].colorbar
    # The numbers at the ends are rounded, those between them are not.
    ticks, texts = (np.array([*map(float, at)])[1:-1] for at in (bar.tickvals, bar.ticktext))
    slope = (texts[-1] - texts[0]) / (ticks[-1] - ticks[0])
    levels = trace.z.astype(float)
    return np.where(levels == 0, np.nan, texts[0] + (levels - ticks[0]) * slope)


def test_values_read_off_with_the_colour_bar_are_those_of_the_maps():
    one, two = panel(top=1.0), panel(top=3.0)
    figure = channel_grid([one, two])
    for given, trace in zip([one, two], traces(figure, "heatmap"), strict=True):
        values = values_back(figure, trace)
        # 8 × 8 maps: each pixel drawn twice, a gap of one sample; channel 5 is row 1, column 1.
        tile = values[17 : 17 + 16 : 2, 17 : 17 + 16 : 2]
        highest = max(one.maps.max(), two.maps.max())
        np.testing.assert_allclose(tile, given.maps[5], atol=highest / 508 * 1.02)
        assert np.isnan(values[16]).all()


def test_a_shared_scale_is_one_colour_axis_from_the_least_to_the_greatest_value():
    one, two = panel(top=1.0), panel(top=3.0)
    shared = channel_grid([one, two])
    assert {trace.coloraxis for trace in traces(shared, "heatmap")} == {"coloraxis"}
    assert [trace.z.max() for trace in traces(shared, "heatmap")] == [
        round(1 + 254 * (one.maps.max() - low(one, two)) / (two.maps.max() - low(one, two))),
        255,
    ]
    own = channel_grid([one, two], shared_scale=False)
    assert [trace.coloraxis for trace in traces(own, "heatmap")] == ["coloraxis", "coloraxis2"]
    assert [trace.z.max() for trace in traces(own, "heatmap")] == [255, 255]


def low(*panels):
    return min(p.maps.min() for p in panels)


def test_the_marker_of_a_tile_stands_in_its_middle_with_its_channel():
    numbers = [3, 14, 15, 92, 65, 35, 89, 79]
    figure = channel_grid([panel(numbers=numbers, size=16)])
    [markers] = traces(figure, "scatter")
    assert list(markers.customdata) == numbers
    assert list(markers.hovertext) == [f"tile {n}" for n in numbers]
    assert np.asarray(markers.x).tolist() == [8, 25, 42, 59] * 2
    assert np.asarray(markers.y).tolist() == [8] * 4 + [25] * 4


def test_the_dashed_line_lies_at_the_mean_and_tells_it():
    gates = np.array([0.1, 0.5, 0.9, 0.3])
    figure = channel_grid([panel(4, gates=gates)], mean_label="m={mean:.2f}")
    [line] = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert line.y0 == line.y1 == pytest.approx(0.45)
    assert line.line.dash == "dash"
    assert any("m=0.45" in text.text for text in figure.layout.annotations)


def test_gates_stand_by_channel_or_by_weight():
    gates, numbers = np.array([0.1, 0.5, 0.9, 0.3]), [20, 21, 22, 23]
    [bars] = traces(channel_grid([panel(4, gates=gates, numbers=numbers)]), "bar")
    assert list(bars.customdata) == numbers
    assert list(bars.y) == gates.tolist()
    figure = channel_grid([panel(4, gates=gates, numbers=numbers)], gate_order="weight")
    [bars] = traces(figure, "bar")
    assert list(bars.y) == [0.9, 0.5, 0.3, 0.1]
    assert list(bars.customdata) == [22, 21, 23, 20]
    markers = traces(figure, "scatter")[1]
    assert list(markers.customdata) == [22, 21, 23, 20]
    assert list(markers.hovertext) == ["gate 22", "gate 21", "gate 23", "gate 20"]
    assert list(figure.layout.xaxis2.ticktext) == ["22", "21", "23", "20"]


def test_the_numbers_of_many_columns_of_gates_keep_apart():
    numbers = list(range(100, 116))
    figure = channel_grid([panel(16, gates=RANDOM.random(16), numbers=numbers)] * 3)
    axis = figure.layout.xaxis4  # of the first gates: three grids stand before them
    assert axis.range == (-0.5, 15.5)
    start, end = axis.domain
    pixels = (end - start) * 1040 / 16
    steps = np.diff(axis.tickvals)
    assert (steps * pixels > 3 * 7).all()  # three digits of 14 pixels' height
    assert list(axis.ticktext) == [str(100 + i) for i in axis.tickvals]


def test_a_panel_without_gates_shows_its_note_beside_the_others_bars():
    figure = channel_grid([panel(note="none here"), panel(gates=RANDOM.random(8))])
    assert any("none here" in text.text for text in figure.layout.annotations)
    [bars] = traces(figure, "bar")
    assert (bars.xaxis, bars.yaxis) == ("x4", "y4")
    assert figure.layout.xaxis4.domain == figure.layout.xaxis2.domain


def test_without_gates_and_notes_there_are_only_the_mosaics():
    bare, gated = channel_grid([panel()]), channel_grid([panel(gates=RANDOM.random(8))])
    assert not traces(bare, "bar")
    assert "yaxis2" not in bare.to_dict()["layout"]
    assert bare.layout.height < gated.layout.height


def test_the_chosen_channel_is_framed_wherever_it_is_shown():
    one, two = panel(numbers=range(8), gates=RANDOM.random(8)), panel(numbers=range(4, 12))
    figure = channel_grid([one, two], selected=2)
    frames = [s for s in figure.layout.shapes if s.type == "rect" and s.yref == "y"]
    # Channel 2 is the third tile of the first row: 8 pixels and a gap of a half, twice.
    assert {(f.x0, f.x1, f.y0, f.y1) for f in frames} == {(17, 25, 0, 8)}
    [band] = [s for s in figure.layout.shapes if s.yref == "y3 domain"]
    assert (band.x0, band.x1) == (1.5, 2.5)
    assert not [s for s in figure.layout.shapes if s.yref == "y2"]


@pytest.mark.parametrize(("count", "size"), [(32, 32), (64, 16), (128, 8), (10, 7)])
@pytest.mark.parametrize("models", [1, 2, 3])
def test_pixels_are_square_at_the_planned_width(count, size, models):
    figure = channel_grid([panel(count, size, gates=RANDOM.random(count))] * models, width=1040)
    x, y, margin = figure.layout.xaxis, figure.layout.yaxis, figure.layout.margin
    across = (1040 - margin.l - margin.r) * (x.domain[1] - x.domain[0])
    down = figure.layout.height * (y.domain[1] - y.domain[0])
    ratio = (across / (x.range[1] - x.range[0])) / (down / (y.range[0] - y.range[1]))
    assert ratio == pytest.approx(1, abs=0.005)
    assert y.scaleanchor == "x"


def test_grids_of_one_size_zoom_together_and_others_do_not():
    alike = channel_grid([panel(), panel()]).layout
    assert (alike.xaxis2.matches, alike.yaxis2.matches) == ("x", "y")
    assert channel_grid([panel(size=8), panel(size=4)]).layout.xaxis2.matches is None


@pytest.mark.parametrize(("smooth", "limit"), [(False, 150_000), (True, 160_000)])
def test_two_panels_of_32_maps_are_small_to_send(smooth, limit):
    text = "<b>channel 17</b><br>mean 0.123<br>max 4.567<br>zeros 43 %<br>weight 0.512"
    panels = [
        Panel(
            "T",
            "#000000",
            RANDOM.random((32, 32, 32)),
            range(32),
            [text] * 32,
            RANDOM.random(32),
            [text] * 32,
        )
    ] * 2
    figure = channel_grid(panels, smooth=smooth, selected=17)
    assert len(plotly.io.to_json(figure, engine="orjson")) <= limit
