"""Evaluation: how good each model is, how sure one may be of that, and on what it errs."""

import numpy as np
import streamlit as st

from cnnattn.figures.maps.picture_tiles import picture_tiles
from cnnattn.figures.scores.class_scores import class_scores
from cnnattn.figures.scores.confusion import confusion_matrices
from cnnattn.figures.scores.intervals import intervals
from cnnattn.figures.scores.reliability import reliability
from cnnattn.figures.scores.robustness import robustness
from cnnattn.web.evaluation import evaluation as core
from cnnattn.web.evaluation import evaluation_charts as words
from cnnattn.web.evaluation import evaluation_pickers as pick
from cnnattn.web.evaluation import robustness as worse
from cnnattn.web.library.pickers import pick_models
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, language

MOST_CLASSES = 100  # in a matrix that is drawn: ten thousand cells


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    found = pick.pick_pictures()
    models = pick_models()
    link_view = {"models": ",".join(model.name for model in models), "lang": language()}

    # --- how good
    heading(
        _("How good, and how sure one may be of it"),
        _(
            "The dot is the share of pictures that a model gets right, the bar is its 95% "
            "interval: with other pictures of the same kind the share could well be anywhere in "
            "it."
        ),
    )
    top = st.container()
    answers = {}
    able = models if found is None else core.knowing(models, found)
    if found is not None and able:
        answers = core.answers_or_offer(
            able,
            found,
            _("Show all {count} pictures to the models", count=len(found)),
            _(
                "Which pictures are right or wrong, how sure a model is and how two models differ "
                "is not known yet: for this, each model must see every picture once, which takes "
                "some seconds and is then kept."
            ),
        )
    known = core.scores(able, found, answers)
    measured = [score.answers for score in known if score.answers is not None]
    with top:
        remarks = words.remarks(models, known, found)
        if not known:
            for sentence in remarks:
                st.caption(sentence)
            end_page()
        show(
            intervals([words.interval(score) for score in known]),
            key="accuracies",
            alt=words.accuracies_in_words(known),
        )
        for sentence in remarks:
            st.caption(sentence)
        pair = pick.pick_sides(measured)
        if pair:
            st.markdown(words.compared(*pair))
        with st.expander(
            _("The numbers as a table"), on_change="rerun", key="score_table"
        ) as table:
            if table.open:
                st.dataframe(words.score_rows(known), hide_index=True)

    # --- what is taken for what
    heading(
        _("What is taken for what"),
        _(
            "A row holds the pictures of one class, a column those that the model called so: right "
            "ones lie on the green diagonal, the commonest errors are deep orange. Click a cell to "
            "see its pictures."
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
                [words.confusions(each) for each in drawn],
                corner=_("true ↓<br>called →"),
                selected=[words.cell(each, true, called) for each in drawn],
                width=width,
            ),
            key="confusions",
            on_click=click,
            place=matrices,
            alt=words.errors_in_words(drawn),
        )
    if len(drawn) < len(known):
        matrices.caption(
            _("A matrix of more than {count} classes is too large to be drawn; choose a cell "
              "below.", count=MOST_CLASSES)
        )  # fmt: skip
    st.caption(words.cell_in_words(score, true, called))
    if found is not None and score.answers is not None:
        index = words.of_cell(score.answers, true, called)
        pick.paged_gallery(found, index, measured, "cell", link_view)

    heading(
        _("Class by class"),
        _(
            "Recall: of the pictures of a class, the share that the model finds. Precision: of the "
            "pictures that it calls so, the share that really are."
        ),
    )
    classes = found.classes if found is not None else known[0].model.classes
    show(
        class_scores(
            words.class_panels(known, classes),
            words.class_names(classes),
            [score.model.title for score in known],
            [score.model.colour for score in known],
            width=width,
        ),
        key="class_scores",
        alt=words.classes_in_words(known),
    )
    if not measured or found is None:
        end_page()

    # --- how sure it is
    heading(
        _("Does it know how sure it may be?"),
        _(
            "Answers are sorted by their confidence. A model that says 80% should be right in 80% "
            "of the cases, on the dashed line; bars below it mean that it is too sure of itself."
        ),
    )
    show(
        reliability(
            [words.reliability_panel(each) for each in measured],
            x_title=_("confidence"),
            y_title=_("right"),
            share_title=_("answers"),
            width=width,
        ),
        key="reliability",
        alt=words.calibration_in_words(measured),
    )
    if smoothed := words.smoothed(measured):
        st.caption(
            _(
                "Trained with label smoothing, which teaches a network never to be quite sure: "
                "{models}.",
                models=_(", ").join(model.title for model in smoothed),
            )
        )

    # --- where two models differ
    if pair:
        heading(_("Where they disagree"), words.link_hint(found))
        group, by, falling = pick.pick_side(*pair)
        index = np.flatnonzero(words.sides(*pair)[group])
        sure = next(each for each in pair if each.model is by).confidence[index]
        index = index[np.argsort(-sure if falling else sure, kind="stable")]
        pick.paged_gallery(found, index, pair, "group", link_view)

    # --- worse and worse pictures
    if found.corrupted:
        end_page()
    heading(
        _("What if the pictures get worse?"),
        _(
            "The same pictures, corrupted in five ways, from not at all (0%) to a strength at "
            "which people have trouble, too (100%). The bands are 95% intervals."
        ),
    )
    show(
        picture_tiles(worse.examples(found), least=180, width=width, uirevision="examples"),
        key="corruptions",
        alt=_("One picture in five kinds of corruption, from weak to strong"),
    )
    most = min(1000, len(found))
    view.follow("corrupted_count", most)
    count = view.number(_("Pictures"), "corrupted_count", most, 1, len(found), width=160)
    results = worse.robustness_or_offer(
        able,
        found,
        count,
        _("Corrupt the pictures and ask the models"),
        _("Each model sees them 26 times, as they are and in five kinds at five strengths."),
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
            alt=_("Accuracy as the pictures get worse"),
        )
