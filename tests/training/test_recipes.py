import json
from dataclasses import asdict, replace

import pytest

from cnnattn.data.augment import Augmentation
from cnnattn.problem import Problem
from cnnattn.training.recipes import RECIPES, TrainConfig
from cnnattn.training.runs import RunConfig


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_config_survives_json(recipe):
    assert TrainConfig.from_json(json.loads(json.dumps(asdict(recipe)))) == recipe
    run = RunConfig("resnet20", "se", "samples", recipe, "第一次")
    assert RunConfig.from_json(run.to_json()) == run


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"arch": "cnn"}', '{"train": {"epochs": 3}}'])
def test_what_is_no_config_is_refused(text):
    with pytest.raises((ValueError, TypeError, KeyError)):
        RunConfig.from_json(text)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"optimiser": "lion"}, "known ones are sgd, adam"),
        ({"decayed": "gates"}, "known choices are all, kernels"),
        ({"schedule": "cosine"}, "known ones are one_cycle, plateau"),
        ({"epochs": 0}, "they are 0, 256 and 0.005"),
        ({"batch": -1}, "they are 30, -1 and"),
        ({"learning_rate": float("nan")}, "256 and nan"),
    ],
)
def test_values_that_no_training_could_use_are_told(wrong, words):
    with pytest.raises(Problem, match=words):
        replace(RECIPES["fast"], **wrong)


def test_an_augmentation_is_part_of_the_round_trip():
    how = Augmentation(crop=2, jitter=(0.1, 0.2, 0.3, 0.1), cutout=8)
    assert TrainConfig.from_json(asdict(TrainConfig(augmentation=how))).augmentation == how


def test_a_run_from_before_the_choice_of_what_decays_decays_everything():
    old = asdict(TrainConfig())
    del old["decayed"]
    assert TrainConfig.from_json(old).decayed == "all"
