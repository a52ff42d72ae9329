"""Heat maps: every method on every model for one picture, and how far one may trust them."""

from typing import Any

import numpy as np
import streamlit as st

from cnnattn.data.pictures import square
from cnnattn.data.samples import samples
from cnnattn.explain.study import CONTROLS
from cnnattn.figures.heat.heat_matrix import heat_matrix
from cnnattn.figures.heat.method_curves import method_curves
from cnnattn.figures.heat.method_table import method_table
from cnnattn.problem import Problem
from cnnattn.web.heat import faithfulness, maps, matrix, study, words
from cnnattn.web.heat import pickers as pick
from cnnattn.web.heat.methods import measures_explained, method_names, methods_explained
from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import analysed
from cnnattn.web.library.pickers import pick_models, pick_picture
from cnnattn.web.shell.ending import end_page
from cnnattn.web.shell.page import heading
from cnnattn.web.shell.plot import show
from cnnattn.web.shell.text import _, sentence


def draw(width: int) -> None:
    """Draw the page; figures are planned for a page of ``width`` pixels."""
    chosen = pick_picture()
    models = pick_models()
    seen = square(chosen.picture)
    display = pick.pick_display()

    # --- the maps
    st.markdown(charts.verdict([(model, analysed(model, seen)) for model in models], chosen.label))
    methods = pick.pick_methods()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place, wanted, against = pick.pick_question(models, seen, chosen.label)
        threshold = pick.pick_threshold()
        details = pick.pick_details()
    mask = next((sample.mask for sample in samples() if sample.name == chosen.name), None)
    explained = []
    for model in models:
        try:
            target = maps.resolve(model, seen, wanted, against, chosen.label)
        except Problem as problem:
            st.warning(sentence(problem), icon=":material/error:")
        else:
            layer = maps.layer_at(model, place)
            explained.append(maps.explain(model, seen, layer, target, methods, mask))
    if not explained:
        end_page()
    drawn: dict[str, Any] = {
        "smooth": display.smooth,
        "hover": charts.value_hover(),
        "value_title": _("relative to maximum"),
        "width": width,
    }
    show(
        heat_matrix(
            matrix.columns(
                explained, methods, chosen.picture, seen, display, threshold, mask, details
            ),
            strength=display.strength if threshold is None else 0,
            across=1 if details or len(models) > 2 else 2,
            largest=170 if details else 240,
            **drawn,
        ),
        key="matrix",
        alt=words.in_words(explained),
        rows=lambda: faithfulness.rows(explained),
    )
    for remark in words.remarks(explained, display.signed):
        st.caption(remark)
    with st.expander(_("What the methods do and what the numbers mean"), icon=":material/help:"):
        st.markdown(methods_explained())
        st.markdown(measures_explained())

    # --- how faithful
    names = method_names()
    shown = [names[name] for name in (*methods, *CONTROLS)]
    if details:
        heading(
            _("Faithfulness: deletion and insertion"),
            _(
                "Deletion removes the pixels that the map ranks highest first: a faithful map "
                "makes the confidence drop early. Insertion restores them first in a blurred "
                "image: it should rise early. The grey lines are baselines that know nothing of "
                "the model; ✓ above marks a map that does better than both."
            ),
        )
        show(
            method_curves(
                faithfulness.curve_panels(explained, methods),
                shown,
                np.linspace(0, 1, maps.STEPS + 1).tolist(),
                controls=len(CONTROLS),
                per_row=len(explained),
                x_title=_("share of pixels"),
                y_title=_("confidence"),
                width=width,
            ),
            key="faithfulness",
            alt=words.in_words(explained),
            rows=lambda: faithfulness.rows(explained),
        )
        for remark in faithfulness.blurred_remarks(explained):
            st.caption(remark)

    # --- several pictures
    heading(
        _("Several images at once"),
        _("The same method on other images: does the model rely on the same kind of region?"),
    )
    method, rows = pick.pick_sheet(methods)
    show(
        heat_matrix(
            [
                matrix.sheet_column(m, rows, place, (wanted, against), method, display.signed)
                for m in models
            ],
            strength=display.strength,
            across=max(1, min(len(rows), int(width / len(models) // 130))),
            uirevision="sheet",
            **drawn,
        ),
        key="sheet_figure",
        alt=matrix.sheet_alt(rows, models, names[method]),
    )

    # --- does the map look at the network at all
    heading(
        _("Sanity check: randomise the weights"),
        _(
            "The weights are randomised layer by layer, from the last to the first. A map that "
            "depends on what was learned must change; one that stays the same only shows the image."
        ),
    )
    with st.expander(_("Randomise the weights"), on_change="rerun", key="shuffle") as shuffle:
        if shuffle.open:
            method = pick.pick_shuffled(methods)
            steps = [
                (e.model, maps.shuffled(e, seen, method)) for e in explained if method in e.maps
            ]
            if steps:
                show(
                    heat_matrix(
                        [matrix.shuffled_column(model, seen, of) for model, of in steps],
                        strength=display.strength,
                        across=max(1, int(width / len(steps) // 150)),
                        largest=140,
                        uirevision="shuffled",
                        **drawn,
                    ),
                    key="shuffled_figure",
                    alt=words.shuffled_in_words(steps),
                )

    # --- over many pictures
    heading(
        _("Faithfulness over many images"),
        _(
            "One image proves little. Dots: means over many images. Bars: their 95% confidence "
            "intervals. Below the line: the two model-independent baselines. The objects of the "
            "samples are in the centre, so there the centre-bias baseline is hard to beat."
        ),
    )
    pictures, count = pick.pick_study()
    if pictures is not None:
        results = maps.study_or_offer(models, pictures, place, methods, count)
        known = [model for model in models if model.name in results]
        if known:
            measured = study.study_measures(results, known, methods)
            show(
                method_table(
                    measured,
                    shown,
                    [model.title for model in known],
                    [model.colour for model in known],
                    controls=len(CONTROLS),
                    width=width,
                ),
                key="study",
                alt=study.in_words(measured, known, methods),
                rows=lambda: study.rows(measured, known, methods),
            )
