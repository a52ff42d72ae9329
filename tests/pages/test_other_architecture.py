"""An architecture is one module and one record: the pages open one that they have never seen."""

import json
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

from cnnattn import __main__ as command_line
from cnnattn.data.augment import Augmentation
from cnnattn.data.pictures import normalise
from cnnattn.data.samples import samples
from cnnattn.nets.architectures import ARCHITECTURES, Architecture, Stage
from cnnattn.nets.checkpoint import load, save
from cnnattn.nets.models import ModelSpec, build
from cnnattn.training.recipes import RECIPES, TrainConfig
from cnnattn.training.worker import open_data
from cnnattn.web.library import checkpoints as library
from tests.pages.opening import open_page, sound

SIZE, MEAN, STD = 24, (0.5, 0.4, 0.3), (0.3, 0.2, 0.1)
CAR = next(sample for sample in samples() if sample.name == "automobile-4")


class Tiny(nn.Module):
    """(N, 3, 24, 24) -> (N, classes): two stages, of 8 and of 16 channels."""

    def __init__(self, attention: Callable[[int], nn.Module], classes: int) -> None:
        super().__init__()
        self.early = nn.ModuleDict(self._stage(3, 8, attention))
        self.late = nn.ModuleDict(self._stage(8, 16, attention))
        self.scores = nn.Linear(16, classes)

    @staticmethod
    def _stage(inputs: int, channels: int, attention: Callable[[int], nn.Module]):
        return {
            "filter": nn.Conv2d(inputs, channels, 3, padding=1),
            "norm": nn.BatchNorm2d(channels),
            "rectify": nn.ReLU(),
            "attention": attention(channels),
        }

    def forward(self, x: Tensor) -> Tensor:
        for stage in (self.early, self.late):
            for layer in stage.values():
                x = layer(x)
            x = F.max_pool2d(x, 2)
        return self.scores(x.mean((2, 3)))


def _stage(number: str, name: str) -> Stage:
    roles = {"conv": "filter", "bn": "norm", "relu": "rectify", "attention": "attention"}
    layers = {role: f"{name}.{layer}" for role, layer in roles.items()}
    return Stage(number, layers, (f"{name}.attention",))


RECORD = Architecture(
    "Tiny",
    Tiny,
    (_stage("1", "early"), _stage("2", "late")),
    head="scores",
    size=SIZE,
    mean=MEAN,
    std=STD,
    foreign_names=((r"^theirs\.", "late."),),
)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The architecture, and in a folder of checkpoints one network of it beside two of the CNN."""
    monkeypatch.setitem(ARCHITECTURES, "tiny", RECORD)
    monkeypatch.setattr(library, "CHECKPOINTS", tmp_path)
    torch.manual_seed(0)
    for arch, attention in (("tiny", "se"), ("cnn", "none"), ("cnn", "se")):
        spec = ModelSpec(arch, attention)
        model = build(spec)
        for name, parameter in model.named_parameters():  # so that gates and scores differ
            if name.endswith("gate.fc1.weight"):
                parameter.data = 20 * parameter.abs()
            elif name.endswith(("gate.fc2.weight", "scores.weight")):
                parameter.data *= 20
        save(tmp_path / f"{arch}-{attention}.safetensors", model, spec, {})
    return load(tmp_path / "tiny-se.safetensors")


def input_of(picture: np.ndarray, mean=MEAN, std=STD) -> Tensor:
    """Straight from the formula; the samples are square."""
    small = Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    x = (np.asarray(small) / 255 - np.array(mean)) / np.array(std)
    return torch.from_numpy(x.astype(np.float32)).permute(2, 0, 1)[None]


def opened(page: str, **query: str) -> AppTest:
    return sound(open_page(page, **{"sample": "automobile-4", **query}))


@pytest.mark.parametrize("models", ["tiny-se", "tiny-se,cnn-se", "cnn-none,tiny-se"])
@pytest.mark.parametrize("stage", ["all", "2"])
def test_compare_shows_it_alone_and_beside_a_network_of_three_stages(tiny, models, stage):
    app = opened("app.py", models=models, stage=stage)
    probabilities = tiny.model(input_of(CAR.picture)).softmax(1)[0]
    said = " ".join(text.value for text in app.markdown)
    name = tiny.spec.classes[int(probabilities.argmax())]
    assert f"Tiny · SE predicts **{name}** ({probabilities.max():.0%})" in said
    stages = 2 if models == "tiny-se" else 3
    path = next(json.loads(c.proto.spec) for c in app.get("plotly_chart") if "path" in c.proto.id)
    boxes = [mark for trace in path["data"] for mark in trace.get("customdata", [])]
    assert boxes == [str(i + 1) for i in range(stages)]


def test_channel_attention_shows_its_gates(tiny):
    app = opened("pages/2_Channel_attention.py", models="tiny-se", gate_stage="2", channel="3")
    network = tiny.model
    x = input_of(CAR.picture)
    for layer in network.early.values():
        x = layer(x)
    x = F.max_pool2d(x, 2)
    for layer in list(network.late.values())[:-1]:
        x = layer(x)
    gates = network.late["attention"].gate(x).flatten()
    said = " ".join(text.value for text in app.markdown)
    assert f"Relative to the mean gate of {gates.mean():.2f}" in said
    assert f"channel **{int(gates.argmax())}** is emphasised most" in said


@pytest.mark.parametrize("models", ["tiny-se", "tiny-se,cnn-se"])
def test_heat_maps_explains_it(tiny, models):
    app = opened("pages/4_Heat_maps.py", models=models, faithful="1")
    assert len(app.get("plotly_chart")) >= 2
    assert app.session_state["heat_stage"] == "2"  # the last one that all of them have


@pytest.mark.parametrize(
    "page",
    [
        "1_Feature_maps",
        "3_Attention_zoo",
        "5_Evaluation",
        "6_Training",
        "7_Gate_surgery",
        "8_Prototypes",
        "9_Live",
    ],
)
def test_no_other_page_stumbles_over_it(tiny, page):
    opened(f"pages/{page}.py", models="tiny-se")


def test_a_bare_state_dict_of_it_is_recognised(tiny, tmp_path):
    weights = {n.replace("late.", "theirs."): w for n, w in tiny.model.state_dict().items()}
    torch.save(weights, tmp_path / "theirs.pth")
    found = load(tmp_path / "theirs.pth")
    assert found.spec == ModelSpec("tiny", "se")
    assert torch.equal(found.model.scores.weight, tiny.model.scores.weight)


def test_it_is_measured_on_what_its_card_says(tiny, tmp_path):
    """By the formula: its own size, and mean and deviation of its card, else of its record."""
    card = {"normalisation": {"mean": [0.1, 0.5, 0.9], "std": [0.5, 0.3, 0.4]}}
    save(tmp_path / "other.safetensors", tiny.model, tiny.spec, card)
    data = open_data("samples", None)
    losses = {}
    for name, mean, std in (("tiny-se", MEAN, STD), ("other", [0.1, 0.5, 0.9], [0.5, 0.3, 0.4])):
        x = torch.cat([input_of(picture, mean, std) for picture in data.test.pictures])
        losses[name] = F.cross_entropy(tiny.model(x), torch.from_numpy(data.test.labels)).item()
        found = command_line.results(load(tmp_path / f"{name}.safetensors"), data)
        assert found["loss"] == pytest.approx(losses[name], rel=0.01)
    assert losses["other"] != pytest.approx(losses["tiny-se"], rel=0.1)


def test_it_is_trained_on_what_its_record_says(tiny, tmp_path, monkeypatch):
    """The loss of the first step, on all pictures as they are, worked out by the formula."""
    still = Augmentation(crop=0, flip=False)
    monkeypatch.setitem(
        RECIPES,
        "plain",
        TrainConfig(
            "plain",
            1,
            5000,
            label_smoothing=0.0,
            augmentation=still,
            low_precision=False,
            averaging=0.0,
        ),
    )
    file = tmp_path / "new.safetensors"
    typed = ["train", "--arch", "tiny", "--data", "samples", "--recipe", "plain", "--out", file]
    monkeypatch.setattr(sys, "argv", ["cnnattn", *map(str, typed)])
    assert command_line.main() == 0
    card = load(file).card
    assert card["normalisation"] == {"mean": list(MEAN), "std": list(STD)}
    torch.manual_seed(0)
    model, data = build(ModelSpec("tiny")).train(), open_data("samples", None)
    x = torch.cat([input_of(picture) for picture in data.test.pictures])
    expected = F.cross_entropy(model(x), torch.from_numpy(data.test.labels)).item()
    assert card["losses"] == [pytest.approx(expected, abs=2e-3)]
    cifar10_s = normalise(torch.from_numpy(data.test.pictures))
    assert (
        abs(F.cross_entropy(model(cifar10_s), torch.from_numpy(data.test.labels)) - expected) > 0.01
    )
