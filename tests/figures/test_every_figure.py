"""What holds for all figures: valid, wordless, clear ground, readable letters, small."""

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from cnnattn.figures.bars import Prediction, PredictionColumn, predictions
from cnnattn.figures.channel import enlarged
from cnnattn.figures.distribution import histogram
from cnnattn.figures.feature_table import StageMaps, feature_maps
from cnnattn.figures.frame import wrap
from cnnattn.figures.heatmap import Overlay, OverlayColumn, overlays
from cnnattn.figures.kernels import kernels, rgb_kernels
from cnnattn.figures.mosaic import Panel, channel_grid
from cnnattn.figures.palette import ATTENTION_COLOURS, DIVERGING, gapped
from cnnattn.figures.path import PathLayer, network_path

RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (32, 32, 3), dtype=np.uint8)
MAPS = RANDOM.normal(size=(8, 8, 8))
GATES = RANDOM.random(8)
COLOUR = "#D55E00"


def panel(gates):
    hovers = [""] * 8
    return Panel("", COLOUR, MAPS, range(8), hovers, gates, hovers, "7" if gates is None else "")


def all_figures():
    panels = [panel(None), panel(GATES)]
    shown = [Overlay("", MAPS[0]), Overlay("", MAPS[1], signed=True)]
    stage = StageMaps("", MAPS.reshape(2, 4, 8, 8), np.zeros((2, 4), int), [[""] * 4] * 2)
    guesses = [Prediction("", 0.5, True, True), Prediction("", 0.2)]
    layers = [PathLayer(str(i), "", 32, 8, 8, kind) for i, kind in enumerate(["conv", "odd"])]
    return {
        "grid": channel_grid(panels, selected=3),
        "grid, own scales": channel_grid(panels, shared_scale=False, smooth=True, percentile=90),
        "grid by weight": channel_grid(panels, gate_order="weight"),
        "enlarged": enlarged(MAPS[:2], ["", ""], [COLOUR] * 2),
        "overlays": overlays(PICTURE, [OverlayColumn("", COLOUR, shown)] * 2),
        "predictions": predictions([PredictionColumn("", COLOUR, guesses)] * 2),
        "histogram": histogram([MAPS, GATES], ["", ""], [COLOUR] * 2, log=True),
        "feature maps": feature_maps([PICTURE] * 2, [stage] * 2),
        "feature maps, own scales": feature_maps([PICTURE] * 2, [stage], shared_scale=False),
        "rgb kernels": rgb_kernels(RANDOM.normal(size=(8, 3, 3, 3)), [""] * 8, selected=1),
        "kernels": kernels(MAPS, [""] * 8, selected=1),
        "path": network_path(layers, selected="1"),
    }


FIGURES = all_figures()
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
