"""What holds for all figures: valid, wordless, clear ground, readable letters, small."""

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from cnnattn.figures.attention.class_profile import ClassGates, class_profile, class_shares
from cnnattn.figures.attention.flow import Box, flow
from cnnattn.figures.attention.gate_chart import gate_chart
from cnnattn.figures.attention.pairs import PairGroup, pairs
from cnnattn.figures.attention.steps import Bars, Maps, Places
from cnnattn.figures.attention.way import way
from cnnattn.figures.heat.heat_matrix import Cell, Column, heat_matrix
from cnnattn.figures.heat.method_curves import Line, method_curves
from cnnattn.figures.heat.method_curves import Panel as CurvePanel
from cnnattn.figures.heat.method_table import Dot, Measure, method_table
from cnnattn.figures.kit.frame import WIDTH, wrap
from cnnattn.figures.kit.palette import ATTENTION_COLOURS, DIVERGING, gapped
from cnnattn.figures.maps.channel_grid import Panel, channel_grid
from cnnattn.figures.maps.feature_table import StageMaps, feature_maps
from cnnattn.figures.maps.histogram import histogram
from cnnattn.figures.maps.kernels import kernels, rgb_kernels
from cnnattn.figures.maps.network_path import PathLayer, network_path
from cnnattn.figures.maps.one_channel import enlarged
from cnnattn.figures.maps.picture_tiles import Tiles, picture_tiles
from cnnattn.figures.scores.class_scores import Scores, class_scores
from cnnattn.figures.scores.confusion import Confusions, confusion_matrices
from cnnattn.figures.scores.intervals import Interval, intervals
from cnnattn.figures.scores.predictions import Prediction, PredictionColumn, predictions
from cnnattn.figures.scores.reliability import Reliability, reliability
from cnnattn.figures.scores.robustness import Curve, Robustness, robustness
from cnnattn.figures.scores.signed_bars import signed_bars
from cnnattn.figures.scores.trade_off import Point, trade_off
from cnnattn.figures.scores.training_curves import RunCurves, epoch_curves, iteration_curves

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (32, 32, 3), dtype=np.uint8)
MAPS = RANDOM.normal(size=(8, 8, 8))
GATES = RANDOM.random(8)
COLOUR = "#D55E00"


def panel(gates):
    hovers = [""] * 8
    return Panel("", COLOUR, MAPS, range(8), hovers, gates, hovers, "7" if gates is None else "")


def heat_columns():
    cells = [
        Cell(PICTURE, MAPS[0], [""]),
        Cell(PICTURE, None, ["", "7"]),
        Cell(PICTURE, MAPS[1], [""], signed=True),
    ]
    return [Column("", COLOUR, cells, ["7"]), Column("", COLOUR, cells[1:2])]


def curve_panels():
    lines = [Line(RANDOM.random(3), [""] * 3)] * 2 + [Line(np.empty(0), [])]
    return [CurvePanel("", COLOUR, lines)] * 2


def module_steps():
    bars = Bars("", "", GATES[None], [""] * 8, COLOUR, (0, 1), mark=0.5)
    places = Places("", "", PICTURE, GATES.reshape(2, 4), choices=(2, 4), chosen=(1, 2))
    return [Maps("", "7", MAPS, range(8), [""] * 8), bars, places]


def evaluation_figures():
    names, hovers = ["7", "8", "9"], [[""] * 3] * 3
    counts = [
        Confusions("", COLOUR, each, names, hovers)
        for each in (RANDOM.integers(0, 9, (3, 3)), np.eye(3, dtype=int))
    ]
    bins = Reliability("", COLOUR, np.linspace(0, 1, 4), GATES[:3], GATES[:3], "", [""] * 3)
    line = Curve(COLOUR, GATES[:3], GATES[:3] - 0.1, GATES[:3] + 0.1, [""] * 3)
    kinds = [Robustness("", [line] * 2)] * 3
    scores = [Scores("", np.array([[0.5, np.nan, 0.7], [0.9, 0.6, 0.8]]), hovers[:2])] * 2
    tiles = Tiles("", PICTURE[None], [3], [""], np.array([[-2, 5, 9, 40]]))
    return {
        "intervals": intervals([Interval("", COLOUR, 0.5, 0.4, 0.6, "", "")] * 2),
        "confusions": confusion_matrices(counts, selected=[(0, 1), None]),
        "confusions, narrow": confusion_matrices(counts, selected=[(0, 1), (2, 2)], width=350),
        "reliability": reliability([bins] * 3),
        "reliability, narrow": reliability([bins] * 2, width=350),
        "class scores": class_scores(scores, names, ["", ""], [COLOUR] * 2),
        "class scores, narrow": class_scores(scores, names, ["", ""], [COLOUR] * 2, width=350),
        "robustness": robustness(kinds, [0, 0.5, 1], ["", ""], chance=0.1),
        "robustness, narrow": robustness(kinds, [0, 0.5, 1], ["", ""], chance=0.1, width=350),
        "pictures": picture_tiles([tiles] * 2, selected=3),
        "pictures, narrow": picture_tiles([tiles] * 2, width=350),
        "pictures below each other": picture_tiles([tiles] * 2, least=WIDTH),
    }


def all_figures():
    panels = [panel(None), panel(GATES)]
    stage = StageMaps("", MAPS.reshape(2, 4, 8, 8), np.zeros((2, 4), int), [[""] * 4] * 2)
    guesses = [Prediction("", 0.5, "50%", True, True), Prediction("", 0.2)]
    numbers = np.arange(1.0, 9), GATES, GATES
    going = RunCurves("", COLOUR, *numbers, total=9, epochs=[1], measured={"test_loss": [0.5]})
    layers = [PathLayer(str(i), "", 32, 8, 8, kind) for i, kind in enumerate(["conv", "odd"])]
    steps = [Box("0", "1", 0, 0, "2"), Box("1", "7", 0, 1, learned=True), Box("2", "+", 1, 0)]
    by_class = ClassGates([""] * 8, range(8), *MAPS[:3])
    kinds = [Point("", COLOUR, [0.8, 0.82], [0, 1]), Point("", COLOUR, [0.81], [9, None])]
    return {
        "grid": channel_grid(panels, selected=3),
        "grid, own scales": channel_grid(panels, shared_scale=False, smooth=True, percentile=90),
        "grid by weight": channel_grid(panels, gate_order="weight"),
        "enlarged": enlarged(MAPS[:2], ["", ""], [COLOUR] * 2),
        "heat matrix": heat_matrix(heat_columns()),
        "heat sheet": heat_matrix(heat_columns(), across=2, smooth=False, width=350),
        "method curves": method_curves(curve_panels(), [""] * 3, [0, 0.5, 1], controls=1),
        "method table": method_table(
            [Measure("", [[Dot(0.5, 0.4, 0.6, ""), None]] * 3)] * 2,
            [""] * 3,
            [""] * 2,
            [COLOUR] * 2,
            controls=2,
        ),
        "predictions": predictions([PredictionColumn("", COLOUR, guesses)] * 2),
        "histogram": histogram([MAPS, GATES], ["", ""], [COLOUR] * 2, log=True),
        "feature maps": feature_maps([PICTURE] * 2, [stage] * 2),
        "feature maps, own scales": feature_maps([PICTURE] * 2, [stage], shared_scale=False),
        "rgb kernels": rgb_kernels(RANDOM.normal(size=(8, 3, 3, 3)), [""] * 8, selected=1),
        "kernels": kernels(MAPS, [""] * 8, selected=1),
        "path": network_path(layers, selected="1"),
        "way": way(module_steps(), selected=2),
        "way, narrow": way(module_steps(), width=350),
        "pairs": pairs([PairGroup("", MAPS[:2], MAPS[:2], [0, 1], ["7"] * 2, ["", ""])] * 2),
        "gate chart": gate_chart(GATES, [""] * 8, COLOUR, selected=3),
        "gate chart, narrow": gate_chart(GATES, [""] * 8, COLOUR, deviation=False, width=350),
        "class profile": class_profile(by_class, [1, 2], selected=4, hover="{name}"),
        "class shares": class_shares(["1", "2"], [0.2, np.nan], ["", ""], COLOUR, selected=0),
        "signed bars": signed_bars(GATES - 0.5, ["7"] * 8, [""] * 8, COLOUR, marked=[2]),
        "flow": flow(steps, [("0", "1"), ("1", "2")], colour=COLOUR),
        "flow, narrow": flow(steps, [("0", "1"), ("1", "2")], colour=COLOUR, width=350),
        "trade-off": trade_off(kinds, ["", ""], logarithmic=[True, False], baseline=0.8),
        "trade-off, narrow": trade_off(kinds, [""], logarithmic=[False], width=350),
        "iterations": iteration_curves([going] * 5),
        "epochs": epoch_curves([going] * 2, total=2),
        "epochs, narrow": epoch_curves([going], width=350),
    }


FIGURES = all_figures() | evaluation_figures()
each = pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())


def strings(node, key=""):
    """All (key, text) pairs in a figure."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from strings(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value, key)
    elif isinstance(node, str):
        yield key, node


def filled(node):
    """A figure without its template and what is empty, which Plotly leaves out when it checks."""
    if isinstance(node, dict):
        kept = {key: filled(value) for key, value in node.items() if key != "template"}
        return {key: value for key, value in kept.items() if value not in ([], {})}
    return [filled(value) for value in node] if isinstance(node, list) else node


@each
def test_plotly_accepts_it(figure):
    checked = go.Figure(figure.to_dict())  # raises at a name or a value that Plotly does not know
    assert filled(json.loads(checked.to_json())) == filled(json.loads(figure.to_json()))


@each
def test_it_has_no_words_of_its_own(figure):
    shown = {"text", "ticktext", "hovertext", "hovertemplate", "name", "title"}
    for key, text in strings(json.loads(figure.to_json())):
        if key in shown:
            assert not re.search(r"[^\W\d_]{2}", re.sub(r"<[^>]*>|%\{[^}]*\}", "", text)), text


@each
def test_it_stands_on_a_clear_ground_in_letters_of_14_pixels_and_more(figure):
    plain = json.loads(figure.to_json())
    layout = plain["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
    assert layout["uirevision"]
    assert (
        layout["template"] == {"data": {"scatter": [{"type": "scatter"}]}} or not layout["template"]
    )
    sizes = re.findall(r'font": \{"size": (\d+)', json.dumps(plain))
    assert sizes
    assert min(map(int, sizes)) >= 14
    assert not re.search(r'font": \{[^}]*"color"', json.dumps(plain))


@each
def test_images_and_shapes_lie_on_axes_that_exist(figure):
    layout = figure.to_dict()["layout"]
    axes = {key.replace("axis", "") for key in layout if re.match(r"[xy]axis", key)}
    used = {trace.xaxis or "x" for trace in figure.data}
    for item in [*layout["images"], *layout["shapes"]]:
        place = item.get("xref", "x").split()[0]
        assert place in axes & used


def test_every_kind_of_attention_has_a_colour_of_its_own():
    assert len(set(ATTENTION_COLOURS.values())) == len(ATTENTION_COLOURS)


def test_only_level_0_of_a_mosaic_is_clear():
    positions = [position for position, _ in gapped(DIVERGING)]
    assert positions == sorted(positions)
    colours = dict(gapped(DIVERGING)[3:])
    assert colours[1 / 255] == DIVERGING[0]
    assert colours[128 / 255] == DIVERGING[5]
    assert colours[1] == DIVERGING[-1]
    assert positions[2] < 1 / 255


def test_notes_are_broken_into_even_lines():
    assert wrap("one two three four five six", 14) == "one two three<br>four five six"
    assert wrap("short", 40) == "short"
    assert wrap("基线没有注意力，每个通道的权重都是一。", 20).split("<br>") == [
        "基线没有注意力，每个",
        "通道的权重都是一。",
    ]
