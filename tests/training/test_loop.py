from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cnnattn.data.datasets import Dataset, Split
from cnnattn.data.pictures import normalise
from cnnattn.nets.models import ModelSpec, build
from cnnattn.training.loop import Epoch, Step, has_bfloat16, predict, train
from cnnattn.training.recipes import RECIPES


@pytest.fixture(scope="module")
def red_or_blue():
    """64 noisy pictures, red ones of class 0 and blue ones of class 1; 32 others to test."""
    random = np.random.default_rng(0)

    def split(count):
        labels = np.arange(count) % 2
        pictures = random.integers(0, 100, (count, 32, 32, 3), dtype=np.uint8)
        pictures[labels == 0, :, :, 0] += 120
        pictures[labels == 1, :, :, 2] += 120
        return Split(pictures, labels)

    return Dataset("colours", ("red", "blue"), split(64), split(32))


def run(data, recipe="fast", **changes):
    config = replace(RECIPES[recipe], **{"epochs": 3, "batch": 16, **changes})
    torch.manual_seed(config.seed)
    model = build(ModelSpec("cnn", classes=data.classes))
    return model, list(train(model, data, config)), config


@pytest.mark.parametrize("recipe", RECIPES)
def test_events_come_in_order_and_the_colours_are_learnt(red_or_blue, recipe):
    model, events, _ = run(red_or_blue, recipe)
    kinds = [type(event) for event in events]
    assert kinds == [Step, Step, Step, Step, Epoch] * 3
    assert [e.iteration for e in events if isinstance(e, Step)] == list(range(1, 13))
    last = events[-1]
    assert last.test_accuracy == 1
    assert all(torch.equal(v, last.weights[k]) for k, v in model.state_dict().items())


def test_the_seed_decides_everything(red_or_blue):
    losses = [
        [e.loss for e in run(red_or_blue, seed=seed)[1] if isinstance(e, Step)]
        for seed in (0, 0, 1)
    ]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_one_cycle_rises_to_the_peak_and_falls_to_almost_nothing(red_or_blue):
    _model, events, config = run(red_or_blue, epochs=5)
    rates = [e.learning_rate for e in events if isinstance(e, Step)]
    assert rates[0] == pytest.approx(config.learning_rate / 10)
    assert max(rates) == pytest.approx(config.learning_rate)
    assert rates.index(max(rates)) == 3  # a fifth of 20 iterations
    assert rates[-1] == pytest.approx(config.learning_rate / 10 / 1000)


def test_averaged_weights_are_the_running_mean(red_or_blue):
    """Decay 0.5 after every step, the first one copied: worked out from a run of single steps."""
    single = run(red_or_blue, epochs=2, batch=64, low_precision=False)[1]
    steps = [event.weights["fc2.bias"] for event in single if isinstance(event, Epoch)]
    averaged = run(red_or_blue, epochs=2, batch=64, low_precision=False, averaging=0.5)[0]
    torch.testing.assert_close(averaged.fc2.bias.detach(), 0.5 * steps[0] + 0.5 * steps[1])


def test_predict_equals_one_plain_forward(red_or_blue):
    model = build(ModelSpec("resnet20", classes=red_or_blue.classes))
    expected = model.eval()(normalise(torch.from_numpy(red_or_blue.test.pictures)))
    torch.testing.assert_close(predict(model, red_or_blue.test, batch=5), expected)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="asks the Linux kernel")
def test_bfloat16_is_used_where_the_kernel_says_that_the_processor_has_it():
    flags = set(Path("/proc/cpuinfo").read_text().split())
    known = {"avx512_bf16"}
    if hasattr(torch.cpu, "get_capabilities"):  # an older torch knows of no others
        known |= {"amx_bf16", "bf16"}
    assert has_bfloat16(torch.device("cpu")) == bool(flags & known)
