"""Prototypes: what each channel of a layer is looking for, found in pictures and made for it."""

import streamlit as st

from cnnattn.figures.maps.picture_tiles import picture_tiles
from cnnattn.web.library import charts
from cnnattn.web.library.pickers import pick_model, pick_models
from cnnattn.web.library.set_picker import pick_set
from cnnattn.web.prototypes import tiles
from cnnattn.web.prototypes.search import prototypes_or_offer
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    missing = st.container()
    with st.sidebar:
        st.subheader(_("Images to search"), anchor=False)
        picture_set = pick_set("searched", "samples", missing)
    models = pick_models()

    # --- every channel of a layer
    heading(
        _("What activates every channel"),
        _(
            "Per channel: the image patch that activates it most, and a synthetic image: noise, "
            "optimised step by step to raise the channel's mean activation. Click a tile to see "
            "more of its channel."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = pick_model(models)
        stages = [stage.name for stage in model.stages]
        stage = view.one_of(
            st.segmented_control, _("Stage"), stages, "prototype_stage", stages[len(stages) // 2]
        )
        roles = charts.role_names()
        role = view.one_of(
            st.segmented_control,
            _("Layer"),
            roles,
            "prototype_layer",
            "relu",
        )
    layer = model.stages[stages.index(stage)].layers[role]
    overview = st.container()
    these = prototypes_or_offer(model, layer, picture_set)
    panels = tiles.overview(these, width)
    if not panels:
        end_page()

    def click(channel: int) -> None:
        """A clicked tile becomes the chosen channel."""
        st.session_state["channel"] = channel

    # --- one channel
    heading(
        _("Single channel"),
        _(
            "The images that activate it most, the strongest first, with one position in each. The "
            "frame is the receptive field of that position: all pixels that this one value of the "
            "feature map depends on."
        ),
    )
    channel = view.number(_("Channel"), "channel", 0, 0, these.channels - 1, width=160)
    show(
        picture_tiles(panels, selected=channel, width=width),
        key="prototype_tiles",
        on_click=click,
        place=overview,
        alt=tiles.overview_alt(these, layer),
        rows=None if these.places is None else lambda: tiles.overview_rows(these),
    )
    st.markdown(tiles.in_words(these, channel))
    show(
        picture_tiles(
            tiles.of_channel(these, channel, width),
            least=width,
            width=width,
            uirevision="channel",
        ),
        key="prototype_channel",
        alt=tiles.channel_alt(these, channel),
        rows=None if these.places is None else lambda: tiles.channel_rows(these, channel),
    )
