"""The choices of the page Heat maps: methods, layer, classes, and how maps are drawn."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from cnnattn.data.samples import Sample, samples
from cnnattn.explain.cam import CAMS, METHODS
from cnnattn.web.heat.maps import Display
from cnnattn.web.heat.methods import method_names
from cnnattn.web.heat.words import wanted_name
from cnnattn.web.library.charts import sample_title
from cnnattn.web.library.checkpoints import Model, all_maps
from cnnattn.web.library.picture_sets import PictureSet
from cnnattn.web.library.set_picker import pick_set
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.text import _

FIRST = ("grad_cam", "grad_cam_pp", "hires_cam", "layer_cam")
PICTURES = ("cat-1", "dog-1", "airplane-1", "ship-1", "truck-1", "frog-1")


def pick_display() -> Display:
    """Sidebar: how strong, smooth, signed, and on which scale."""
    with st.sidebar, st.expander(_("Display"), icon=":material/tune:"):
        strength = view.slide(_("Opacity of the heat map (%)"), "overlay", 90, 0, 100)
        smooth = view.switch(_("Smooth maps (bilinear)"), "smooth_maps", True)
        shared = view.switch(_("One colour scale for all models"), "shared_maps", False)
        signed = view.switch(_("Signed: also what opposes the class"), "signed", False)
    return Display(strength / 100, smooth, signed, shared)


def pick_methods() -> list[str]:
    """The methods of the matrix; the first four are quick."""
    names = method_names()
    return view.some_of(
        _("Methods"), [*CAMS, *METHODS], "methods", FIRST, format_func=names.__getitem__
    )


def pick_question(
    models: Sequence[Model], seen: np.ndarray, label: str | None
) -> tuple[str, str, str]:
    """Where and what to explain: a stage or layer, a class, and one that it is set apart from."""
    names = [stage.name for stage in models[0].stages]
    common = [name for name in names if all(name in [s.name for s in m.stages] for m in models)]
    stages = {**{name: name for name in common}, "other": _("another layer")}
    place = view.one_of(
        st.segmented_control,
        _("Layer (stage output)"),
        stages,
        "heat_stage",
        common[-1],
    )
    if place == "other":
        layers = [list(all_maps(model, seen)) for model in models]
        shared = [layer for layer in layers[0] if all(layer in each for each in layers)]
        place = view.one_of(st.selectbox, _("Layer"), shared, "heat_layer", shared[-1], width=200)
    classes = list(dict.fromkeys(name for model in models for name in model.classes))
    special = ["predicted", *(["true"] if label else [])]
    wanted = view.one_of(
        st.selectbox,
        _("Explain class"),
        [*special, *classes],
        "wanted",
        "predicted",
        format_func=wanted_name,
        width=230,
    )
    against = view.one_of(
        st.selectbox,
        _("Contrast with"),
        ["none", "second", *classes],
        "against",
        "none",
        format_func=wanted_name,
        width=200,
    )
    return place, wanted, against


def pick_threshold() -> float | None:
    """Show maps over the picture (None), or the part of it above a threshold 0 … 1."""
    draws = {"over": _("Over the image"), "kept": _("Keep only the highlighted region")}
    draw = view.one_of(
        st.segmented_control,
        _("Draw"),
        draws,
        "draw",
        "over",
        label_visibility="collapsed",
    )
    if draw == "over":
        return None
    label = _("Threshold (% of the maximum)")
    return view.slide(label, "threshold", 50, 0, 100, width=320) / 100


def pick_details() -> bool:
    """Whether the numbers and curves of faithfulness are shown."""
    return view.switch(_("Details: how faithful each map is"), "faithful", False)


def pick_sheet(methods: Sequence[str]) -> tuple[str, list[Sample]]:
    """The method and the samples of the contact sheet."""
    method = _pick_one(methods, "sheet_method")
    by_name = {sample.name: sample for sample in samples()}
    chosen = view.some_of(_("Images"), list(by_name), "sheet", PICTURES, format_func=sample_title)
    return method, [by_name[name] for name in chosen]


def pick_shuffled(methods: Sequence[str]) -> str:
    """The method whose maps are looked at while the weights are shuffled."""
    return _pick_one(methods, "shuffled_method")


def pick_study() -> tuple[PictureSet | None, int]:
    """The pictures of the table, None while there are none, and how many of them."""
    choice, missing = st.container(horizontal=True, vertical_alignment="bottom"), st.container()
    with choice:
        picture_set = pick_set("study_set", "samples", missing)
        if picture_set is None:
            return None, 0
        if picture_set.source == "samples":
            return picture_set, len(picture_set)
        most = min(1000, len(picture_set))
        label = _("Number of images")
        return picture_set, view.number(label, "study_count", 200, min(10, most), most, width=140)


def _pick_one(methods: Sequence[str], key: str) -> str:
    names = method_names()
    return view.one_of(
        st.segmented_control,
        _("Method"),
        methods,
        key,
        methods[0],
        format_func=names.__getitem__,
    )
