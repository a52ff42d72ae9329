"""Feature maps: several pictures at once, stage by stage, and every channel of any one layer."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import streamlit as st
import torch

from cnnattn.data.datasets import by_class
from cnnattn.data.samples import samples
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.maps.feature_table import StageMaps, feature_maps
from cnnattn.figures.maps.histogram import histogram
from cnnattn.figures.maps.kernels import kernels, rgb_kernels
from cnnattn.figures.maps.network_path import network_path
from cnnattn.nets.architectures import ARCHITECTURES, Stage
from cnnattn.problem import Problem
from cnnattn.web.feature_maps import words
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import (
    Model,
    all_maps,
    analysed,
    checkpoint_files,
    dataset,
)
from cnnattn.web.library.pickers import Chosen, pick_model, pick_models, pick_picture
from cnnattn.web.library.tables import layer_rows
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name, percent

OFFERED = 5  # test pictures of a class
LESSON = ("cnn-none", "cnn-se")  # what the lesson compares: before and after channel attention


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    model = pick_model(pick_models())

    # --- the tutorial's figure: pictures as rows, stages as columns
    heading(
        _("Several images, layer by layer"),
        _(
            "Each row is an image, each column a layer: early layers respond to edges and "
            "colours, later ones to parts, at a coarser resolution."
        ),
    )
    everything = all_maps(model, chosen.picture)
    absent = _absent_attentions(model, list(everything))
    outputs = {name: maps for name, maps in everything.items() if name not in absent}
    _offer_lesson(model)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        k = view.number(_("Channels per layer"), "k", 9, 1, 25, width=160)
        order_names = {"first": _("First"), "strongest": _("Strongest")}
        order = view.one_of(
            st.segmented_control,
            _("Which channels"),
            order_names,
            "k_order",
            "first",
        )
        numbers = view.switch(_("Channel numbers"), "numbers", False)
        heat = view.switch(_("Heat map (Grad-CAM)"), "heat", False)
    stage_titles = {
        absent.get(stage.output, stage.output): charts.stage_title(stage) for stage in model.stages
    }
    # Of networks with and without attention the stages end in other layers.
    view.follow("layers", list(stage_titles))
    first = model.stages[0].layers["conv"]
    any_layer = view.settle("any_layer", everything, first)
    if asked := [name for name in (*view.asked_for("layers"), any_layer) if name in absent]:
        st.info(words.no_attention_there({name: absent[name] for name in asked}))
    layers = view.some_of(
        _("Layers"),
        list(outputs),
        "layers",
        list(stage_titles),
        format_func=lambda name: f"{stage_titles[name]}: {name}" if name in stage_titles else name,
    )
    by_name = {
        "current": chosen,
        **{s.name: Chosen(s.name, s.picture, s.label) for s in samples()},
        **_test_pictures(),
    }
    names = view.some_of(
        _("Images"),
        list(by_name),
        "rows",
        ["cat-1", "dog-1", "airplane-1", "ship-1", "truck-1"],
        format_func=_picture_name,
    )
    if names and layers:
        rows = [by_name[name] for name in names]
        analyses = [analysed(model, row.picture) for row in rows]
        columns = []
        for layer in layers:
            maps = [
                f.maps[layer] if layer in f.maps else all_maps(model, row.picture)[layer]
                for f, row in zip(analyses, rows, strict=True)
            ]
            channels = [charts.shown_channels(m, order, k) for m in maps]
            columns.append(
                StageMaps(
                    title=stage_titles.get(layer, layer),
                    maps=np.stack([m[c] for m, c in zip(maps, channels, strict=True)]),
                    channels=np.stack(channels),
                    hovers=[[_("Channel {number}", number=c) for c in cs] for cs in channels],
                )
            )
        titles = [_picture_name(name) for name in names]
        show(
            feature_maps(
                [
                    row.picture if _is_square(row.picture) else model.input_picture(row.picture)
                    for row in rows
                ],
                columns,
                picture_title=_("Image"),
                names=[class_name(row.label) if row.label else _("image") for row in rows],
                numbers=numbers,
                heats=[f.cam for f in analyses] if heat else (),
                heat_title="Grad-CAM",
                value_title=_("activation"),
                largest=max(200, 0.19 * width),
                width=width,
            ),
            key="feature_maps",
            alt=words.table_alt(titles, columns),
            rows=lambda: words.table_rows(titles, columns),
        )
        if heat:
            explained = [model.classes[f.target] for f in analyses]
            last = model.stages[-1].output
            st.caption(words.heat_caption(absent.get(last, last), explained))

    # --- one picture: any layer, every channel
    heading(
        _("All channels of one layer"),
        _(
            "The network, layer by layer: a box's height stands for the size of the feature maps, "
            "its width for the number of channels. Click a box or choose a layer below."
        ),
    )

    def click(layer: str) -> None:
        """A clicked box becomes the chosen layer."""
        st.session_state["any_layer"] = layer

    picker = st.container()
    layer = view.one_of(
        st.selectbox,
        _("Layer"),
        list(outputs),
        "any_layer",
        absent.get(any_layer, first),
        width=320,
    )
    shown = outputs[layer]
    show(
        network_path(charts.path_layers(outputs), selected=layer, width=width),
        key="path",
        on_click=click,
        place=picker,
        alt=words.path_alt(model.title, outputs, layer),
    )
    show(
        channel_grid([charts.layer_panel(model, shown)], value_title=_("activation"), width=width),
        key="layer_grid",
        alt=words.layer_alt(layer, shown),
        rows=lambda: layer_rows(shown),
    )
    heading(
        _("Histogram of the activations"),
        _(
            "How the values of layer {layer} are spread; {share} of them are exactly zero.",
            layer=layer,
            share=percent(float((shown == 0).mean())),
        ),
    )
    show(
        histogram(
            [shown],
            [model.title],
            [model.colour],
            x_title=_("activation"),
            y_title=_("share of values"),
            log=True,
        ),
        key="histogram",
        alt=words.histogram_alt(layer, shown),
    )

    weights = charts.kernels_of(model, layer)
    if weights is not None:
        if weights.shape[1] == 3:
            heading(
                _("Convolution kernels"),
                _(
                    "One tile per channel: its weights on red, green and blue as a colour image, "
                    "grey for 0."
                ),
            )
            hovers = [_("Channel {number}", number=c) for c in range(len(weights))]
            figure = rgb_kernels(weights, hovers, width=width)
        else:
            heading(
                _("Convolution kernels"),
                _(
                    "The weights of one output channel: one tile per input channel, blue below 0, "
                    "red above."
                ),
            )
            output = view.number(_("Output channel"), "output", 0, 0, len(weights) - 1, width=160)
            hovers = [_("Input channel {number}", number=c) for c in range(weights.shape[1])]
            weights = weights[output]
            figure = kernels(weights, hovers, value_title=_("weight"), width=width)
        show(
            figure,
            key="kernels",
            alt=words.kernels_alt(layer, weights),
        )


def _absent_attentions(model: Model, names: Sequence[str]) -> dict[str, str]:
    """Attention modules of a network that has none there -> the layer whose maps pass unchanged.

    ``names`` are all its layers with maps, in data order.
    """
    places = {name for stage in model.stages for name in stage.attentions}
    return {
        name: before
        for before, name in pairwise(names)
        if name in places
        and isinstance(model.checkpoint.model.get_submodule(name), torch.nn.Identity)
    }


def _offer_lesson(model: Model) -> None:
    """A button to the lesson's figure: of its two networks, or of ``model`` where they are not."""
    both = set(LESSON) <= checkpoint_files().keys()
    st.button(
        _("The lesson’s figure (Day 46)"),
        icon=":material/school:",
        key="lesson",
        on_click=_lesson,
        args=(ARCHITECTURES["cnn"].stages, LESSON) if both else (model.stages, ()),
        help=_(
            "The outputs of the three convolutions of CNN · SE, the first nine channels with their "
            "numbers, and the heat map after attention. Choose the CNN without attention above to "
            "compare."
        )
        if both
        else _(
            "The outputs of the convolutions of {model}, the first nine channels with their "
            "numbers, and the heat map",
            model=model.title,
        ),
    )


def _lesson(stages: Sequence[Stage], names: Sequence[str]) -> None:
    """Show what the lesson prints: convolutions, nine numbered channels, the heat map; of the last
    of the networks ``names``, which are there to be chosen, if there are any."""
    state = st.session_state
    if names:
        state["models"], state["model"] = list(names), names[-1]
    state["layers"] = [stage.layers["conv"] for stage in stages]
    state["k"], state["k_order"] = 9, "first"
    state["numbers"], state["heat"] = True, True


def _is_square(picture: np.ndarray) -> bool:
    return picture.shape[0] == picture.shape[1]


def _test_pictures() -> dict[str, Chosen]:
    """The first pictures of every class of the test set, if it is here and whole."""
    try:
        data = dataset()
    except Problem:
        return {}  # the sidebar says what is wrong with it
    if data is None:
        return {}
    return {
        f"test-{label}-{i}": Chosen(f"test-{label}-{i}", data.test.pictures[i], label)
        for number, label in enumerate(data.classes)
        for i in by_class(data.test, number, OFFERED)
    }


def _picture_name(name: str) -> str:
    """What a row's picture is called."""
    if name == "current":
        return _("The image chosen in the sidebar")
    if name.startswith("test-"):
        label, _dash, number = name.removeprefix("test-").rpartition("-")
        return _("test image {number}: {label}", number=number, label=class_name(label))
    return charts.sample_title(name)
