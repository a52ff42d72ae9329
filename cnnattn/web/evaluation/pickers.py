"""The choices of the page Evaluation: pictures, two models, a cell, and a page of a gallery."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.web.evaluation.answers import Answers, Score
from cnnattn.web.evaluation.panels import shown
from cnnattn.web.evaluation.robustness import corruption_names
from cnnattn.web.evaluation.sentences import commonest_error, side_names
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.gallery import gallery
from cnnattn.web.library.picture_sets import PictureSet, corrupted_set
from cnnattn.web.library.set_picker import pick_set
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.text import _, class_name

PAGE = 24  # pictures at once


def pick_pictures() -> PictureSet | None:
    """Sidebar: which pictures to measure on, clean or corrupted. None: there are none, and the page
    says why."""
    missing = st.container()
    with st.sidebar:
        st.subheader(_("Test images"), anchor=False)
        picture_set = pick_set("tested", "test", missing)
        kinds = {"none": _("none (clean)"), **corruption_names()}
        kind = view.one_of(
            st.selectbox,
            _("Corruption"),
            kinds,
            "worse",
            "none",
        )
        if kind == "none" or picture_set is None:
            return picture_set
        strengths = [str(percent) for percent in range(0, 101, 10)]
        strength = view.one_of(
            _slider, _("Strength"), strengths, "worse_by", "40", format_func="{}%".format
        )
    with st.spinner(_("Corrupting images …")):
        return corrupted_set(picture_set, kind, int(strength))


def pick_sides(measured: Sequence[Answers]) -> tuple[Answers, Answers] | None:
    """Two models to hold against each other; with only two there is no choice, with one none."""
    if len(measured) < 2:
        return None
    by_name = {each.model.name: each for each in measured}
    names = list(by_name)
    if len(names) > 2:
        titles = {name: each.model.title for name, each in by_name.items()}
        with st.container(horizontal=True):
            a = view.one_of(
                st.selectbox,
                _("Compare"),
                names,
                "side_a",
                names[0],
                format_func=titles.__getitem__,
                width=300,
            )
            others = [name for name in names if name != a]
            b = view.one_of(
                st.selectbox,
                _("with"),
                others,
                "side_b",
                others[0],
                format_func=titles.__getitem__,
                width=300,
            )
        names = [a, b]
    return by_name[names[0]], by_name[names[1]]


def pick_cell(scores: Sequence[Score]) -> tuple[Score, str, str]:
    """A cell of a confusion matrix: whose, the true class, and what it was called."""
    by_name = {score.model.name: score for score in scores}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = next(iter(by_name))
        if len(by_name) > 1:
            name = view.one_of(
                st.segmented_control,
                _("Model"),
                list(by_name),
                "confused_by",
                name,
                format_func=lambda name: by_name[name].model.title,
            )
        score = by_name[name]
        classes, (true, called) = score.model.classes, commonest_error(score)
        true = view.one_of(
            st.selectbox,
            _("True class"),
            classes,
            "true_class",
            true,
            format_func=class_name,
            width=180,
        )
        called = view.one_of(
            st.selectbox,
            _("Predicted class"),
            classes,
            "called_class",
            called,
            format_func=class_name,
            width=180,
        )
    return score, true, called


def pick_side(a: Answers, b: Answers) -> tuple[str, Model, bool]:
    """Which of the four groups of pictures, and sorted by whose confidence, falling or rising."""
    names = side_names(a, b)
    group = view.one_of(
        st.segmented_control,
        _("Images"),
        names,
        "disagreement",
        "a",
        label_visibility="collapsed",
    )
    titles = {each.model.name: each.model.title for each in (a, b)}
    orders = {"sure": _("most confident first"), "unsure": _("least confident first")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = view.one_of(
            st.segmented_control,
            _("Sort by the confidence of"),
            titles,
            "sort_by",
            b.model.name if group == "a" else a.model.name,
        )
        order = view.one_of(
            st.segmented_control,
            _("Order"),
            orders,
            "sort_order",
            "sure",
        )
    return group, next(e.model for e in (a, b) if e.model.name == by), order == "sure"


def paged_gallery(
    picture_set: PictureSet,
    index: np.ndarray,
    answers: Sequence[Answers],
    key: str,
    link_view: Mapping[str, str],
) -> None:
    """The pictures at ``index`` with what each model says, a page of them at a time."""
    if not len(index):
        st.caption(_("No such images."))
        return
    page, pages = 1, -(-len(index) // PAGE)
    if pages > 1:
        label = _("Page (of {pages})", pages=pages)
        page = view.number(label, f"{key}_page", 1, 1, pages, width=160)
    gallery(
        [shown(picture_set, int(i), answers, link_view) for i in index[(page - 1) * PAGE :][:PAGE]],
        [each.model.title for each in answers],
        [each.model.colour for each in answers],
    )


def _slider(label: str, options: Sequence[str], *, required: bool, **rest: Any) -> str:
    return st.select_slider(label, options, **rest)
