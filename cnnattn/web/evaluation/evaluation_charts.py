"""Scores and answers into figures and sentences."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnattn.explain.statistics import calibration, mcnemar, precision_and_recall
from cnnattn.figures.scores.class_scores import Scores
from cnnattn.figures.scores.confusion import Confusions
from cnnattn.figures.scores.intervals import Interval
from cnnattn.figures.scores.reliability import Reliability
from cnnattn.web.evaluation.evaluation import Answers, PictureSet, Score, knowing
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.gallery import Shown
from cnnattn.web.shell.text import _, class_name, percent

SIGNIFICANT = 0.05  # the usual bound for "by chance alone that would be rare"


def exact(part: float) -> str:
    """0.84531 as “84.5%”; a dash for a number that there is none of."""
    return "–" if np.isnan(part) else f"{part:.1%}"


def interval(score: Score) -> Interval:
    """A model's accuracy with its interval."""
    accuracy = score.accuracy
    text = _("{value} ({low} to {high})", value=exact(accuracy.value), low=exact(accuracy.low),
             high=exact(accuracy.high))  # fmt: skip
    hover = _(
        "<b>{model}</b><br>right on {hits} of {count} pictures: {text}",
        model=score.model.title,
        hits=round(accuracy.value * accuracy.count),
        count=accuracy.count,
        text=text,
    )
    return Interval(score.model.title, score.model.colour, accuracy.value, accuracy.low,
                    accuracy.high, text, hover)  # fmt: skip


def score_rows(scores: Sequence[Score]) -> list[dict[str, object]]:
    """The main numbers, a row a model, for a table."""
    rows = []
    for score in scores:
        found, accuracy = score.answers, score.accuracy
        rows.append(
            {
                _("model"): score.model.title,
                _("pictures"): accuracy.count,
                _("accuracy"): exact(accuracy.value),
                _("95% interval"): f"{exact(accuracy.low)} – {exact(accuracy.high)}",
                _("loss"): round(score.loss, 4),
                _("calibration error"): None if found is None else exact(calibrated(found).error),
                _("from"): _("the model's card") if found is None else _("measured here"),
            }
        )
    return rows


def compared(a: Answers, b: Answers) -> str:
    """McNemar's test between two models in two plain sentences."""
    both = a.known & b.known
    test = mcnemar(a.right[both], b.right[both])
    names = {"a": a.model.title, "b": b.model.title}
    counts = _(
        "Of {count} pictures, only {a} is right on {only_a}, and only {b} on {only_b}.",
        count=int(both.sum()), only_a=test.only_a, only_b=test.only_b, **names,
    )  # fmt: skip
    chance = _("less than 0.1%") if test.p < 0.001 else "100%" if test.p == 1 else exact(test.p)
    if test.p >= SIGNIFICANT:
        verdict = _(
            "Were both equally good, a split at least so uneven would still come about in "
            "{chance} of such tests (McNemar's test): these pictures do not show that one is "
            "better.",
            chance=chance,
        )
    else:
        better = names["a"] if test.only_a > test.only_b else names["b"]
        verdict = _(
            "Were both equally good, a split so uneven would come about in {chance} of such "
            "tests (McNemar's test): **{better} is better on pictures like these**.",
            chance=chance, better=better,
        )  # fmt: skip
    return f"{counts} {verdict}"


def remarks(
    models: Sequence[Model], scores: Sequence[Score], found: PictureSet | None
) -> list[str]:
    """What the reader must know of the figures: where they come from and what they leave out."""
    sentences = []
    carded = [score.model.title for score in scores if score.answers is None]
    if carded:
        sentences.append(
            _("From the card that is stored with the weights, not measured here; it does not tell "
              "which pictures are right, nor how sure a model is of them: {models}.",
              models=_(", ").join(carded))
        )  # fmt: skip
    able = models if found is None else knowing(models, found)
    having = [score.model.name for score in scores]
    lacking = [model.title for model in able if model.name not in having]
    if lacking:
        sentences.append(
            _("No result yet, and none on the card: {models}.", models=_(", ").join(lacking))
        )
    if found is None:
        return sentences
    sentences += [
        _("None of the classes of these pictures is known to {model}, so they say nothing about "
          "it. They are: {classes}.", model=model.title, classes=_listed(found.classes))
        for model in models if model not in able
    ]  # fmt: skip
    return sentences + [
        sentence
        for score in scores
        if score.answers is not None
        for sentence in unmatched(score.answers, found)
    ]


def unmatched(answers: Answers, found: PictureSet) -> list[str]:
    """Sentences on the classes that the set and the model do not share; none if they share all."""
    match, model, sentences = answers.match, answers.model.title, []
    if match.only_data:
        sentences.append(
            _("{model} does not know {classes}: {count} pictures are left out.", model=model,
              classes=_listed(match.only_data), count=int((~answers.known).sum()))
        )  # fmt: skip
    if match.only_model and found.source != "samples":
        sentences.append(
            _("There are no pictures of these classes of {model} here: {classes}.", model=model,
              classes=_listed(match.only_model))
        )  # fmt: skip
    return sentences


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = [class_name(name) for name in names[:most]]
    return _(", ").join([*shown, "…"] if len(names) > most else shown)


def confusions(score: Score) -> Confusions:
    """One model's confusion matrix with its words."""
    counts, totals = score.confusion, score.confusion.sum(1)
    names = [class_name(name) for name in score.model.classes]
    hovers = [
        [
            _("<b>{true}</b> called <b>{called}</b><br>{count} of {total}: {share}",
              true=true, called=called, count=counts[i, j],
              total=totals[i], share=exact(counts[i, j] / totals[i] if totals[i] else np.nan))
            for j, called in enumerate(names)
        ]
        for i, true in enumerate(names)
    ]  # fmt: skip
    return Confusions(score.model.title, score.model.colour, counts, names, hovers)


def cell(score: Score, true: str, called: str) -> tuple[int, int] | None:
    """Where a cell lies in one model's matrix, if that model has both classes."""
    classes = score.model.classes
    return (classes.index(true), classes.index(called)) if {true, called} <= {*classes} else None


def of_cell(answers: Answers, true: str, called: str) -> np.ndarray:
    """The pictures of class ``true`` that were ``called`` so, the surest answer first."""
    classes = answers.model.classes
    members = (answers.labels == classes.index(true)) & (answers.predicted == classes.index(called))
    index = np.flatnonzero(members)
    return index[np.argsort(-answers.confidence[index], kind="stable")]


def cell_in_words(score: Score, true: str, called: str) -> str:
    """How many pictures a cell holds, and whether it is known which."""
    row, column = score.model.classes.index(true), score.model.classes.index(called)
    counts = _(
        "{model} called {count} of {total} pictures of the class {true}: {called}.",
        model=score.model.title, count=score.confusion[row, column],
        total=score.confusion[row].sum(), true=class_name(true), called=class_name(called),
    )  # fmt: skip
    if score.answers is None:
        return counts + " " + _("The model's card does not say which.")
    return counts


def commonest_error(score: Score) -> tuple[str, str]:
    """The true class and the wrong one of the cell with the most errors."""
    errors = score.confusion * (1 - np.eye(len(score.confusion), dtype=np.int64))
    row, column = np.unravel_index(errors.argmax(), errors.shape)
    return score.model.classes[row], score.model.classes[column]


def class_names(classes: Sequence[str]) -> list[str]:
    """Classes in the reader's language."""
    return [class_name(name) for name in classes]


def class_panels(scores: Sequence[Score], classes: Sequence[str]) -> list[Scores]:
    """Recall and precision of every class and model."""
    values = np.full((2, len(scores), len(classes)), np.nan)
    for i, score in enumerate(scores):
        numbers = np.array(precision_and_recall(score.confusion)[::-1])
        for j, name in enumerate(classes):
            if name in score.model.classes:
                values[:, i, j] = numbers[:, score.model.classes.index(name)]
    titles = [_("Recall: found, of those that are"), _("Precision: true, of those called so")]
    return [
        Scores(
            title,
            panel,
            [
                [f"<b>{class_name(name)}</b><br>{score.model.title}: {exact(value)}"
                 for name, value in zip(classes, row, strict=True)]
                for score, row in zip(scores, panel, strict=True)
            ],
        )
        for title, panel in zip(titles, values, strict=True)
    ]  # fmt: skip


def calibrated(answers: Answers):
    """The answers of one model in bins of their confidence."""
    return calibration(answers.confidence[answers.known], answers.right[answers.known])


def reliability_panel(answers: Answers) -> Reliability:
    """One model's reliability diagram with its words."""
    bins = calibrated(answers)
    total = max(1, bins.count.sum())
    hovers = [
        _("confidence {low} to {high}: {count} answers<br>mean confidence {mean}, right {right}",
          low=f"{low:.0%}", high=f"{high:.0%}", count=count, mean=exact(mean), right=exact(right))
        for low, high, count, mean, right in zip(
            bins.edges, bins.edges[1:], bins.count, bins.confidence, bins.accuracy, strict=False
        )
    ]  # fmt: skip
    of = answers.known
    gap = answers.confidence[of].mean() - answers.right[of].mean() if of.any() else 0.0
    lean = _("too sure of itself") if gap > 0 else _("too modest")
    note = _("calibration error {error}, {lean}", error=exact(bins.error), lean=lean)
    return Reliability(answers.model.title, answers.model.colour, bins.edges, bins.accuracy,
                       bins.count / total, note, hovers)  # fmt: skip


def accuracies_in_words(scores: Sequence[Score]) -> str:
    """The accuracies with their intervals, for those who cannot see the figure."""
    return "; ".join(f"{score.model.title}: {interval(score).text}" for score in scores)


def errors_in_words(scores: Sequence[Score]) -> str:
    """Each model's commonest error."""
    return "; ".join(
        f"{score.model.title}: {class_name(true)} → {class_name(called)}"
        for score in scores
        for true, called in [commonest_error(score)]
    )


def classes_in_words(scores: Sequence[Score]) -> str:
    """Each model's class with the lowest recall."""
    worst = []
    for score in scores:
        recall = precision_and_recall(score.confusion)[1]
        if not np.isnan(recall).all():
            i = int(np.nanargmin(recall))
            worst.append(
                _("{model} finds {share} of the class {label}, the fewest",
                  model=score.model.title, share=exact(recall[i]),
                  label=class_name(score.model.classes[i]))
            )  # fmt: skip
    return "; ".join(worst)


def smoothed(measured: Sequence[Answers]) -> list[Model]:
    """Those models whose card says that they were trained with label smoothing."""
    return [
        each.model
        for each in measured
        if each.model.checkpoint.card.get("config", {}).get("label_smoothing")
    ]


def calibration_in_words(measured: Sequence[Answers]) -> str:
    """Each model's calibration error."""
    return "; ".join(f"{each.model.title}: {reliability_panel(each).note}" for each in measured)


def sides(a: Answers, b: Answers) -> dict[str, np.ndarray]:
    """Where two models agree and not: masks (N,) over the pictures that both know."""
    both = a.known & b.known
    return {
        "a": both & a.right & ~b.right,
        "b": both & ~a.right & b.right,
        "neither": both & ~a.right & ~b.right,
        "all": both & a.right & b.right,
    }


def link_hint(found: PictureSet) -> str:
    """What a click on a picture of a gallery does."""
    if found.source == "folder":
        return _("The same pictures, seen by both models.")
    if found.corrupted:
        return _("Click a picture to open it, as it was before, on the page Compare.")
    return _("Click a picture to open it on the page Compare, in the same models.")


def side_names(a: Answers, b: Answers) -> dict[str, str]:
    """What these are called, with how many there are."""
    count = {name: int(mask.sum()) for name, mask in sides(a, b).items()}
    titles = {"a": a.model.title, "b": b.model.title}
    return {
        "a": _("Only {a} is right ({count})", count=count["a"], **titles),
        "b": _("Only {b} is right ({count})", count=count["b"], **titles),
        "neither": _("Both are wrong ({count})", count=count["neither"]),
        "all": _("Both are right ({count})", count=count["all"]),
    }


def shown(
    found: PictureSet, index: int, answers: Sequence[Answers], view: Mapping[str, str]
) -> Shown:
    """A picture of the set with its true class and what each model says of it."""
    said = []
    for each in answers:
        name = each.model.classes[each.predicted[index]]
        mark = "✓" if each.right[index] else "✗"
        said.append(f"{mark} {class_name(name)} {percent(float(each.confidence[index]))}")
    title = _("true: {label}", label=class_name(found.label(index)))
    return Shown(found.split.pictures[index], title, said, found.link(index, view))
