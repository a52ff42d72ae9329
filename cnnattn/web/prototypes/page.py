"""Prototypes: what each channel of a layer is looking for, found in pictures and made for it."""

import streamlit as st

from cnnattn.figures.maps.picture_tiles import picture_tiles
from cnnattn.web.evaluation.evaluation_pickers import pick_set
from cnnattn.web.library import charts
from cnnattn.web.library.pickers import pick_models
from cnnattn.web.prototypes import prototypes
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    with st.sidebar:
        st.subheader(_("Pictures to search"), anchor=False)
        found = pick_set("searched", "samples")
    models = {model.name: model for model in pick_models()}

    # --- every channel of a layer
    heading(
        _("What every channel is looking for"),
        _(
            "For each channel, the patch that excites it most among all pictures, and a picture "
            "made for it: noise, changed step by step so that the channel answers more and more. "
            "Click a tile to see more of its channel."
        ),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = view.one_of(
            st.segmented_control, _("Model"), list(models), "model", next(iter(models)),
            format_func=lambda name: models[name].title,
        )  # fmt: skip
        model = models[name]
        stages = [stage.name for stage in model.stages]
        stage = view.one_of(st.segmented_control, _("Stage"), stages, "prototype_stage", "2")
        roles = charts.role_names()
        role = view.one_of(
            st.segmented_control, _("Layer"), list(roles), "prototype_layer", "relu",
            format_func=roles.__getitem__,
        )  # fmt: skip
    layer = model.stages[stages.index(stage)].layers[role]
    overview = st.container()
    these = prototypes.prototypes_or_offer(model, layer, found)
    panels = prototypes.overview(these, width)
    if not panels:
        end_page()

    def click(channel: int) -> None:
        """A clicked tile becomes the chosen channel."""
        st.session_state["channel"] = channel

    # --- one channel
    heading(
        _("One channel"),
        _(
            "The pictures that excite it most, the strongest first, one place in each. The frame "
            "is the receptive field of that place: all that this one value of the feature map can "
            "see."
        ),
    )
    channel = view.number(_("Channel"), "channel", 0, 0, these.channels - 1, width=160)
    show(
        picture_tiles(panels, selected=channel, width=width),
        key="prototype_tiles",
        on_click=click,
        place=overview,
        alt=_("For every channel of layer {layer}, what excites it most", layer=layer),
    )
    st.markdown(prototypes.in_words(these, channel))
    show(
        picture_tiles(
            prototypes.of_channel(these, channel, width), least=width, width=width,
            uirevision="channel",
        ),
        key="prototype_channel",
        alt=_("The pictures that excite channel {number} most", number=channel),
    )  # fmt: skip
