"""The pictures made for the channels of a layer, kept beside a checkpoint."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnattn.explain.prototype_files import encode, mosaic_file, read, weights_digest
from cnnattn.nets.checkpoint import save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from tools import prototypes


def smooth(count, height=16, width=24):
    """Pictures of one colour each, which lossy compression keeps."""
    colours = np.random.default_rng(0).integers(0, 256, (count, 1, 1, 3), np.uint8)
    return np.broadcast_to(colours, (count, height, width, 3)).copy()


@pytest.mark.parametrize("count", [1, 5, 32])
def test_each_channel_gets_its_own_picture_and_numbers_back(tmp_path, count):
    made = {
        "picture": smooth(count),
        "mean": np.arange(count, dtype=np.float32) / 8,
        "activation": np.arange(count, dtype=np.float32),
    }
    file = mosaic_file(tmp_path, "cnn-se", "relu1")
    file.write_bytes(encode(made, "these"))
    found = read(file, "these")
    assert found["picture"].shape == (count, 16, 24, 3)
    error = np.abs(found["picture"].astype(int) - made["picture"])[:, 4:-4, 4:-4].max()
    assert error <= 12  # far less than between two colours
    for name in ("mean", "activation"):
        np.testing.assert_array_equal(found[name], made[name])
    assert read(file, "others") is None
    assert read(tmp_path / "none.webp", "these") is None
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(Problem, match="make it again"):
        read(file, "these")


def test_the_digest_is_that_of_the_weights():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))
    before = weights_digest(network)
    assert weights_digest(network) == before
    with torch.no_grad():
        network[0].bias[1] += 1e-6
    assert weights_digest(network) != before


def test_the_tool_makes_what_maximise_makes_once_and_anew_for_other_weights(tmp_path):
    """On the first layer, where the best picture is known: each kernel's own pattern."""
    spec = ModelSpec("cnn", "none", ("a", "b"))
    model = build(spec)
    with torch.no_grad():
        model.conv1.weight.zero_()
        model.conv1.bias.zero_()
        model.conv1.weight[0, 0, 1, 1] = 1  # channel 0 likes red, channel 1 dislikes it
        model.conv1.weight[1, 0, 1, 1] = -1
    save(tmp_path / "mine.safetensors", model, spec, {})
    (file,) = prototypes.make(tmp_path, "mine", ["conv1"])
    assert file == tmp_path / "prototypes" / "mine.conv1.webp"
    digest = weights_digest(prototypes.load(tmp_path / "mine.safetensors").model)
    found = read(file, digest)
    red = found["picture"][:, :, :, 0].mean((1, 2))
    assert len(red) == 32
    assert red[0] > 200
    assert red[1] < 55
    assert prototypes.make(tmp_path, "mine", ["conv1"]) == []
    with torch.no_grad():
        model.conv1.weight[0, 0, 1, 1] = -1
    save(tmp_path / "mine.safetensors", model, spec, {})
    assert prototypes.make(tmp_path, "mine", ["conv1"]) == [file]
