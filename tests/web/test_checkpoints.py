"""A model is what was read, whatever happens to its file; no two models have one name."""

import json
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import torch

from cnnattn.data.pictures import to_input
from cnnattn.data.samples import samples
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.training import runs
from cnnattn.training.run_folder import RunConfig
from cnnattn.web.attention.inside import inside_of
from cnnattn.web.heat.maps import one_map
from cnnattn.web.lab.networks import Networks
from cnnattn.web.library import checkpoints as library
from cnnattn.web.library.checkpoints import Model, all_maps, analysed
from cnnattn.web.surgery.ablation import ablation

PICTURE = samples()[0].picture
SPEC = ModelSpec("cnn", "se")


@pytest.fixture
def networks(tmp_path, monkeypatch) -> tuple[Path, bytes]:
    """The file of a network, and what another one's file of the same length holds."""
    monkeypatch.setattr(library, "CHECKPOINTS", tmp_path)
    contents = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        save(tmp_path / "mine.safetensors", build(SPEC), SPEC, {})
        contents.append((tmp_path / "mine.safetensors").read_bytes())
    (tmp_path / "mine.safetensors").write_bytes(contents[0])
    assert len(contents[0]) == len(contents[1])
    return tmp_path / "mine.safetensors", contents[1]


def replaced(file: Path, content: bytes, *, keep_date: bool = False) -> None:
    """As a run writes it: whole, in the place of the old one."""
    before = file.stat()
    new = file.with_suffix(".new")
    new.write_bytes(content)
    if keep_date:
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(file)


def logits_of(model: Model) -> np.ndarray:
    return model.checkpoint.model(to_input(PICTURE))[0].softmax(0).numpy()


WAYS = {
    "analysis": lambda model: analysed(model, PICTURE).probabilities,
    "all maps": lambda model: all_maps(model, PICTURE)["conv2"],
    "inside": lambda model: inside_of(model, PICTURE, model.stages[0]).gates["attention1.gate"],
    "heat map": lambda model: one_map(model, PICTURE, "attention3", 3, "grad_cam"),
    "slow heat map": lambda model: one_map(model, PICTURE, "attention3", 3, "occlusion"),
    "ablation": lambda model: ablation(model, PICTURE, "attention1").without,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_kept_belongs_to_the_weights_that_were_read(networks, way):
    """A run replaces the file while a page works with it: the new network gets results of its own,
    and the old one, which the page still holds, those of the old weights."""
    file, other = networks
    new_alone = _alone(file.with_name("other.safetensors"), other, way)
    old_alone = _alone(file, file.read_bytes(), way)
    old = library.model(file)
    replaced(file, other)
    old_result = WAYS[way](old)  # only now: the page took its time
    new = library.model(file)
    np.testing.assert_array_equal(old_result, old_alone)
    np.testing.assert_array_equal(WAYS[way](new), new_alone)
    np.testing.assert_array_equal(WAYS[way](old), old_alone)
    assert not np.array_equal(old_alone, new_alone)
    assert old.version != new.version


def _alone(file: Path, content: bytes, way: str) -> np.ndarray:
    """The result for a network with nothing kept before or after."""
    file.write_bytes(content)
    st.cache_resource.clear()
    result = WAYS[way](library.model(file))
    st.cache_resource.clear()
    return result


@pytest.mark.parametrize("when", ["before it is read", "after it is read"])
def test_a_file_replaced_in_the_very_moment_of_loading(networks, monkeypatch, when):
    file, other = networks
    read = library.load
    old_version = load(file).version

    def slow(path: str):
        if when == "before it is read":
            replaced(file, other)
            return read(path)
        found = read(path)
        replaced(file, other)
        return found

    monkeypatch.setattr(library, "load", slow)
    model = library.model(file)
    monkeypatch.setattr(library, "load", read)
    assert (model.version == old_version) == (when == "after it is read")
    np.testing.assert_allclose(analysed(model, PICTURE).probabilities, logits_of(model), atol=1e-6)
    later = library.model(file)
    assert later.version == load(file).version != old_version
    np.testing.assert_allclose(analysed(later, PICTURE).probabilities, logits_of(later), atol=1e-6)


@pytest.mark.parametrize("keep_date", [False, True])
def test_a_file_of_the_same_length_and_date_is_read_anew(networks, keep_date):
    file, other = networks
    before = library.model(file)
    replaced(file, other, keep_date=keep_date)
    after = library.model(file)
    assert not torch.equal(before.checkpoint.model.fc2.weight, after.checkpoint.model.fc2.weight)


def test_the_version_is_the_content_s_wherever_it_lies(networks):
    file, other = networks
    copy = file.with_name("copy.safetensors")
    copy.write_bytes(file.read_bytes())
    assert load(copy).version == load(file).version
    model = library.model(file)
    file.unlink()
    assert library.model(copy).version == model.version  # known without its file
    np.testing.assert_allclose(analysed(model, PICTURE).probabilities, logits_of(model), atol=1e-6)
    copy.write_bytes(other)
    assert load(copy).version != model.version


def test_one_content_under_two_names_keeps_both_on_the_page_live(networks):
    file, _other = networks
    model = library.model(file)
    for name in ("mine", "yours"):
        named = replace(model, name=name)
        packed = Networks([named]).content()
        (length,) = struct.unpack("<I", packed[:4])
        assert json.loads(packed[4 : 4 + length])["models"][0]["name"] == name


# --- names


def test_an_own_network_never_stands_for_a_shipped_one(networks, tmp_path, monkeypatch):
    """A run, an opened file and a .pth that are called like a shipped network stand beside it."""
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    shipped = tmp_path / "cnn-se.safetensors"
    bare = tmp_path / "cnn-se.pth"
    opened = [tmp_path / folder / "cnn-se.safetensors" for folder in ("a", "b")]
    runs.create(RunConfig("cnn", "se"), tmp_path / "runs" / "cnn-se", "stopped")
    best = tmp_path / "runs" / "cnn-se" / "best.safetensors"
    for seed, file in enumerate([shipped, best, *opened]):
        torch.manual_seed(seed)
        save(file, build(SPEC), SPEC, {})
    torch.save(build(SPEC).state_dict(), bare)
    monkeypatch.setattr(library.st, "session_state", {"opened_checkpoints": opened})
    files = library.checkpoint_files()
    assert files["cnn-se"] == shipped
    assert {shipped, bare, best, *opened} <= set(files.values())
    titles = {library.model(file, name).title for name, file in files.items()}
    assert len(titles) == len(files)
    assert library.model(files["cnn-se"], "cnn-se").title == "CNN · SE"
    assert all(files[library.listed_name(file)] == file for file in files.values())


def test_a_name_that_is_taken_is_made_an_own_one():
    assert library.free_name("a", ()) == "a"
    assert library.free_name("a", ("a",)) == "a-own"
    assert library.free_name("a", ("a", "a-own", "a-own-2")) == "a-own-3"
