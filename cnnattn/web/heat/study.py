"""The study of heat map methods over many pictures as a figure, a table and words."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnattn.explain.study import CONTROLS, MEASURES, interval
from cnnattn.figures.heat.method_table import Dot, Measure
from cnnattn.web.heat.methods import measure_names, method_names
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result
from cnnattn.web.shell.text import _, paragraph, percent


def in_words(measures: Sequence[Measure], models: Sequence[Model], methods: Sequence[str]) -> str:
    """The table's means, for those who cannot see it."""
    names = method_names()
    return paragraph(
        f"{measure.title}: {names[method]}, {model.title} {percent(dot.value)}."
        for measure in measures
        for method, dots in zip([*methods, *CONTROLS], measure.dots, strict=True)
        for model, dot in zip(models, dots, strict=True)
        if dot
    )


def study_measures(
    results: Mapping[str, Result], models: Sequence[Model], methods: Sequence[str]
) -> list[Measure]:
    """Mean and 95 % interval of every measure that was taken, methods × models."""
    names, titles = method_names(), measure_names()
    shown = []
    for measure in MEASURES:
        if all(np.isnan(results[model.name][measure]).all() for model in models):
            continue  # there were no masks
        found = [interval(results[model.name][measure]) for model in models]
        dots: list[list[Dot | None]] = []
        for row, method in enumerate([*methods, *CONTROLS]):
            dots.append([])
            for model, ends in zip(models, found, strict=True):
                mean, low, high = (float(values[row]) for values in ends)
                hover = (
                    _(
                        "{model}, {method}<br>{value} ({low} to {high})",
                        model=model.title,
                        method=names[method],
                        value=percent(mean),
                        low=percent(low),
                        high=percent(high),
                    )
                    if np.isfinite(mean)
                    else ""
                )
                dots[-1].append(Dot(mean, low, high, hover) if hover else None)
        shown.append(Measure(titles[measure], dots))
    return shown


def rows(
    measures: Sequence[Measure], models: Sequence[Model], methods: Sequence[str]
) -> list[dict[str, object]]:
    """The same as a table: a row a method and model."""
    names = method_names()
    return [
        {_("method"): names[method], _("model"): model.title}
        | {
            measure.title: f"{dot.value:.3f} ({dot.low:.3f} … {dot.high:.3f})" if dot else None
            for measure in measures
            for dot in [measure.dots[row][m]]
        }
        for row, method in enumerate([*methods, *CONTROLS])
        for m, model in enumerate(models)
    ]
