"""The maps of the page Heat maps as cells of its figures, with the words beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnnattn.data.pictures import NEUTRAL, input_picture
from cnnattn.data.samples import Sample
from cnnattn.explain.study import CONTROLS
from cnnattn.figures.heat.heat_matrix import Cell, Column
from cnnattn.figures.heat.style import largest_value
from cnnattn.problem import Problem
from cnnattn.web.heat.faithfulness import measured_words
from cnnattn.web.heat.maps import (
    Display,
    Explained,
    Shuffled,
    completeness_of,
    layer_at,
    one_map,
    resolve,
    through,
)
from cnnattn.web.heat.methods import method_names
from cnnattn.web.heat.words import target_title
from cnnattn.web.library.charts import sample_title
from cnnattn.web.library.checkpoints import Model, analysed
from cnnattn.web.shell.text import _, class_name, percent

_GROUND = np.array(NEUTRAL, np.uint8)  # what stands where nothing is kept
OF_PIXELS = {"saliency", "integrated_gradients"}


def columns(
    explained: Sequence[Explained],
    methods: Sequence[str],
    picture: np.ndarray,
    seen: np.ndarray,
    display: Display,
    threshold: float | None,
    mask: np.ndarray | None,
    details: bool,
) -> list[Column]:
    """A column of the matrix for each model: its maps and, with ``details``, their numbers.

    With a ``threshold`` the cells show what of the picture is above it. ``mask`` is the object's.
    """
    picture = thumbnail(picture, seen)
    shown = []
    for each, limits in zip(
        explained, limits_of(explained, display.signed, display.shared), strict=True
    ):
        if threshold is None:
            cells = {
                method: _cell(each, method, picture, seen, limits, display.signed)
                for method in each.maps
            }
        else:
            cells = _kept_cells(each, seen, threshold)
        lacking = _("no map: see below")
        row = [
            cells.get(method) or Cell(picture, None, [method_names()[method], lacking])
            for method in methods
        ]
        notes = _notes(each, mask)
        if not details:
            notes = notes[:1]
            row = [
                cell if threshold or cell.cam is None else _without_numbers(cell) for cell in row
            ]
        shown.append(Column(each.model.title, each.model.colour, row, notes))
    return shown


def _without_numbers(cell: Cell) -> Cell:
    """The same map with its title alone."""
    return replace(cell, words=cell.words[:1])


def thumbnail(picture: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """What lies below a map: the square picture, made small if it is large."""
    side = min(picture.shape[:2])
    square = picture.shape[0] == picture.shape[1]
    return input_picture(picture, min(side, 160)) if square else input_picture(seen)


def _notes(explained: Explained, mask: np.ndarray | None) -> list[str]:
    what = target_title(explained.model, explained.target)
    notes = [_("target: {what}; confidence {sure}", what=what, sure=percent(explained.sure))]
    for control, title in zip(
        CONTROLS, (_("random baseline"), _("centre-bias baseline")), strict=True
    ):
        values = explained.measured[control].values
        numbers = [_("deletion {value}", value=percent(values["deletion"])),
                   _("insertion {value}", value=percent(values["insertion"]))]  # fmt: skip
        if mask is not None:
            numbers.append(_("energy inside {value}", value=percent(values["mass"])))
        notes.append(_("{name}: {text}", name=title, text=_(", ").join(numbers)))
    if mask is not None:
        share = percent(float(mask.mean()))
        notes.append(_("the object covers {share} of the image", share=share))
    return notes


def _cell(
    explained: Explained,
    method: str,
    picture: np.ndarray,
    seen: np.ndarray,
    limits: Mapping[str, float],
    signed: bool,
) -> Cell:
    cam = explained.maps[method]
    lines = [_titled(method, cam), *measured_words(explained, method)]
    if method == "integrated_gradients":
        total, due = completeness_of(explained, seen)
        lines.append(_("sum {total:.2f}, expected {due:.2f}", total=total, due=due))
    return Cell(picture, cam, lines, limits[method], signed)


def _kept_cells(explained: Explained, seen: np.ndarray, threshold: float) -> dict[str, Cell]:
    if not explained.maps:
        return {}
    cams = list(explained.maps.values())
    seen = explained.model.input_picture(seen)
    masks, sure = through(explained.model, seen, cams, explained.target, threshold)
    return {
        method: Cell(
            np.where(mask[..., None], seen, _GROUND),
            cam,
            [
                _titled(method, cam),
                _("keeps {share} of the image", share=percent(float(mask.mean()))),
                _("confidence with this region alone: {sure}", sure=percent(float(alone))),
                _("with the whole image: {sure}", sure=percent(explained.sure)),
            ],
        )
        for (method, cam), mask, alone in zip(explained.maps.items(), masks, sure, strict=True)
    }


def _titled(method: str, cam: np.ndarray) -> str:
    return f"{method_names()[method]} · {'×'.join(map(str, cam.shape))}"


def sheet_column(
    model: Model,
    rows: Sequence[Sample],
    place: str,
    question: tuple[str, str],
    method: str,
    signed: bool,
) -> Column:
    """One model's maps of several pictures by one method; pictures without a map say why."""
    cells = []
    for row in rows:
        seen = row.picture
        said = analysed(model, seen).probabilities
        name = model.classes[int(said.argmax())]
        mark = "✓" if name == row.label else "✗"
        lines = [sample_title(row.name), f"{mark} {class_name(name)} {percent(float(said.max()))}"]
        try:
            target = resolve(model, seen, *question, row.label)
            cam = one_map(model, seen, layer_at(model, place), target, method)
        except Problem:
            cells.append(Cell(row.picture, None, [*lines, _("no map")]))
            continue
        lines.append(_("target: {what}", what=target_title(model, target)))
        cells.append(Cell(row.picture, cam, lines, signed=signed))
    return Column(model.title, model.colour, cells)


def sheet_alt(rows: Sequence[Sample], models: Sequence[Model], method: str) -> str:
    """Which images are shown, and what each model predicts for them."""
    told = []
    for model in models:
        each = []
        for row in rows:
            said = analysed(model, row.picture).probabilities
            name = class_name(model.classes[int(said.argmax())])
            each.append(f"{sample_title(row.name)} → {name} {percent(float(said.max()))}")
        told.append(f"{model.title}: {_(', ').join(each)}")
    return _(
        "Heat maps of several images by {method}. {told}.", method=method, told=_("; ").join(told)
    )


def shuffled_column(model: Model, seen: np.ndarray, steps: Sequence[Shuffled]) -> Column:
    """One model's map after every step of shuffling, with how like the first one it is.

    All of each map is drawn, for it is all of it that is compared.
    """
    below = model.input_picture(seen)
    cells = []
    for step in steps:
        lines = [
            _("randomised down to {layer}", layer=step.layer) if step.layer else _("as trained"),
            _("rank correlation {rank:.2f}", rank=step.rank),
            _("structural similarity {structure:.2f}", structure=step.structure),
        ]
        cells.append(Cell(below, step.cam, lines, signed=True))
    return Column(model.title, model.colour, cells)


def limits_of(explained: Sequence[Explained], signed: bool, shared: bool) -> list[dict[str, float]]:
    """The value at the end of the colour scale of each model's maps, by method.

    In maps of single pixels that is the 99th percentile: a few stand out so far from all others
    that nothing else would be seen. ``shared``: the largest of all models.
    """
    limits = [
        {
            method: largest_value(cam, signed, 99 if method in OF_PIXELS else 100)
            for method, cam in each.maps.items()
        }
        for each in explained
    ]
    if not shared:
        return limits
    common: dict[str, float] = {}
    for each in limits:
        for method, limit in each.items():
            common[method] = max(common.get(method, 0.0), limit)
    return [common] * len(limits)
