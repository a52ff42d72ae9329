"""Evaluation: how good each model is, how sure one may be of that, and on what it errs."""

import numpy as np
import streamlit as st

from cnnattn.figures.maps.picture_tiles import picture_tiles
from cnnattn.figures.scores.class_scores import class_scores
from cnnattn.figures.scores.confusion import confusion_matrices
from cnnattn.figures.scores.intervals import intervals
from cnnattn.figures.scores.reliability import reliability
from cnnattn.figures.scores.robustness import robustness
from cnnattn.web.evaluation import panels
from cnnattn.web.evaluation import pickers as pick
from cnnattn.web.evaluation import robustness as worse
from cnnattn.web.evaluation import sentences as words
from cnnattn.web.evaluation.answers import answers_or_offer, scores
from cnnattn.web.library.pickers import pick_models
from cnnattn.web.library.picture_sets import with_common_classes
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, class_name, language

MOST_CLASSES = 100  # in a matrix that is drawn: ten thousand cells


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    picture_set = pick.pick_pictures()
    models = pick_models()
    link_view = {"models": ",".join(model.name for model in models), "lang": language()}

    # --- how good
    heading(
        _("Accuracy, with 95% confidence interval"),
        _(
            "Dot: the share of images that a model classifies correctly. Bar: its 95% confidence "
            "interval, the values that other images of the same kind could well have given."
        ),
    )
    top = st.container()
    answers = {}
    able = models if picture_set is None else with_common_classes(models, picture_set)
    if picture_set is not None and able:
        answers = answers_or_offer(
            able,
            picture_set,
            _("Evaluate on all {count:,} images", count=len(picture_set)),
            _(
                "Calibration, single images and the comparison of two models need the prediction "
                "of every model for every image. This takes some seconds; the result is saved."
            ),
        )
    known = scores(able, picture_set, answers)
    measured = [score.answers for score in known if score.answers is not None]
    with top:
        remarks = words.remarks(models, known, picture_set)
        if not known:
            for sentence in remarks:
                st.caption(sentence)
            end_page()
        show(
            intervals([panels.interval(score) for score in known], width=width),
            key="accuracies",
            alt=words.accuracies_in_words(known),
            rows=lambda: words.score_rows(known),
        )
        for sentence in remarks:
            st.caption(sentence)
        pair = pick.pick_sides(measured)
        if pair:
            st.markdown(words.compared(*pair))

    # --- what is confused
    heading(
        _("Confusion matrix"),
        _(
            "Rows: true class. Columns: predicted class. Correct predictions lie on the green "
            "diagonal, the most frequent errors are deep orange. Click a cell to see its images."
        ),
    )

    def click(cell: list[int]) -> None:
        """A clicked cell becomes the chosen one."""
        number, true, called = cell
        model, state = drawn[number].model, st.session_state
        state["confused_by"] = model.name
        state["true_class"] = model.classes[true]
        state["called_class"] = model.classes[called]

    matrices = st.container()
    score, true, called = pick.pick_cell(known)
    drawn = [each for each in known if len(each.model.classes) <= MOST_CLASSES]
    if drawn:
        show(
            confusion_matrices(
                [panels.confusions(each) for each in drawn],
                corner=_("true ↓<br>predicted →"),
                selected=[words.cell(each, true, called) for each in drawn],
                width=width,
            ),
            key="confusions",
            on_click=click,
            place=matrices,
            alt=words.errors_in_words(drawn),
            rows=lambda: words.confusion_rows(drawn),
        )
    if len(drawn) < len(known):
        matrices.caption(
            _(
                "A matrix of more than {count} classes is too large to draw; choose a cell below.",
                count=MOST_CLASSES,
            )
        )
    st.caption(words.cell_in_words(score, true, called))
    if picture_set is not None and score.answers is not None:
        index = words.of_cell(score.answers, true, called)
        pick.paged_gallery(picture_set, index, measured, "cell", link_view)

    heading(
        _("Recall and precision per class"),
        _(
            "Recall: of the images of a class, the share that the model predicts as this class. "
            "Precision: of the images that it predicts as this class, the share that belong to it."
        ),
    )
    classes = picture_set.classes if picture_set is not None else known[0].model.classes
    show(
        class_scores(
            panels.class_panels(known, classes),
            [class_name(name) for name in classes],
            [score.model.title for score in known],
            [score.model.colour for score in known],
            width=width,
        ),
        key="class_scores",
        alt=words.classes_in_words(known),
        rows=lambda: words.class_rows(known),
    )
    if not measured or picture_set is None:
        end_page()

    # --- calibration
    heading(
        _("Calibration"),
        _(
            "Predictions are grouped by confidence. Of those made with 80% confidence, 80% should "
            "be correct: then a bar ends on the dashed line. Bars below it mean overconfidence. "
            "The expected calibration error (ECE) is the mean distance from the line."
        ),
    )
    show(
        reliability(
            [panels.reliability_panel(each) for each in measured],
            x_title=_("confidence"),
            y_title=_("accuracy"),
            share_title=_("share"),
            width=width,
        ),
        key="reliability",
        alt=words.calibration_in_words(measured),
        rows=lambda: words.calibration_rows(measured),
    )
    if smoothed := words.smoothed(measured):
        st.caption(
            _(
                "Trained with label smoothing, which teaches a network never to be fully "
                "confident: {models}.",
                models=_(", ").join(model.title for model in smoothed),
            )
        )

    # --- where two models differ
    if pair:
        heading(_("Where two models differ"), words.link_hint(picture_set))
        group, by, falling = pick.pick_side(*pair)
        index = np.flatnonzero(words.sides(*pair)[group])
        sure = next(each for each in pair if each.model is by).confidence[index]
        index = index[np.argsort(-sure if falling else sure, kind="stable")]
        pick.paged_gallery(picture_set, index, pair, "group", link_view)

    # --- worse and worse pictures
    if picture_set.corrupted:
        end_page()
    heading(
        _("Robustness to corruption"),
        _(
            "The same images, corrupted in five ways, from 0% (clean) to 100%, a strength that is "
            "hard for people, too. The bands are 95% confidence intervals."
        ),
    )
    show(
        picture_tiles(worse.examples(picture_set), least=180, width=width, uirevision="examples"),
        key="corruptions",
        alt=_("One image with five kinds of corruption, each from 0% to 100%"),
    )
    most = min(1000, len(picture_set))
    view.follow("corrupted_count", most)
    count = view.number(
        _("Number of images"), "corrupted_count", most, 1, len(picture_set), width=160
    )
    results = worse.robustness_or_offer(
        able,
        picture_set,
        count,
        _("Run the robustness test"),
        _("26 runs per model: clean + 5 corruptions × 5 strengths."),
    )
    asked = [model for model in able if model.name in results]
    if asked:
        show(
            robustness(
                worse.robustness_panels(asked, results),
                worse.STRENGTHS,
                [model.title for model in asked],
                chance=1 / len(asked[0].classes),
                chance_title=_("chance"),
                x_title=_("strength"),
                y_title=_("accuracy"),
                width=width,
            ),
            key="robustness",
            alt=worse.in_words(asked, results),
            rows=lambda: worse.rows(asked, results),
        )
