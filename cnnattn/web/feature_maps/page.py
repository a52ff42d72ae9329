"""Feature maps: several pictures at once, stage by stage, and every channel of any one layer."""

import numpy as np
import streamlit as st

from cnnattn.data.pictures import as_seen
from cnnattn.data.samples import samples
from cnnattn.figures.maps.channel_grid import channel_grid
from cnnattn.figures.maps.feature_table import StageMaps, feature_maps
from cnnattn.figures.maps.histogram import histogram
from cnnattn.figures.maps.kernels import kernels, rgb_kernels
from cnnattn.figures.maps.network_path import network_path
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import all_maps, analysis
from cnnattn.web.library.pickers import pick_models, pick_picture
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name, percent


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = {model.name: model for model in pick_models()}
    name = view.one_of(
        st.segmented_control, _("Model"), list(models), "model", next(iter(models)),
        format_func=lambda name: models[name].title,
    )  # fmt: skip
    model = models[name]

    # --- the tutorial's figure: pictures as rows, stages as columns
    heading(
        _("Several pictures, stage by stage"),
        _(
            "Each row is a picture, each column a stage: early channels answer to edges and "
            "colours, later ones to parts, at a coarser resolution."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        k = view.number(_("Channels a stage"), "k", 9, 1, 25, width=160)
        order_names = {"first": _("First"), "strongest": _("Strongest")}
        order = view.one_of(
            st.segmented_control, _("Which channels"), list(order_names), "k_order", "first",
            format_func=order_names.__getitem__,
        )  # fmt: skip
    by_name = {sample.name: sample for sample in samples()}
    names = view.some_of(
        _("Pictures"),
        list(by_name),
        "rows",
        ["cat-1", "dog-1", "airplane-1", "ship-1", "truck-1"],
        format_func=lambda name: charts.sample_title(name),
    )
    if names:
        rows = [by_name[name] for name in names]
        found = [analysis(model, as_seen(row.picture)) for row in rows]
        columns = []
        for stage in model.stages:
            maps = [f.maps[stage.output] for f in found]
            channels = [charts.shown_channels(m, order, k) for m in maps]
            columns.append(
                StageMaps(
                    title=_("Stage {stage}", stage=stage.name),
                    maps=np.stack([m[c] for m, c in zip(maps, channels, strict=True)]),
                    channels=np.stack(channels),
                    hovers=[[_("Channel {number}", number=c) for c in cs] for cs in channels],
                )
            )
        show(
            feature_maps(
                [row.picture for row in rows],
                columns,
                picture_title=_("Picture"),
                names=[class_name(row.label) for row in rows],
                value_title=_("activation"),
                width=width,
            ),
            key="feature_maps",
            alt=_("Feature maps of several pictures, stage by stage"),
        )

    # --- one picture: any layer, every channel
    heading(
        _("One layer, every channel"),
        _(
            "The way of the picture through the network: a box's height stands for the size of the "
            "maps, its thickness for the number of channels. Click a box or choose a layer below."
        ),
    )
    outputs = all_maps(model, chosen.seen)

    def click(layer: str) -> None:
        """A clicked box becomes the chosen layer."""
        st.session_state["any_layer"] = layer

    picker = st.container()
    layer = view.one_of(
        st.selectbox,
        _("Layer"),
        list(outputs),
        "any_layer",
        model.stages[0].layers["conv"],
        width=320,
    )
    show(
        network_path(charts.path_layers(outputs), selected=layer, width=width),
        key="path",
        on_click=click,
        place=picker,
        alt=_("The layers of {model}", model=model.title),
    )
    show(
        channel_grid(
            [charts.layer_panel(model, outputs[layer])], value_title=_("activation"), width=width
        ),
        key="layer_grid",
        alt=_("All channels of layer {layer}", layer=layer),
    )
    st.caption(
        _("The distribution of the layer's values; {share} of them are exactly zero.",
          share=percent(float((outputs[layer] == 0).mean())))
    )  # fmt: skip
    show(
        histogram(
            [outputs[layer]], [model.title], [model.colour],
            x_title=_("activation"), y_title=_("share of values"), log=True,
        ),
        key="histogram",
        alt=_("Distribution of the values of layer {layer}", layer=layer),
    )  # fmt: skip

    weights = charts.kernels_of(model, layer)
    if weights is not None:
        heading(
            _("The kernels of this convolution"),
            _(
                "What each channel looks for: in the first layer as colours, deeper as the "
                "weights on every input channel (here for one output channel)."
            ),
        )
        if weights.shape[1] == 3:
            hovers = [_("Channel {number}", number=c) for c in range(len(weights))]
            figure = rgb_kernels(weights, hovers, width=width)
        else:
            output = view.number(_("Output channel"), "output", 0, 0, len(weights) - 1, width=160)
            hovers = [_("Input channel {number}", number=c) for c in range(weights.shape[1])]
            figure = kernels(weights[output], hovers, value_title=_("weight"), width=width)
        show(
            figure,
            key="kernels",
            alt=_("Kernels of layer {layer}", layer=layer),
        )
