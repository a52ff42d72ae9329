"""What the home page shows before anyone scrolls: answers, heat maps, the network, ways on."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from cnnattn.figures.heat.overlays import Overlay, OverlayColumn, overlays
from cnnattn.figures.heat.style import share
from cnnattn.figures.kit.frame import WIDTH, shortened
from cnnattn.figures.kit.panels import across
from cnnattn.figures.maps.stage_path import StageBox, stage_path
from cnnattn.figures.scores.predictions import predictions
from cnnattn.web.library import charts
from cnnattn.web.library.charts import Pair
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.shell.page import link_to
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, attention_name, class_name

PICTURE, HEAT = 150, 136  # widths in pixels of the picture, and of a heat map in the compact form


def answers(pairs: Sequence[Pair], chosen: Chosen, width: int) -> None:
    """The picture, what each model predicts, and where it looks; side by side if there is room."""
    compact = len(pairs) <= 2 and width >= WIDTH
    verdict = charts.verdict(pairs, chosen.label)
    st.markdown(verdict)
    first, second, third = (
        st.columns([16, 34, 50], gap="small") if compact else [st.container()] * 3
    )
    truth = _("True class: unknown")
    if chosen.label is not None:
        truth = _("True class: {label}", label=class_name(chosen.label))
    with first:
        st.image(chosen.picture, truth, width=PICTURE, alt=f"{chosen.name}. {truth}")
    with second:
        show(
            predictions(
                [charts.prediction_column(pair, chosen.label, 3) for pair in pairs],
                per_row=1 if compact else across(len(pairs), 220, width),
                width=0.31 * width if compact else width,
            ),
            key="predictions",
            alt=verdict.replace("**", ""),
        )
    square = chosen.picture.shape[0] == chosen.picture.shape[1]
    with third:
        show(
            overlays(
                chosen.picture if square else chosen.seen,
                heat_columns(pairs, 20 if compact else width // (11 * (len(pairs) + 1))),
                smooth=True,
                value_title="Grad-CAM",
                signed_title=_("difference"),
                largest=HEAT if compact else 200,
                width=int(0.53 * width) if compact else width,
            ),
            key="first_heat",
            alt=_("Grad-CAM heat maps over the image: {told}", told=_heat_words(pairs)),
        )


def heat_columns(pairs: Sequence[Pair], letters: int) -> list[OverlayColumn]:
    """Grad-CAM of each model's own prediction and, of two alike in size, their difference.

    Titles are cut to so many ``letters``.
    """
    hover = _("value {number}", number="%{customdata:.4g}")
    columns = [
        OverlayColumn(
            shortened(model.title, letters),
            model.colour,
            [Overlay(class_name(model.classes[found.target]), found.cam, hover=hover)],
        )
        for model, found in pairs
    ]
    if len(pairs) == 2 and pairs[0][1].cam.shape == pairs[1][1].cam.shape:
        before, after = (share(column.overlays[0].cam, False) for column in columns)
        title = _("second − first")
        part = Overlay(title, after - before, signed=True, hover=hover)
        columns.append(OverlayColumn(_("Difference"), "", [part]))
    return columns


def _heat_words(pairs: Sequence[Pair]) -> str:
    """Where each model looks most: the place of the largest value, in words."""
    told = []
    for model, found in pairs:
        row, column = np.unravel_index(int(found.cam.argmax()), found.cam.shape)
        height, width = found.cam.shape
        down = [_("top"), _("middle"), _("bottom")][int(3 * row / height)]
        along = [_("left side"), _("centre"), _("right side")][int(3 * column / width)]
        told.append(
            _("{model} looks most at the {down} {along}", model=model.title, down=down, along=along)
        )
    return "; ".join(told)


def path(pairs: Sequence[Pair], seen: np.ndarray, selected: str, width: int) -> None:
    """The network as a line of stages with their gates; a click opens a stage below."""
    model, found = pairs[0]
    boxes = []
    for i, stage in enumerate(model.stages):
        channels, height, breadth = found.maps[stage.output].shape
        gates = [
            (m.colour, f.gates[m.stages[i].gate]) for m, f in pairs if m.stages[i].gate in f.gates
        ]
        title, hint = charts.stage_title(stage), _("Click to open its feature maps and gates")
        size = f"{channels} × {height}×{breadth}"
        boxes.append(StageBox(stage.name, title, size, gates, f"<b>{title}</b><br>{hint}"))

    def click(stage: str) -> None:
        """A clicked box opens its stage."""
        st.session_state["stage"] = stage

    said = "<br>".join(
        f"<span style='color:{m.colour}'>■</span> "
        + shortened(class_name(m.classes[int(f.probabilities.argmax())]), 11)
        for m, f in pairs[:3]
    )
    show(
        stage_path(
            seen, boxes, said, picture_title="32×32", selected=selected,
            width=0.74 * width if width >= WIDTH else width,
        ),
        key="path",
        on_click=click,
        alt=_("The network as a path: 32×32 pixels, three stages, prediction. {told}",
              told=_path_words(pairs)),
    )  # fmt: skip


def _path_words(pairs: Sequence[Pair]) -> str:
    told = []
    for model, found in pairs:
        for stage in model.stages:
            gates = found.gates.get(stage.gate)
            if gates is not None:
                told.append(
                    _("{model}, {stage}: gates spread by {deviation:.2f} (standard deviation)",
                      model=model.title, stage=charts.stage_title(stage), deviation=gates.std())
                )  # fmt: skip
    return "; ".join(told)


def ways_on(pairs: Sequence[Pair], upload: Callable[[], None]) -> None:
    """Three ways to go on from here, as links that open in a telling state."""
    gated = [m for m, f in pairs if f.gates] or [m for m, _f in pairs]
    model = gated[0]
    module = attention_name(model.checkpoint.spec.attention)
    number = charts.widest_stage([(m, f) for m, f in pairs if m is model])
    with st.container(gap="xxsmall", key="ways_on"):
        link_to(
            "attention", _("See what {module} does", module=module), "equalizer",
            model=model.name, gate_stage=str(number + 1),
        )  # fmt: skip
        # It opens with an experiment that changes the prediction, where one does.
        link_to("surgery", _("Break a channel"), "content_cut", model=model.name)
        st.button(
            _("Try your own photo"), icon=":material/add_a_photo:", type="tertiary",
            on_click=upload, key="own_photo",
        )  # fmt: skip
