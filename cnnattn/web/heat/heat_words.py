"""The words of the page Heat maps: names, numbers beside a map, and why a map shows nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from cnnattn.data.pictures import NEUTRAL, as_seen
from cnnattn.data.samples import Sample
from cnnattn.explain.cam import fault
from cnnattn.explain.study import CONTROLS
from cnnattn.figures.heat.heat_matrix import Cell, Column
from cnnattn.figures.heat.method_curves import Line, Panel
from cnnattn.figures.heat.style import largest_value
from cnnattn.problem import Problem
from cnnattn.web.heat.heat_maps import (
    Choice,
    Explained,
    Look,
    Shuffled,
    completeness_of,
    layer_at,
    one_map,
    resolve,
    through,
)
from cnnattn.web.heat.heat_methods import method_names
from cnnattn.web.library.charts import sample_title
from cnnattn.web.library.checkpoints import Model, analysis
from cnnattn.web.shell.text import _, class_name, percent, sentence

_GROUND = np.array(NEUTRAL, np.uint8)  # what stands where nothing is kept
LOW_IS_GOOD = {"deletion", "drop"}
OF_PIXELS = {"saliency", "integrated_gradients"}


def target_title(model: Model, target: Choice) -> str:
    """“cat”, or “cat, not dog”."""
    if isinstance(target, tuple):
        a, b = (class_name(model.classes[number]) for number in target)
        return _("{a}, not {b}", a=a, b=b)
    return class_name(model.classes[target])


def wanted_name(name: str) -> str:
    """A choice of a class to explain, or of one to set it apart from, in words."""
    special = {
        "predicted": _("each model's own prediction"),
        "true": _("the true class"),
        "none": _("nothing else"),
        "second": _("each model's runner-up"),
    }
    return special.get(name) or class_name(name)


def columns(
    found: Sequence[Explained],
    methods: Sequence[str],
    picture: np.ndarray,
    seen: np.ndarray,
    look: Look,
    threshold: float | None,
    mask: np.ndarray | None,
    details: bool,
) -> list[Column]:
    """A column of the matrix for each model: its maps and, with ``details``, their numbers.

    With a ``threshold`` the cells show what of the picture is above it. ``mask`` is the object's.
    """
    picture = thumbnail(picture, seen)
    shown = []
    for each, limits in zip(found, limits_of(found, look.signed, look.shared), strict=True):
        if threshold is None:
            cells = {method: _cell(each, method, picture, seen, limits) for method in each.maps}
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
    return as_seen(picture, min(side, 160)) if square else seen


def _notes(found: Explained, mask: np.ndarray | None) -> list[str]:
    what = target_title(found.model, found.target)
    notes = [_("explained: {what}; confidence {sure}", what=what, sure=_share(found.sure))]
    for control, title in zip(CONTROLS, (_("a random map"), _("a centred blob")), strict=True):
        values = found.measured[control].values
        numbers = [_("deletion {value}", value=_share(values["deletion"])),
                   _("insertion {value}", value=_share(values["insertion"]))]  # fmt: skip
        if mask is not None:
            numbers.append(_("on the object {value}", value=_share(values["mass"])))
        notes.append(_("{name}: {text}", name=title, text=_(", ").join(numbers)))
    if mask is not None:
        share = percent(float(mask.mean()))
        notes.append(_("the object covers {share} of the picture", share=share))
    return notes


def _cell(
    found: Explained,
    method: str,
    picture: np.ndarray,
    seen: np.ndarray,
    limits: Mapping[str, float],
) -> Cell:
    cam = found.maps[method]
    lines = [_titled(method, cam), *_measured_words(found, method)]
    if method == "integrated_gradients":
        total, due = completeness_of(found, seen)
        lines.append(_("adds up to {total:.2f}, due: {due:.2f}", total=total, due=due))
    return Cell(picture, cam, lines, limits[method])


def _kept_cells(found: Explained, seen: np.ndarray, threshold: float) -> dict[str, Cell]:
    if not found.maps:
        return {}
    cams = list(found.maps.values())
    masks, sure = through(found.model, seen, cams, found.target, threshold)
    return {
        method: Cell(
            np.where(mask[..., None], seen, _GROUND),
            cam,
            [
                _titled(method, cam),
                _("keeps {share} of the picture", share=percent(float(mask.mean()))),
                _("confidence with it alone: {sure}", sure=percent(float(alone))),
                _("with the whole picture: {sure}", sure=percent(found.sure)),
            ],
        )
        for (method, cam), mask, alone in zip(found.maps.items(), masks, sure, strict=True)
    }


def _titled(method: str, cam: np.ndarray) -> str:
    return f"{method_names()[method]} · {'×'.join(map(str, cam.shape))}"


def sheet_column(
    model: Model,
    rows: Sequence[Sample],
    place: str,
    question: tuple[str, str],
    method: str,
) -> Column:
    """One model's maps of several pictures by one method; pictures without a map say why."""
    cells = []
    for row in rows:
        seen = as_seen(row.picture)
        said = analysis(model, seen).probabilities
        name = model.classes[int(said.argmax())]
        mark = "✓" if name == row.label else "✗"
        lines = [sample_title(row.name), f"{mark} {class_name(name)} {percent(float(said.max()))}"]
        try:
            target = resolve(model, seen, *question, row.label)
            cam = one_map(model, seen, layer_at(model, place), target, method)
        except Problem:
            cells.append(Cell(row.picture, None, [*lines, _("no map")]))
            continue
        cells.append(
            Cell(row.picture, cam, [*lines, _("why {what}", what=target_title(model, target))])
        )
    return Column(model.title, model.colour, cells)


def _measured_words(found: Explained, method: str) -> list[str]:
    values = found.measured[method].values
    words = {
        "deletion": _("deletion {value}"),
        "insertion": _("insertion {value}"),
        "drop": _("drop {value}"),
        "mass": _("on the object {value}"),
    }
    lines = []
    for name, text in words.items():
        if name in values and np.isfinite(values[name]):
            mark = " ✓" if beats(found, method, name) else ""
            lines.append(text.format(value=percent(values[name])) + mark)
    if "pointing" in values and np.isfinite(values["pointing"]):
        on = values["pointing"] > 0.5
        lines.append(_("points at it") + " ✓" if on else _("points beside it"))
    return lines


def _share(value: float) -> str:
    """In percent; a dash where the network gave no number."""
    return percent(value) if np.isfinite(value) else "–"


def beats(found: Explained, method: str, measure: str) -> bool:
    """Whether a map does better than both controls."""
    value = found.measured[method].values[measure]
    others = [found.measured[control].values[measure] for control in CONTROLS]
    return value < min(others) if measure in LOW_IS_GOOD else value > max(others)


def remarks(found: Sequence[Explained], signed: bool) -> list[str]:
    """For every map that shows nothing, why that can be and what to try, each in a sentence."""
    names = method_names()
    reasons = {
        "nan": _(
            "some values are not numbers: the network overflowed, or its weights are damaged. Try "
            "another layer or another file of weights."
        ),
        "blank": _(
            "the map is blank: no gradient reaches this layer for this class, or the layer is "
            "silent here. Try another layer or class, or a method without gradients such as "
            "Score-CAM."
        ),
        "negative": _(
            "no value is above 0: nothing at this layer speaks for this class, so the positive "
            "part is blank. Switch to “signed” to see what speaks against it, or choose the "
            "predicted class."
        ),
        "constant": _(
            "every place has the same value: at this layer the method finds no difference between "
            "places. Try an earlier layer."
        ),
    }
    lines = []
    for each in found:
        for method, cam in each.maps.items():
            reason = fault(torch.from_numpy(cam))
            if reason and not (signed and reason == "negative"):
                lines.append(f"**{each.model.title} · {names[method]}**: {reasons[reason]}")
        for method, problem in each.problems.items():
            lines.append(f"**{each.model.title} · {names[method]}**: {sentence(problem)}")
    return lines


def in_words(found: Sequence[Explained]) -> str:
    """The matrix's main numbers, for those who cannot see it."""
    names = method_names()
    return _("Heat maps over the picture") + ". " + " ".join(
        _("{model}, {method}: deletion {deletion}, insertion {insertion}.",
          model=each.model.title, method=names[method],
          deletion=percent(each.measured[method].values["deletion"]),
          insertion=percent(each.measured[method].values["insertion"]))
        for each in found
        for method in each.maps
    )  # fmt: skip


def blurred_remarks(found: Sequence[Explained]) -> list[str]:
    """Of each model that is surer of the blurred picture than of the clear one, a sentence why its
    insertion curves fall instead of rising."""
    lines = []
    for each in found:
        blurred, clear = (next(iter(each.measured.values())).insertion[i] for i in (0, -1))
        if blurred > clear:
            lines.append(
                _("{model}: insertion ends lower than it starts ({blurred} → {clear}). The blurred "
                  "image alone already gives more confidence than the clear one, so here insertion "
                  "says little about the map.", model=each.model.title,
                  blurred=percent(float(blurred)), clear=percent(float(clear)))
            )  # fmt: skip
    return lines


def curve_panels(found: Sequence[Explained], methods: Sequence[str]) -> list[Panel]:
    """Deletion of every model, then insertion of every model."""
    names, panels = method_names(), []
    for what, title in (("deletion", _("Deletion")), ("insertion", _("Insertion"))):
        for each in found:
            lines = []
            for name in [*methods, *CONTROLS]:
                if name not in each.measured:  # a method that this network does not have
                    lines.append(Line(np.empty(0), []))
                    continue
                curve = getattr(each.measured[name], what)
                shares = np.linspace(0, 1, len(curve))
                hovers = [
                    _("{method}<br>{share} of the pixels: confidence {sure}", method=names[name],
                      share=percent(share), sure=percent(float(sure)))
                    for share, sure in zip(shares, curve, strict=True)
                ]  # fmt: skip
                lines.append(Line(curve, hovers))
            panels.append(Panel(f"{title} · {each.model.title}", each.model.colour, lines))
    return panels


def shuffled_column(model: Model, seen: np.ndarray, steps: Sequence[Shuffled]) -> Column:
    """One model's map after every step of shuffling, with how like the first one it is."""
    cells = [
        Cell(
            seen,
            step.cam,
            [
                _("down to {layer}", layer=step.layer) if step.layer else _("as trained"),
                _("rank {rank:.2f}", rank=step.rank),
                _("structure {structure:.2f}", structure=step.structure),
            ],
        )
        for step in steps
    ]
    return Column(model.title, model.colour, cells)


def shuffled_in_words(steps: Sequence[tuple[Model, Sequence[Shuffled]]]) -> str:
    """How like the first map the last one is, for those who cannot see them."""
    return " ".join(
        _("{model}: with all weights shuffled, rank correlation {rank:.2f} with the first map.",
          model=model.title, rank=of[-1].rank)
        for model, of in steps
    )  # fmt: skip


def limits_of(found: Sequence[Explained], signed: bool, shared: bool) -> list[dict[str, float]]:
    """The value at the end of the colour scale of each model's maps, by method.

    In maps of single pixels that is the 99th percentile: a few stand out so far from all others
    that nothing else would be seen. ``shared``: the largest of all models.
    """
    limits = [
        {
            method: largest_value(cam, signed, 99 if method in OF_PIXELS else 100)
            for method, cam in each.maps.items()
        }
        for each in found
    ]
    if not shared:
        return limits
    common: dict[str, float] = {}
    for each in limits:
        for method, limit in each.items():
            common[method] = max(common.get(method, 0.0), limit)
    return [common] * len(limits)
