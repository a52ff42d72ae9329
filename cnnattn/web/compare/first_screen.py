"""What the home page shows before anyone scrolls: answers, heat maps, the network, ways on."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from cnnattn.figures.heat.heat_matrix import Cell, Column, heat_matrix
from cnnattn.figures.heat.style import share
from cnnattn.figures.kit.finished import Finished
from cnnattn.figures.kit.frame import WIDTH, shortened
from cnnattn.figures.kit.panels import across
from cnnattn.figures.maps.stage_path import StageBox, stage_path
from cnnattn.figures.scores.predictions import predictions
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.compare.outline import Outline
from cnnattn.web.library import charts, own_pictures
from cnnattn.web.library.charts import Pair
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.drawn import Drawn, drawn
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.library.shared import Shared, shared
from cnnattn.web.library.tables import class_rows
from cnnattn.web.library.thumbnails import picture_uri
from cnnattn.web.shell.page import link_to
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name

PICTURE, HEAT = 150, 136  # widths in pixels: of the picture, of a heat map on a page WIDTH wide


def answers(models: Sequence[Model], chosen: Chosen, width: int) -> None:
    """The picture, what each model predicts, and where it looks; side by side if there is room."""
    compact = len(models) <= 2 and width >= WIDTH
    said = _said(models, chosen, compact, width)
    st.markdown(said.told)
    first, second, third = (
        st.columns([16, 31, 53], gap="small") if compact else [st.container()] * 3
    )
    truth = _("True class: unknown")
    if chosen.label is not None:
        truth = _("True class: {label}", label=class_name(chosen.label))
    with first:
        st.image(_portrait(chosen), truth, width=PICTURE, alt=f"{chosen.name}. {truth}")
    with second:
        show(
            said.figure,
            key="predictions",
            alt=said.alt,
            rows=lambda: class_rows(charts.pairs_of(models, chosen.picture)),
        )
    with third:
        looks = _looks(models, chosen, compact, width)
        show(looks.figure, key="first_heat", alt=looks.alt)


def background(models: Sequence[Model], picture: np.ndarray) -> np.ndarray:
    """What lies below heat maps: the picture, or what the first model takes of an oblong one."""
    height, width = picture.shape[:2]
    return picture if height == width else models[0].input_picture(picture)


@shared(Shared(8e6, len))
def _portrait(chosen: Chosen) -> str:
    """The picture, no larger than it is shown, as a data URI: written once, and sent with the page
    instead of by a connection of its own."""
    image = Image.fromarray(chosen.picture)
    image.thumbnail((PICTURE, PICTURE))
    return picture_uri(np.asarray(image))


@drawn
def _said(models: Sequence[Model], chosen: Chosen, compact: bool, width: int) -> Drawn:
    """What each model predicts; the verdict is told."""
    pairs = charts.pairs_of(models, chosen.picture)
    verdict = charts.verdict(pairs, chosen.label)
    figure = predictions(
        [charts.prediction_column(pair, chosen.label, 3) for pair in pairs],
        per_row=1 if compact else across(len(pairs), 220, width),
        width=0.28 * width if compact else width,
    )
    return Drawn(Finished(figure), verdict.replace("**", ""), verdict)


@drawn
def _looks(models: Sequence[Model], chosen: Chosen, compact: bool, width: int) -> Drawn:
    """Where each model looks, over the picture."""
    pairs = charts.pairs_of(models, chosen.picture)
    letters = 20 if compact else width // (11 * (len(pairs) + 1))
    figure = heat_matrix(
        heat_columns(pairs, background(models, chosen.picture), letters),
        hover=charts.value_hover(),
        value_title="Grad-CAM",
        signed_title=_("difference"),
        largest=HEAT * width / WIDTH if compact else 200,
        width=int(0.56 * width) if compact else width,
    )
    alt = _("Grad-CAM heat maps over the image: {told}", told=_heat_words(pairs))
    return Drawn(Finished(figure), alt)


def heat_columns(pairs: Sequence[Pair], below: np.ndarray, letters: int) -> list[Column]:
    """Grad-CAM of each model's own prediction and, of two alike in size, their difference.

    Each over the picture ``below``. Where the two predict different classes, the difference is one
    of maps for different classes, and its title says so. Titles are cut to so many ``letters``.
    """
    columns = [
        Column(
            shortened(model.title, letters),
            model.colour,
            [Cell(below, analysis.cam, [class_name(model.classes[analysis.target])])],
        )
        for model, analysis in pairs
    ]
    if len(pairs) == 2 and pairs[0][1].cam.shape == pairs[1][1].cam.shape:
        before, after = (share(analysis.cam, False) for _model, analysis in pairs)
        first, second = (column.cells[0].words[0] for column in columns)
        title = _("second − first") if first == second else f"{second} − {first}"
        part = Cell(below, after - before, [title], signed=True)
        columns.append(Column(_("Difference"), "", [part]))
    return columns


def _heat_words(pairs: Sequence[Pair]) -> str:
    """Where each model looks most: the place of the largest value, in words."""
    told = []
    for model, analysis in pairs:
        place = charts.strongest_place(analysis.cam)
        told.append(_("{model} looks most at the {place}", model=model.title, place=place))
    return "; ".join(told)


def _answers(pairs: Sequence[Pair], most: int = 3) -> str:
    """What the models predict, a line a class, before it the marks of those that do."""
    marks: dict[str, str] = {}
    for model, analysis in pairs:
        name = shortened(class_name(model.classes[int(analysis.probabilities.argmax())]), 11)
        marks[name] = marks.get(name, "") + f"<span style='color:{model.colour}'>■</span>"
    lines = [f"{squares} {name}" for name, squares in marks.items()]
    return "<br>".join(lines if len(lines) <= most else [*lines[: most - 1], "…"])


def path(models: Sequence[Model], chosen: Chosen, selected: str, width: int) -> None:
    """The network as a line of stages with their gates; a click opens a stage below.

    Of networks with different numbers of stages, the one with the most.
    """

    def click(stage: str) -> None:
        """A clicked box opens its stage."""
        st.session_state["stage"] = stage

    way = _path(models, chosen, selected, width)
    show(way.figure, key="path", on_click=click, alt=way.alt)


@drawn
def _path(models: Sequence[Model], chosen: Chosen, selected: str, width: int) -> Drawn:
    pairs = charts.pairs_of(models, chosen.picture)
    model, analysis = max(pairs, key=lambda pair: len(pair[0].stages))
    side = model.checkpoint.architecture.size
    boxes = []
    for i, stage in enumerate(model.stages):
        channels, height, breadth = analysis.maps[stage.output].shape
        gates = [
            (m.colour, f.channel_gates[m.stages[i].gate])
            for m, f in charts.with_stage(pairs, i)
            if m.stages[i].gate in f.channel_gates
        ]
        title, hint = charts.stage_title(stage), _("Click to open its feature maps and gates")
        size = f"{channels} × {height}×{breadth}"
        below = size if width >= WIDTH else f"{height}×{breadth}"  # a telephone has no more room
        boxes.append(
            StageBox(stage.name, title, below, gates, f"<b>{title}</b><br>{size}<br>{hint}")
        )
    figure = stage_path(
        model.input_picture(chosen.picture),
        boxes,
        _answers(pairs),
        picture_title=f"{side}×{side}",
        selected=selected,
        width=0.74 * width if width >= WIDTH else width,
    )
    alt = _(
        "The network as a path: {side}×{side} pixels, {stages} stages, prediction. {told}",
        side=side,
        stages=len(boxes),
        told=_path_words(pairs),
    )
    return Drawn(Finished(figure), alt)


def _path_words(pairs: Sequence[Pair]) -> str:
    told = []
    for model, analysis in pairs:
        for stage in model.stages:
            gates = analysis.channel_gates.get(stage.gate)
            if gates is not None:
                told.append(
                    _(
                        "{model}, {stage}: gates spread by {deviation:.2f} (standard deviation)",
                        model=model.title,
                        stage=charts.stage_title(stage),
                        deviation=gates.std(),
                    )
                )
    return "; ".join(told)


def ways_on(models: Sequence[Model], shape: Outline) -> None:
    """Three ways to go on from here, as links that open in a telling state."""
    model = models[shape.gated]
    module = KINDS[model.checkpoint.spec.attention].name
    with st.container(gap="xxsmall", key="ways_on"):
        link_to(
            "attention",
            _("See what {module} does", module=module),
            "equalizer",
            model=model.name,
            gate_stage=model.stages[shape.gated_widest].name,
        )
        # It opens with an experiment that changes the prediction, where one does.
        link_to("surgery", _("Break a channel"), "content_cut", model=model.name)
        own_pictures.button_to_bring(_("Try your own photo"), "own_photo", type="tertiary")
