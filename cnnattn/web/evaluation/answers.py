"""What models say of a set of pictures, measured or as their cards have it."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from cnnattn.data.pictures import to_inputs
from cnnattn.explain.evaluation import logits_of
from cnnattn.explain.statistics import (
    Match,
    Share,
    confusion,
    cross_entropy,
    match_classes,
    share,
    softmax,
)
from cnnattn.training.run_folder import (
    is_rehearsal,
    is_tested_on_training_pictures,
    measured_on,
)
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.jobs import Result, of_set
from cnnattn.web.library.picture_sets import PictureSet


@dataclass(frozen=True)
class Answers:
    """What one model says of every picture of a set; arrays (N,) unless said otherwise."""

    model: Model
    match: Match
    labels: np.ndarray  # the model's number of the true class, -1 where it has no such class
    logits: np.ndarray  # (N, the model's classes)
    memorised: bool = False  # the model was trained on these very pictures

    @cached_property
    def known(self) -> np.ndarray:
        """Which pictures are of a class that the model has: only these count."""
        return self.labels >= 0

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(N, the model's classes)"""
        return softmax(self.logits)

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.logits.argmax(1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class."""
        return self.probabilities.max(1)

    @cached_property
    def right(self) -> np.ndarray:
        return self.predicted == self.labels


@dataclass(frozen=True)
class Score:
    """One model's results on a set, measured or as its card has them."""

    model: Model
    accuracy: Share
    loss: float
    confusion: np.ndarray  # int64 (C, C) over the model's classes, rows true
    answers: Answers | None  # None: from the card, which has no single answers
    memorised: bool = False  # the model was trained on the very pictures that this is of


def scores(
    models: Sequence[Model], picture_set: PictureSet | None, answers: Mapping[str, Answers]
) -> list[Score]:
    """What is known of each model: measured where there are answers, else its card's.

    Models of which nothing is known are left out; without a set to measure, also those whose
    cards' results are of other pictures than the first one's: only results on the same pictures
    may stand side by side. Results on training pictures are the first to go.
    """
    known = []
    for model in models:
        if model.name in answers:
            known.append(_measured(answers[model.name]))
        elif (results := of_card(model, picture_set)) is not None:
            known.append(results)
    if picture_set is not None or not known:
        return known
    first = next((score for score in known if not score.memorised), known[0])
    return [score for score in known if _tested_on(score.model) == _tested_on(first.model)]


def _tested_on(model: Model) -> tuple[object, object]:
    """What tells the pictures that a card's results are of from others."""
    card = model.checkpoint.card
    return measured_on(card), card["results"]["pictures"]


def _measured(answers: Answers) -> Score:
    of, labels = answers.known, answers.labels[answers.known]
    return Score(
        answers.model,
        share(int(answers.right[of].sum()), len(labels)),
        cross_entropy(answers.logits[of], labels),
        confusion(labels, answers.predicted[of], len(answers.model.classes)),
        answers,
        answers.memorised,
    )


def of_card(model: Model, picture_set: PictureSet | None) -> Score | None:
    """The card's results, where they are of this very test set, or there is no set to measure."""
    card = model.checkpoint.card
    results = card.get("results", {})
    if not {"pictures", "confusion", "loss"} <= results.keys():
        return None
    if picture_set and (picture_set.corrupted or picture_set.source != "test"):
        return None
    if picture_set and _tested_on(model) != (picture_set.name, len(picture_set)):
        return None
    counts = np.array(results["confusion"], np.int64)
    return Score(
        model,
        share(int(np.diag(counts).sum()), int(counts.sum())),
        float(results["loss"]),
        counts,
        None,
        is_tested_on_training_pictures(card),
    )


def answers_or_offer(
    models: Sequence[Model], picture_set: PictureSet, button: str, explanation: str
) -> dict[str, Answers]:
    """The answers of each model by its name; while some lack, a button to get them, or progress.

    The samples are so few that they are answered at once.
    """

    def work(model: Model) -> Generator[float, None, Result]:
        prepare = partial(to_inputs, **model.input)
        logits = yield from logits_of(model.checkpoint.model, picture_set.split.pictures, prepare)
        return {"logits": logits}

    what = f"logits {picture_set.fingerprint}"
    results = of_set(models, picture_set, what, work, button, explanation)
    return {
        model.name: _answers(model, picture_set, results[model.name]["logits"])
        for model in models
        if model.name in results
    }


def _answers(model: Model, picture_set: PictureSet, logits: np.ndarray) -> Answers:
    match = match_classes(picture_set.classes, model.classes)
    memorised = picture_set.source == "samples" and is_rehearsal(model.checkpoint.card)
    return Answers(model, match, picture_set.labels_for(model), logits, memorised)
