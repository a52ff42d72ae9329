"""Scores and answers as the parts of figures, with the words on them."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnattn.explain.statistics import Calibration, calibration, precision_and_recall
from cnnattn.figures.scores.class_scores import Scores
from cnnattn.figures.scores.confusion import Confusions
from cnnattn.figures.scores.intervals import Interval
from cnnattn.figures.scores.reliability import Reliability
from cnnattn.web.evaluation.answers import Answers, Score
from cnnattn.web.library.gallery import Shown
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.shell.text import _, class_name, percent


def interval(score: Score) -> Interval:
    """A model's accuracy with its interval; on training pictures without, for these say nothing
    of other ones."""
    accuracy = score.accuracy
    value, low, high = (percent(n, 1) for n in (accuracy.value, accuracy.low, accuracy.high))
    if score.memorised:
        text = _("{value}, on its training images", value=value)
    else:
        text = _("{value} ({low} to {high})", value=value, low=low, high=high)
    hover = _(
        "<b>{model}</b><br>correct on {hits} of {count} images: {text}",
        model=score.model.title,
        hits=round(accuracy.value * accuracy.count),
        count=accuracy.count,
        text=text,
    )
    return Interval(
        score.model.title,
        score.model.colour,
        accuracy.value,
        accuracy.value if score.memorised else accuracy.low,
        accuracy.value if score.memorised else accuracy.high,
        text,
        hover,
    )


def confusions(score: Score) -> Confusions:
    """One model's confusion matrix with its words."""
    counts, totals = score.confusion, score.confusion.sum(1)
    names = [class_name(name) for name in score.model.classes]
    hovers = [
        [
            _("<b>{true}</b> predicted as <b>{called}</b><br>{count} of {total}: {share}",
              true=true, called=called, count=counts[i, j],
              total=totals[i], share=percent(counts[i, j] / totals[i] if totals[i] else np.nan, 1))
            for j, called in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]  # fmt: skip
    return Confusions(score.model.title, score.model.colour, counts, names, hovers)


def class_panels(scores: Sequence[Score], classes: Sequence[str]) -> list[Scores]:
    """Recall and precision of every class and model."""
    values = np.full((2, len(scores), len(classes)), np.nan)
    for i, score in enumerate(scores):
        numbers = np.array(precision_and_recall(score.confusion)[::-1])
        for j, name in enumerate(classes):
            if name in score.model.classes:
                values[:, i, j] = numbers[:, score.model.classes.index(name)]
    titles = [
        _("Recall"),
        _("Precision"),
    ]
    return [
        Scores(
            title,
            panel,
            [
                [f"<b>{class_name(name)}</b><br>{score.model.title}: {percent(value, 1)}"
                 for name, value in zip(classes, row, strict=True)]
                for score, row in zip(scores, panel, strict=True)
            ],
        )
        for title, panel in zip(titles, values, strict=True)
    ]  # fmt: skip


def calibrated(answers: Answers) -> Calibration:
    """The answers of one model in bins of their confidence."""
    return calibration(answers.confidence[answers.known], answers.right[answers.known])


def reliability_panel(answers: Answers) -> Reliability:
    """One model's reliability diagram with its words."""
    bins = calibrated(answers)
    total = max(1, bins.count.sum())
    hovers = [
        _("confidence {low} to {high}: {count} predictions<br>mean confidence {mean}, "
          "accuracy {right}",
          low=percent(low), high=percent(high), count=count, mean=percent(mean, 1),
          right=percent(right, 1))
        for low, high, count, mean, right in zip(
            bins.edges, bins.edges[1:], bins.count, bins.confidence, bins.accuracy, strict=False
        )
    ]  # fmt: skip
    of = answers.known
    gap = answers.confidence[of].mean() - answers.right[of].mean() if of.any() else 0.0
    lean = _("overconfident") if gap > 0 else _("underconfident")
    note = _("ECE {error}, {lean}", error=percent(bins.error, 1), lean=lean)
    return Reliability(
        answers.model.title,
        answers.model.colour,
        bins.edges,
        bins.accuracy,
        bins.count / total,
        note,
        hovers,
    )


def shown(
    picture_set: PictureSet, index: int, answers: Sequence[Answers], view: Mapping[str, str]
) -> Shown:
    """A picture of the set with its true class and what each model says of it."""
    said = []
    for each in answers:
        name = each.model.classes[each.predicted[index]]
        mark = "✓" if each.right[index] else "✗"
        said.append(f"{mark} {class_name(name)} {percent(float(each.confidence[index]))}")
    title = _("true: {label}", label=class_name(picture_set.label(index)))
    return Shown(picture_set.split.pictures[index], title, said, picture_set.link(index, view))
