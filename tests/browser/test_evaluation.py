"""Evaluation and Prototypes in a real browser: click a cell, open its picture, click a tile."""

import numpy as np
import torch
from playwright.sync_api import expect

from cnnattn.data.pictures import input_picture, normalise
from cnnattn.data.samples import samples
from cnnattn.nets.checkpoint import load
from cnnattn.web.library.checkpoints import CHECKPOINTS
from tests.browser.steps import still, tile


def an_error(name):
    """The true class, the wrong one and the name of a sample that the model takes for another."""
    checkpoint = load(CHECKPOINTS / f"{name}.safetensors")
    pictures = torch.from_numpy(np.stack([input_picture(sample.picture) for sample in samples()]))
    predicted = checkpoint.model(normalise(pictures)).argmax(1)
    said = [checkpoint.spec.classes[c] for c in predicted]
    return next(
        (sample.label, label, sample.name)
        for sample, label in zip(samples(), said, strict=True)
        if sample.label not in (label, "cat")  # not the cell that is chosen at first
    )


def test_a_cell_its_picture_and_the_way_to_compare(page, address):
    classes = load(CHECKPOINTS / "cnn-se.safetensors").spec.classes
    true, called, name = an_error("cnn-se")
    page.goto(f"{address}/Evaluation?tested=samples&models=cnn-none,cnn-se")
    expect(page.locator(".st-key-corruptions .js-plotly-plot")).to_be_visible(timeout=60_000)
    still(page)
    box = page.locator(".st-key-confusions .nsewdrag").nth(1).bounding_box()
    assert box
    page.mouse.click(
        box["x"] + box["width"] * (classes.index(called) + 0.5) / len(classes),
        box["y"] + box["height"] * (classes.index(true) + 0.5) / len(classes),
    )
    page.wait_for_url("**confused_by=cnn-se**")
    expect(page.get_by_text(f"images of the class {true}.")).to_be_visible()

    page.locator(f".gallery a[href*='sample={name}']").first.click()
    page.wait_for_url(f"**/?sample={name}**")
    expect(page.locator(".st-key-predictions .js-plotly-plot")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(f"CNN · SE predicts {called}")).to_be_visible()


def test_a_tile_opens_its_channel(page, address):
    page.goto(f"{address}/Prototypes?models=cnn-se&prototype_stage=1")
    tiles = page.locator(".st-key-prototype_tiles")
    expect(tiles.locator(".js-plotly-plot")).to_be_visible(timeout=60_000)
    still(page)
    page.mouse.click(*tile(tiles, 10))
    page.wait_for_url("**channel=10**")
    expect(page.locator(".st-key-channel input")).to_have_value("10")
