"""Going on with a training: as if it had never been interrupted."""

import io
from dataclasses import replace

import pytest
import torch

from cnnattn.data.datasets import open_dataset
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from cnnattn.training.loop import Epoch, Step, make_optimiser, train
from cnnattn.training.recipes import RECIPES, TrainConfig

RECIPE = {
    "fast": replace(RECIPES["fast"], epochs=4, batch=16),
    "fast, averaged": replace(RECIPES["fast"], epochs=4, batch=16, averaging=0.9),
    # The patience of 3 epochs never ends here unless the test loss stands still.
    "tutorial": replace(RECIPES["tutorial"], epochs=6, batch=16, learning_rate=1e-12),
}


@pytest.fixture(scope="module")
def data(folder):
    return open_dataset(folder)


def begin(data, config, state=None):
    torch.manual_seed(5 if state else 0)  # what the network held before must not matter
    model = build(ModelSpec("cnn", "se", data.classes))
    return model, train(model, data, config, state)


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def numbers(events):
    return [
        {k: v for k, v in vars(e).items() if k not in ("seconds", "state", "weights")}
        for e in events
    ]


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize("recipe", RECIPE)
@pytest.mark.parametrize("stop", ["after two epochs", "in the middle", "before the test"])
def test_a_resumed_training_equals_an_unbroken_one_bit_for_bit(data, recipe, stop):
    config = RECIPE[recipe]
    model, events = begin(data, config)
    whole = list(events)
    first = {
        "after two epochs": lambda e: isinstance(e, Epoch) and e.epoch == 2,
        "in the middle": lambda e: isinstance(e, Step) and e.iteration == 6,
        "before the test": lambda e: isinstance(e, Step) and e.iteration == 8,
    }[stop]
    _model, events = begin(data, config)
    parts = []
    for event in events:
        parts.append(event)
        if first(event):
            state = through_a_file(event.state())
            break
    torch.rand(7)  # another process has another random state
    resumed, events = begin(data, config, state)
    parts += events
    assert numbers(parts) == numbers(whole)
    assert same(parts[-1].weights, whole[-1].weights)
    assert same(resumed.state_dict(), model.state_dict())


def test_the_state_is_a_copy_that_later_steps_leave_alone(data):
    _model, events = begin(data, RECIPE["fast, averaged"])
    state = next(events).state()
    before = through_a_file(state)
    next(events)
    assert same(state["model"], before["model"])
    assert same(state["average"], before["average"])
    assert state["position"]["iteration"] == 1


def test_a_loss_that_is_no_number_ends_the_training_with_a_sentence(data):
    config = replace(RECIPES["fast"], epochs=3, batch=16, learning_rate=1e30)
    _model, events = begin(data, config)
    with pytest.raises(Problem, match=r"(nan|inf) in epoch 1 .* lower learning rate"):
        list(events)


def test_a_network_that_breaks_in_the_last_batch_is_no_good_epoch(data):
    """The loss of the last batch is fine still; only the test shows what its step did."""
    config = TrainConfig(epochs=1, batch=50, learning_rate=1e30, low_precision=False)
    _model, events = begin(data, config)
    assert isinstance(next(events), Step)
    with pytest.raises(Problem, match="in epoch 1"):
        next(events)


def test_only_kernels_outside_attention_decay():
    """By hand: with gradients of 0, AdamW leaves a parameter alone but for lr * decay of it."""
    model = build(ModelSpec("cnn", "se"))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = make_optimiser(model, TrainConfig(learning_rate=0.1, weight_decay=0.2))
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimiser.step()
    shrunk = {f"{name}.weight" for name in ("conv1", "conv2", "conv3", "fc1", "fc2")}
    for name, p in model.named_parameters():
        torch.testing.assert_close(p.detach(), before[name] * (0.98 if name in shrunk else 1))
