"""Many networks trained side by side, against the training loop with each alone."""

from dataclasses import replace

import pytest
import torch

from cnnattn.data.datasets import open_dataset
from cnnattn.training.loop import Epoch, Step, predict, train
from cnnattn.training.recipes import TrainConfig
from cnnattn.training.run_folder import RunConfig
from cnnattn.training.worker import begin
from tools.together import train_together

# Dropout draws from one source for all networks that train together, so it is left out here.
PLAIN = TrainConfig(epochs=3, batch=16, learning_rate=1e-3, dropout=0.0, low_precision=False)
RUNS = [
    RunConfig("cnn", "se", train=PLAIN),
    RunConfig("cnn", "none", train=replace(PLAIN, seed=1)),
    RunConfig("cnn", "none", train=PLAIN),
    RunConfig("resnet20", "eca", train=replace(PLAIN, epochs=2, batch=20)),
    RunConfig("cnn", "none", train=replace(PLAIN, averaging=0.9, optimiser="sgd", seed=2)),
]


@pytest.fixture(scope="module")
def data(folder):
    return open_dataset(folder)


@pytest.fixture(scope="module")
def together(data):
    return {id(run): (model, card) for run, model, card in train_together(RUNS, data, "cpu")}


@pytest.mark.parametrize(
    "run", RUNS, ids=lambda run: f"{run.arch}-{run.attention}-{run.train.seed}"
)
def test_each_learns_what_it_learns_alone(data, together, run):
    _spec, model, _card, prepare = begin(run, data)
    events = list(train(model, data, run.train, prepare=prepare))
    trained, card = together[id(run)]
    # Not weight by weight: a bias before a batch norm has no gradient but rounding, which Adam
    # scales up to whole steps. What the network answers does not feel it.
    expected, found = (predict(each, data.test, prepare=prepare) for each in (model, trained))
    assert (found - expected).norm() < 1e-2 * expected.norm()
    losses = [event.loss for event in events if isinstance(event, Step)]
    assert card["losses"] == pytest.approx(losses, rel=2e-3, abs=1e-4)
    epochs = [event for event in events if isinstance(event, Epoch)]
    for noted, epoch in zip(card["history"], epochs, strict=True):
        assert noted["epoch"] == epoch.epoch
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
            assert noted[name] == pytest.approx(getattr(epoch, name), rel=2e-3, abs=2e-4)


def test_weights_move(data, together):
    """Else the test above would hold for networks that learn nothing."""
    for run in RUNS:
        torch.manual_seed(run.train.seed)
        _spec, fresh, _card, _prepare = begin(run, data)
        trained, _card = together[id(run)]
        name, weight = next(iter(fresh.named_parameters()))
        assert not torch.allclose(weight, dict(trained.named_parameters())[name], atol=1e-4)
