import errno
import math
import os
import pickle

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from cnnattn.nets.checkpoint import load, read_card, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem


class TutorialSE(nn.Module):
    """The tutorial's channel attention, as its script has it."""

    def __init__(self, channels, ratio=16):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // ratio, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // ratio, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.shape
        return x * self.fc(self.avg_pool(x).view(b, c)).view(b, c, 1, 1)


class TutorialCNN(nn.Module):
    """The tutorial's network, as its script has it."""

    def __init__(self, attention):
        super().__init__()
        for i, (a, b) in enumerate([(3, 32), (32, 64), (64, 128)], 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, 3, padding=1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
            if attention:
                setattr(self, f"ca{i}", TutorialSE(b))
        self.fc1 = nn.Linear(128 * 4 * 4, 512)
        self.fc2 = nn.Linear(512, 10)
        self.attention = attention

    def forward(self, x):
        for i in (1, 2, 3):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
            if self.attention:
                x = getattr(self, f"ca{i}")(x)
            x = F.max_pool2d(x, 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: {"epoch": 3, "model_state_dict": w}])
def test_a_tutorials_state_dict_gives_the_tutorials_logits(tmp_path, attention, wrap):
    torch.manual_seed(1)
    theirs = TutorialCNN(attention)
    theirs(torch.randn(16, 3, 32, 32))  # moves the running statistics away from 0 and 1
    file = tmp_path / "cifar10_cnn_model.pth"
    torch.save(wrap(theirs.state_dict()), file)
    ours = load(file)
    assert ours.spec.attention == ("se" if attention else "none")
    x = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(ours.model(x), theirs.eval()(x))


@pytest.mark.parametrize("arch", ["cnn", "resnet20"])
def test_round_trip(tmp_path, arch):
    spec = ModelSpec(arch, "se", ("bee", "wasp", "蜂鸟"))
    model = build(spec).eval()
    card = {"history": [{"epoch": 1, "test_accuracy": 0.5}], "note": "汉字"}
    save(tmp_path / "a" / "b.safetensors", model, spec, card)
    back = load(tmp_path / "a" / "b.safetensors")
    assert (back.spec, back.card) == (spec, card) == read_card(tmp_path / "a" / "b.safetensors")
    for name, value in model.state_dict().items():
        expected = value.half().float() if value.is_floating_point() and value.ndim > 1 else value
        assert torch.equal(back.model.state_dict()[name], expected), name
    assert not back.model.training
    assert not any(p.requires_grad for p in back.model.parameters())


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("executed",))


def test_pickled_code_is_refused_and_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, write in {
        "old.pth": lambda f: f.write_bytes(pickle.dumps(Evil())),
        "new.pth": lambda f: torch.save({"conv1.weight": Evil()}, f),
        "whole.pth": lambda f: torch.save(build(ModelSpec()), f),
    }.items():
        write(tmp_path / name)
        with pytest.raises(Problem, match="pickled code"):
            load(tmp_path / name)
    assert not (tmp_path / "executed").exists()


def _state(**changes):
    return {**build(ModelSpec()).state_dict(), **changes}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 cut short", "cannot be read"),
        (_state(**{"fc2.bias": torch.zeros(7)}), "7 classes"),
        (_state(**{"conv2.weight": torch.zeros(64, 16, 3, 3)}), "another shape"),
        ({"encoder.weight": torch.zeros(3)}, "does not know"),
        ([1, 2, 3], "no state dict"),
        (_state(**{"fc2.bias": torch.tensor(3.0)}), "tells 0 classes"),
        ({1: torch.zeros(1)}, "no state dict"),
        ({"state_dict": {1: torch.zeros(1)}}, "no state dict"),
    ],
)
def test_foreign_weights_get_one_sentence(tmp_path, content, sentence):
    file = tmp_path / "x.pth"
    file.write_bytes(content) if isinstance(content, bytes) else torch.save(content, file)
    with pytest.raises(Problem, match=sentence) as caught:
        load(file)
    assert "\n" not in str(caught.value)


def test_damaged_or_foreign_safetensors(tmp_path):
    good = tmp_path / "good.safetensors"
    save(good, build(ModelSpec()), ModelSpec(), {})
    cut, empty, bare = (tmp_path / f"{n}.safetensors" for n in ("cut", "empty", "bare"))
    cut.write_bytes(good.read_bytes()[:-100])
    empty.touch()
    save_file({"a": torch.zeros(2)}, bare)
    for file, sentence in ((cut, "is not a checkpoint"), (empty, "is not a checkpoint"),
                           (bare, "network that this app does not know")):  # fmt: skip
        with pytest.raises(Problem, match=f"{file.name}: .*{sentence}"):
            load(file)
    with pytest.raises(Problem, match="no checkpoint at"):
        load(tmp_path / "missing.safetensors")


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, failing):
    file = tmp_path / "x.safetensors"
    save(file, build(ModelSpec()), ModelSpec(), {"generation": 1})
    before = file.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(Problem, match="No space left on device"):
        save(file, build(ModelSpec()), ModelSpec(), {"generation": 2})
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


@pytest.mark.parametrize("arch", ["cnn", "resnet20"])
@pytest.mark.parametrize("attention", ["none", "se", "cbam", "coordinate", "nonlocal"])
def test_a_bare_state_dict_tells_which_network_it_is(tmp_path, arch, attention):
    spec = ModelSpec(arch, attention)
    torch.save(build(spec).state_dict(), tmp_path / "mine.pth")
    assert load(tmp_path / "mine.pth").spec == spec


@pytest.mark.parametrize(
    "written",
    [
        lambda weights: {"state_dict": weights, "epoch": 3},
        lambda weights: {"arch": {}, "model": weights},
        lambda weights: {"net": weights, "acc": 0.87, "epoch": 7},
        lambda weights: {f"module.{name}": value for name, value in weights.items()},
        lambda weights: {f"_orig_mod.module.{name}": value for name, value in weights.items()},
        lambda weights: {"net": {f"module.{name}": value for name, value in weights.items()}},
    ],
)
def test_weights_are_found_as_training_scripts_write_them(tmp_path, written):
    model = build(ModelSpec("cnn", "se"))
    torch.save(written(model.state_dict()), tmp_path / "mine.pth")
    found = load(tmp_path / "mine.pth")
    assert found.spec == ModelSpec("cnn", "se")
    for name, value in model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value), name


@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_bare_safetensors_file_is_read_as_a_bare_state_dict(tmp_path, prefix):
    file = tmp_path / "mine.safetensors"
    model = build(ModelSpec("resnet20", "eca"))
    save_file({f"{prefix}{name}": value for name, value in model.state_dict().items()}, file)
    assert read_card(file) == (ModelSpec("resnet20", "eca"), {})
    found = load(file)
    assert (found.spec, found.card) == (ModelSpec("resnet20", "eca"), {})
    for name, value in model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value), name


def test_weights_of_a_training_that_diverged_are_one_sentence(tmp_path):
    for number, damage in enumerate(
        (
            lambda model: model.fc2.weight.fill_(math.nan),
            lambda model: model.conv1.bias.fill_(math.inf),
            lambda model: model.bn1.running_var.fill_(-1.0),  # its root is no number
        )
    ):
        model = build(ModelSpec()).requires_grad_(False)
        damage(model)
        torch.save(model.state_dict(), tmp_path / f"{number}.pth")
        with pytest.raises(Problem, match=rf"{number}\.pth: .* not numbers .* lower learning rate"):
            load(tmp_path / f"{number}.pth")
