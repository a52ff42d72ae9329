"""Scores and answers in sentences and tables."""

from collections.abc import Sequence

import numpy as np

from cnnattn.explain.statistics import mcnemar, precision_and_recall
from cnnattn.training.run_folder import is_tested_on_training_pictures
from cnnattn.web.evaluation.answers import Answers, Score, of_card
from cnnattn.web.evaluation.panels import calibrated, interval, reliability_panel
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.picture_sets import (
    PictureSet,
    listed,
    no_common_class,
    with_common_classes,
)
from cnnattn.web.shell.text import _, class_name, paragraph, percent

SIGNIFICANT = 0.05  # the usual bound for "by chance alone that would be rare"


def score_rows(scores: Sequence[Score]) -> list[dict[str, object]]:
    """The main numbers, a row a model, for a table."""
    rows = []
    for score in scores:
        found, accuracy = score.answers, score.accuracy
        rows.append(
            {
                _("model"): score.model.title,
                _("images"): accuracy.count,
                _("accuracy"): percent(accuracy.value, 1),
                _("95% interval: from"): None if score.memorised else percent(accuracy.low, 1),
                _("to"): None if score.memorised else percent(accuracy.high, 1),
                _("loss"): round(score.loss, 4),
                "ECE": None if found is None else percent(calibrated(found).error, 1),
                _("source"): _("the model's card") if found is None else _("measured here"),
            }
        )
    return rows


def confusion_rows(scores: Sequence[Score]) -> list[dict[str, str | int]]:
    """The counts of the matrices, a row a model and true class."""
    return [
        {_("model"): score.model.title, _("true class"): class_name(name)}
        | {class_name(other): int(n) for other, n in zip(score.model.classes, row, strict=True)}
        for score in scores
        for name, row in zip(score.model.classes, score.confusion, strict=True)
    ]


def class_rows(scores: Sequence[Score]) -> list[dict[str, str]]:
    """Recall and precision, a row a model and class."""
    rows = []
    for score in scores:
        precision, recall = precision_and_recall(score.confusion)
        for name, found, true in zip(score.model.classes, recall, precision, strict=True):
            rows.append(
                {
                    _("model"): score.model.title,
                    _("class"): class_name(name),
                    _("recall"): percent(found, 1),
                    _("precision"): percent(true, 1),
                }
            )
    return rows


def calibration_rows(measured: Sequence[Answers]) -> list[dict[str, object]]:
    """The bins of confidence that hold predictions, a row each."""
    rows = []
    for each in measured:
        bins = calibrated(each)
        for low, high, count, mean, right in zip(
            bins.edges, bins.edges[1:], bins.count, bins.confidence, bins.accuracy, strict=False
        ):
            if count:
                rows.append(
                    {
                        _("model"): each.model.title,
                        _("confidence"): f"{percent(low)} – {percent(high)}",
                        _("images"): int(count),
                        _("mean confidence"): percent(mean, 1),
                        _("accuracy"): percent(right, 1),
                    }
                )
    return rows


def compared(a: Answers, b: Answers) -> str:
    """McNemar's test between two models in two plain sentences.

    Only the counts where one of them was trained on these very pictures: then it says nothing.
    """
    both = a.known & b.known
    test = mcnemar(a.right[both], b.right[both])
    names = {"a": a.model.title, "b": b.model.title}
    counts = _(
        "Of {count} images, {only_a} are correct only for {a}, {only_b} only for {b}.",
        count=int(both.sum()),
        only_a=test.only_a,
        only_b=test.only_b,
        **names,
    )
    if a.memorised or b.memorised:
        return counts
    chance = _("less than 0.1%") if test.p < 0.001 else percent(test.p, 1)
    if test.p >= SIGNIFICANT:
        verdict = _(
            "If both were equally accurate, so uneven a split would still occur in {chance} of "
            "such tests (McNemar's test): these images do not show that one is better.",
            chance=chance,
        )
    else:
        better = names["a"] if test.only_a > test.only_b else names["b"]
        verdict = _(
            "If both were equally accurate, so uneven a split would occur in {chance} of such "
            "tests (McNemar's test): **{better} is better on images like these**.",
            chance=chance,
            better=better,
        )
    return paragraph([counts, verdict])


def remarks(
    models: Sequence[Model], scores: Sequence[Score], picture_set: PictureSet | None
) -> list[str]:
    """What the reader must know of the figures: where they come from and what they leave out."""
    sentences = []
    carded = [score.model.title for score in scores if score.answers is None]
    if carded:
        sentences.append(
            _(
                "From the model card; per-image results are not stored: {models}.",
                models=_(", ").join(carded),
            )
        )
    able = models if picture_set is None else with_common_classes(models, picture_set)
    having = [score.model.name for score in scores]
    without = [model for model in able if model.name not in having]
    other = [model for model in without if picture_set is None and of_card(model, None)]
    lacking = [model.title for model in without if model not in other]
    if other:
        sentences.append(
            _(
                "Left out, as the results on their cards are of other images, so that they cannot "
                "be compared with those above: {models}.",
                models=_(", ").join(model.title for model in other),
            )
        )
    sentences += memorised(scores, other)
    if lacking:
        sentences.append(_("Not evaluated yet: {models}.", models=_(", ").join(lacking)))
    if picture_set is None:
        return sentences
    sentences += [no_common_class(model, picture_set) for model in models if model not in able]
    return sentences + [
        sentence
        for score in scores
        if score.answers is not None
        for sentence in unmatched(score.answers, picture_set)
    ]


def memorised(known: Sequence[Score], left_out: Sequence[Model]) -> list[str]:
    """A sentence on the models that were trained on the pictures that they were tested on."""
    learners = [score.model for score in known if score.memorised]
    learners += [m for m in left_out if is_tested_on_training_pictures(m.checkpoint.card)]
    if not learners:
        return []
    return [
        _(
            "Quick demo, tested on its training images, so even 100% only means memorised: "
            "{models}.",
            models=_(", ").join(model.title for model in learners),
        )
    ]


def unmatched(answers: Answers, picture_set: PictureSet) -> list[str]:
    """Sentences on the classes that the set and the model do not share; none if they share all."""
    match, model, sentences = answers.match, answers.model.title, []
    if match.only_data:
        sentences.append(
            _(
                "{model} does not have the classes {classes}: {count} images are left out.",
                model=model,
                classes=listed(match.only_data),
                count=int((~answers.known).sum()),
            )
        )
    if match.only_model and picture_set.source != "samples":
        sentences.append(
            _(
                "There are no images of these classes of {model}: {classes}.",
                model=model,
                classes=listed(match.only_model),
            )
        )
    return sentences


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
        "{model} predicts {called} for {count:,} of {total:,} images of the class {true}.",
        model=score.model.title,
        count=score.confusion[row, column],
        total=score.confusion[row].sum(),
        true=class_name(true),
        called=class_name(called),
    )
    if score.answers is None:
        return paragraph([counts, _("The card stores counts only.")])
    return counts


def commonest_error(score: Score) -> tuple[str, str]:
    """The true class and the wrong one of the cell with the most errors."""
    errors = score.confusion * (1 - np.eye(len(score.confusion), dtype=np.int64))
    row, column = np.unravel_index(errors.argmax(), errors.shape)
    return score.model.classes[row], score.model.classes[column]


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
                _(
                    "{model}: lowest recall {share}, {label}",
                    model=score.model.title,
                    share=percent(recall[i], 1),
                    label=class_name(score.model.classes[i]),
                )
            )
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


def link_hint(picture_set: PictureSet) -> str:
    """What a click on a picture of a gallery does."""
    if picture_set.source == "folder":
        return _("The same images and the predictions of both models.")
    if picture_set.corrupted:
        return _("Click an image to open the uncorrupted original on the page Compare.")
    return _("Click an image to open it on the page Compare with the same models.")


def side_names(a: Answers, b: Answers) -> dict[str, str]:
    """What these are called, with how many there are."""
    count = {name: int(mask.sum()) for name, mask in sides(a, b).items()}
    titles = {"a": a.model.title, "b": b.model.title}
    return {
        "a": _("Only {a} correct ({count})", count=count["a"], **titles),
        "b": _("Only {b} correct ({count})", count=count["b"], **titles),
        "neither": _("Both wrong ({count})", count=count["neither"]),
        "all": _("Both correct ({count})", count=count["all"]),
    }
