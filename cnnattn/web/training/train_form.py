"""The form of the Training page, in its sidebar: what to train, on which pictures, how."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnattn.data.augment import Augmentation
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.training.recipes import OPTIMISERS, RECIPES, TrainConfig
from cnnattn.training.runs import SAMPLES, RunConfig
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.library import checkpoints as loaders
from cnnattn.web.library.first_models import REHEARSAL, start_all
from cnnattn.web.library.get_data import cifar10_folder, offer_download
from cnnattn.web.library.run_files import recipe_name
from cnnattn.web.shell import url_state as view
from cnnattn.web.shell.pin import ask_for_pin
from cnnattn.web.shell.text import _

MOST_SEEDS = 10
RATES = ("0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1", "0.2", "0.3")


def train_form(place: DeltaGenerator) -> None:
    """Draw the choices and the Train button; a press starts or queues a run for each of them."""
    with place:
        allowed = ask_for_pin()
        st.subheader(_("Training data"), anchor=False)
        data = _pick_data()
        st.subheader(_("Network"), anchor=False)
        arch = view.one_of(
            st.segmented_control,
            _("Architecture"),
            list(ARCHITECTURES),
            "train_arch",
            "cnn",
            format_func=loaders.architecture_name,
        )
        kinds = view.some_of(
            _("Attention modules (one run each)"),
            list(ATTENTION),
            "train_attention",
            ["none", "se"],
            format_func=lambda kind: KINDS[kind].name,
            placeholder=_("Choose at least one"),
        )
        st.subheader(_("Recipe"), anchor=False)
        recipe = _pick_recipe(RECIPES if data != SAMPLES else {"rehearsal": REHEARSAL})
        with st.container(horizontal=True):
            seed = view.number(_("First seed"), "train_seed", 0, 0, 9999, width=105)
            count = view.number(
                _("Number of seeds"),
                "train_seeds",
                1,
                1,
                MOST_SEEDS,
                width=105,
                help=_(
                    "Several seeds show how much of a difference is chance: each starts from "
                    "other random weights and sees the images in another order."
                ),
            )
        configs = [
            RunConfig(arch, kind, data, replace(recipe, seed=number))
            for number in range(seed, seed + count)
            for kind in kinds
            if data
        ]
        pressed = st.button(
            _("Train") if len(configs) < 2 else _("Train: {count} runs", count=len(configs)),
            key="train",
            type="primary",
            icon=":material/model_training:",
            width="stretch",
            disabled=not (configs and allowed),
        )
        if len(configs) > 1:
            st.caption(_("One after the other, with the same recipe."))
        if pressed and allowed and (ids := start_all(configs)):
            st.session_state["chosen_runs"] = []  # nothing chosen: the newest runs are shown
            st.toast(_("{count} runs queued", count=len(ids)), icon=":material/check:")


def _pick_data() -> str | None:
    """A data folder or "samples"; None while what was asked for is not there."""
    sources = {
        "samples": _("Samples"),
        "cifar10": "CIFAR-10",
        "folder": _("Folder"),
    }
    default = "cifar10" if cifar10_folder() else "samples"
    source = view.one_of(
        st.segmented_control,
        _("Training data"),
        sources,
        "train_data",
        default,
        label_visibility="collapsed",
    )
    if source == "samples":
        st.caption(
            _(
                "A quick demo of half a minute on the built-in samples. They are the test "
                "images, too, so 100% only means memorised."
            )
        )
        return SAMPLES
    if source == "cifar10":
        if folder := cifar10_folder():
            return str(folder)
        st.caption(_("CIFAR-10 is not in {folder} yet.", folder=loaders.DATA))
        offer_download()
        return None
    given = st.text_input(
        _("Image folder on this machine"),
        key="train_folder",
        placeholder=str(loaders.DATA),
        help=_("It holds train/<class>/ and test/<class>/ with PNG, JPEG or WebP images."),
        persist_state="session",
    ).strip()
    if not given:
        return None
    folder = Path(given).expanduser()
    if not folder.is_dir():
        st.error(_("There is no folder {folder}; check how it is spelled.", folder=given))
        return None
    return str(folder)


def _pick_recipe(recipes: Mapping[str, TrainConfig]) -> TrainConfig:
    """One of ``recipes``, with as many epochs as wished, or one's own."""
    first = next(iter(recipes))
    name = view.one_of(
        st.segmented_control,
        _("Recipe"),
        [*recipes, "custom"],
        "train_recipe",
        first,
        format_func=recipe_name,
        label_visibility="collapsed",
    )
    if name != "custom":
        st.caption(_recipe_in_words(name))
        epochs = view.number(
            _("Epochs"), f"train_epochs_{name}", recipes[name].epochs, 1, 1000, width=140
        )
        return replace(recipes[name], epochs=epochs)
    start = recipes[first]
    with st.container(horizontal=True):
        epochs = view.number(_("Epochs"), "train_epochs", start.epochs, 1, 1000, width=105)
        batch = view.number(_("Batch"), "train_batch", start.batch, 1, 4096, width=105)
    with st.container(horizontal=True):
        optimiser = view.one_of(
            st.selectbox,
            _("Optimiser"),
            list(OPTIMISERS),
            "train_optimiser",
            start.optimiser,
            format_func=str.upper,
            width=105,
        )
        rate = view.one_of(
            st.selectbox, _("Learning rate"), list(RATES), "train_rate", "0.1", width=105
        )
    schedules = {"one_cycle": _("one-cycle"), "plateau": _("reduce on plateau")}
    schedule = view.one_of(
        st.selectbox,
        _("Learning rate schedule"),
        schedules,
        "train_schedule",
        start.schedule,
    )
    st.caption(_("Data augmentation"))
    return replace(
        start,
        recipe="custom",
        epochs=epochs,
        batch=batch,
        optimiser=optimiser,
        learning_rate=float(rate),
        schedule=schedule,
        augmentation=Augmentation(
            crop=4 if view.switch(_("Random crop"), "train_crop", True) else 0,
            flip=view.switch(_("Flip"), "train_flip", True),
            jitter=RECIPES["tutorial"].augmentation.jitter
            if view.switch(_("Colour jitter"), "train_jitter", False)
            else (0, 0, 0, 0),
            rotation=15 if view.switch(_("Rotate"), "train_rotation", False) else 0,
            cutout=8 if view.switch(_("Cutout"), "train_cutout", False) else 0,
        ),
    )


def _recipe_in_words(name: str) -> str:
    if name == "tutorial":
        return _(
            "As in most tutorials: Adam, small batches, random crop, flip, colour jitter and "
            "rotation; the learning rate is halved when the test loss stagnates."
        )
    if name == "rehearsal":
        return _("“fast”, with a lower learning rate, as there are so few images.")
    return _(
        "To a good network in few epochs: AdamW, a rate that rises and falls once, shifts and "
        "mirroring."
    )
