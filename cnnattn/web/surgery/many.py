"""What an operation does to the right answers on many pictures, in figures and words."""

from collections.abc import Generator

import numpy as np

from cnnattn.data.datasets import Split
from cnnattn.explain.surgery import confusions
from cnnattn.web.attention.profile import batches
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result, of_set, part_of
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.shell.text import _, class_name, paragraph, percent
from cnnattn.web.surgery.operation import Operation, edits_of

Array = np.ndarray


def on_pictures(
    model: Model, operation: Operation, picture_set: PictureSet
) -> Generator[float, None, Result]:
    """The operation on all pictures of a class that the model has, for a job: confusion matrices
    "before" and "after"."""
    labels = picture_set.labels_for(model)
    known = labels >= 0
    split = Split(picture_set.split.pictures[known], labels[known])
    steps = confusions(
        model.checkpoint.model,
        batches(model, split),
        len(model.classes),
        edits_of(model, operation),
    )
    return (yield from part_of(steps, 0, 1 / len(split.labels)))


def on_pictures_or_offer(
    model: Model, operation: Operation, picture_set: PictureSet
) -> Result | None:
    """The result of ``on_pictures``; the few samples at once, else behind the page."""
    what = f"surgery {operation} on {picture_set.fingerprint}"

    def work(model: Model) -> Generator[float, None, Result]:
        return on_pictures(model, operation, picture_set)

    return of_set(
        [model],
        picture_set,
        what,
        work,
        _("Measure on {count:,} images", count=len(picture_set)),
        _("This takes some seconds, in the background. The result is saved."),
    ).get(model.name)


def story(model: Model, result: Result) -> str:
    """In a sentence: accuracy before and after, and who suffers most."""
    before, after = (np.trace(result[k]) / result[k].sum() for k in ("before", "after"))
    change = class_changes(result)
    worst = int(np.nanargmin(change))
    story = _(
        "On {count} images: **{before}** correct before, **{after}** after.",
        count=int(result["before"].sum()),
        before=percent(before, 1),
        after=percent(after, 1),
    )
    if change[worst] >= 0:
        return story
    label, points = class_name(model.classes[worst]), -100 * change[worst]
    most = _("“{label}” drops most: by {points:.1f} percentage points.", label=label, points=points)
    return paragraph([story, most])


def class_changes(result: Result) -> Array:
    """By class, how much its share of right answers rises (-1 … 1); NaN without pictures."""
    with np.errstate(invalid="ignore"):
        right = [np.diag(result[k]) / result[k].sum(1) for k in ("before", "after")]
    return right[1] - right[0]


def change_rows(model: Model, result: Result) -> list[dict[str, object]]:
    """The correct predictions of every class before and after."""
    return [
        {
            _("class"): class_name(name),
            _("images"): int(result["before"][c].sum()),
            _("correct before"): int(result["before"][c, c]),
            _("correct after"): int(result["after"][c, c]),
        }
        for c, name in enumerate(model.classes)
    ]


def change_hovers(model: Model, result: Result) -> list[str]:
    """Of each class: right answers before and after, and what it is taken for now."""
    hovers = []
    for c, name in enumerate(model.classes):
        before, after = result["before"][c], result["after"][c]
        lines = [
            f"<b>{class_name(name)}</b>",
            _("correct: {before} → {after} of {count}", before=before[c], after=after[c],
              count=before.sum()),
        ]  # fmt: skip
        grown = after - before
        grown[c] = 0
        if grown.max() > 0:
            other = class_name(model.classes[int(grown.argmax())])
            lines.append(
                _("more often predicted as: {label} (+{count})", label=other, count=grown.max())
            )
        hovers.append("<br>".join(lines))
    return hovers
