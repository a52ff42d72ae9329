"""How models bear worse and worse pictures: computed behind the page, and put into words."""

from collections.abc import Generator, Sequence
from functools import partial

import numpy as np

from cnnattn.data.corrupt import CORRUPTIONS, corrupt
from cnnattn.data.pictures import to_inputs
from cnnattn.explain.evaluation import logits_of
from cnnattn.explain.statistics import share
from cnnattn.figures.maps.picture_tiles import Tiles
from cnnattn.figures.scores.robustness import Curve, Robustness
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result, each_or_offer, part_of
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.shell.text import _, percent

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def corruption_names() -> dict[str, str]:
    """What the kinds of corruption are called."""
    return {
        "noise": _("Noise"),
        "blur": _("Blur"),
        "brightness": _("Overexposure"),
        "rotation": _("Rotation"),
        "occlusion": _("Occlusion"),
    }


def robustness_or_offer(
    models: Sequence[Model], picture_set: PictureSet, count: int, button: str, explanation: str
) -> dict[str, Result]:
    """Of each model by its name: "hits", int64 (kinds, strengths), the right answers on ``count``
    pictures spread evenly over the set and corrupted in every way; "count", those of a class that
    the model has."""
    index = np.linspace(0, len(picture_set) - 1, count).round().astype(int)
    pictures = picture_set.split.pictures[index]

    def work(model: Model) -> Generator[float, None, Result]:
        prepare = partial(to_inputs, **model.input)
        truth = picture_set.labels_for(model)[index]
        of = truth >= 0
        hits = np.zeros((len(CORRUPTIONS), len(STRENGTHS)), np.int64)
        done, steps = 0.0, hits.size - len(CORRUPTIONS) + 1
        for row, kind in enumerate(CORRUPTIONS):
            for column, strength in enumerate(STRENGTHS):
                if row and not column:
                    hits[row, 0] = hits[0, 0]  # strength 0 is alike for all kinds
                    continue
                worse = corrupt(pictures[of], kind, strength)
                run = logits_of(model.checkpoint.model, worse, prepare)
                logits = yield from part_of(run, done, 1 / steps)
                hits[row, column] = (logits.argmax(1) == truth[of]).sum()
                done += 1 / steps
        return {"hits": hits, "count": np.array(of.sum())}

    what = f"robustness {picture_set.fingerprint} {count} {STRENGTHS} {list(CORRUPTIONS)}"
    return each_or_offer(models, what, work, button, explanation)


def examples(picture_set: PictureSet) -> list[Tiles]:
    """One picture of the set, not too bright or dark, in every kind and strength of corruption."""
    first = picture_set.split.pictures[:100]
    medium = np.abs(first.mean((1, 2, 3)) - 128).argmin()
    picture = first[[medium]]
    panels = []
    for kind, name in corruption_names().items():
        worse = np.concatenate([corrupt(picture, kind, strength) for strength in STRENGTHS])
        hovers = [f"{name} {percent(strength)}" for strength in STRENGTHS]
        panels.append(Tiles(name, worse, range(len(STRENGTHS)), hovers, in_a_row=3, largest=62))
    return panels


def in_words(models: Sequence[Model], results: dict[str, Result]) -> str:
    """Clean accuracy and that at full strength of each corruption, for those who do not see it."""
    told = []
    for model in models:
        hits, count = results[model.name]["hits"], int(results[model.name]["count"])
        worst = _(", ").join(
            f"{name} {percent(hits[row, -1] / count, 1)}"
            for row, name in enumerate(corruption_names().values())
        )
        told.append(
            _(
                "{model}: clean {clean}; at full strength: {worst}",
                model=model.title,
                clean=percent(hits[0, 0] / count, 1),
                worst=worst,
            )
        )
    return _("Accuracy vs. corruption strength. {told}.", told=_("; ").join(told))


def rows(models: Sequence[Model], results: dict[str, Result]) -> list[dict[str, str]]:
    """Accuracies, a row a model and kind of corruption, a column a strength."""
    return [
        {_("model"): model.title, _("corruption"): name}
        | {
            percent(strength): percent(int(n) / int(results[model.name]["count"]), 1)
            for strength, n in zip(STRENGTHS, results[model.name]["hits"][row], strict=True)
        }
        for model in models
        for row, name in enumerate(corruption_names().values())
    ]


def robustness_panels(models: Sequence[Model], results: dict[str, Result]) -> list[Robustness]:
    """A panel a kind of corruption, a curve a model."""
    names = corruption_names()
    panels = []
    for row, kind in enumerate(CORRUPTIONS):
        curves = []
        for model in models:
            hits, count = results[model.name]["hits"][row], int(results[model.name]["count"])
            shares = [share(int(n), count) for n in hits]
            hovers = [
                _("<b>{model}</b><br>strength {strength}: {value} ({low} to {high})",
                  model=model.title, strength=percent(strength), value=percent(s.value, 1),
                  low=percent(s.low, 1), high=percent(s.high, 1))
                for strength, s in zip(STRENGTHS, shares, strict=True)
            ]  # fmt: skip
            value, low, high = (
                np.array([getattr(s, end) for s in shares]) for end in ("value", "low", "high")
            )
            curves.append(Curve(model.colour, value, low, high, hovers))
        panels.append(Robustness(names[kind], curves))
    return panels
