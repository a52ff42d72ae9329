import json
from dataclasses import asdict

import pytest

from cnnattn.nets.models import ModelSpec
from cnnattn.problem import Problem
from cnnattn.training.results import (
    comparable,
    read_results,
    record,
    result_of,
)

FOUND = {"accuracy": 0.8444, "pictures": 10000}


def card(seed=0, accuracy=0.8444, **config):
    return {
        "data": "CIFAR-10",
        "config": {"recipe": "fast", "epochs": 30, "seed": seed, "compile": bool(seed), **config},
        "results": FOUND | {"accuracy": accuracy},
    }


def test_what_was_recorded_is_read_and_a_training_measured_again_takes_its_own_place(tmp_path):
    file = tmp_path / "results.json"
    assert read_results(file) == []
    first, other = (result_of(ModelSpec(attention="se"), card(seed)) for seed in (1, 2))
    baseline = result_of(ModelSpec(), card())
    for result in (first, baseline, other):
        record(file, result)
    again = result_of(ModelSpec(attention="se"), card(1, accuracy=0.9))
    record(file, again)
    longer = result_of(ModelSpec(attention="se"), card(1, epochs=60))
    record(file, longer)
    found = read_results(file)
    assert {id for id in map(str, found)} == {str(r) for r in (baseline, again, longer, other)}
    assert json.loads(file.read_text())[0]["attention"] == "none"


def test_only_what_was_trained_alike_is_compared():
    reference = result_of(ModelSpec(), card())
    others = [
        result_of(ModelSpec(attention="eca"), card(7)),  # another seed: alike
        result_of(ModelSpec(attention="gc"), card(dropout=None)),  # the default, written down
        result_of(ModelSpec(attention="se"), card(epochs=31)),
        result_of(ModelSpec(attention="se"), card() | {"data": "my pictures"}),
        result_of(ModelSpec("resnet20", "se"), card()),
        result_of(ModelSpec(attention="se"), card() | {"results": FOUND | {"pictures": 10}}),
    ]
    assert [r.attention for r in comparable([reference, *others], reference)] == [
        "none",
        "eca",
        "gc",
    ]


def test_a_list_from_before_a_choice_existed_is_compared_with_cards_from_before_it(tmp_path):
    old = asdict(result_of(ModelSpec(attention="se"), card(1)))
    old["config"] = {k: v for k, v in old["config"].items() if k != "decayed"}
    (tmp_path / "results.json").write_text(json.dumps([old]))
    found = read_results(tmp_path / "results.json")
    assert len(comparable(found, result_of(ModelSpec(), card(0)))) == 1
    assert not comparable(found, result_of(ModelSpec(), card(0, decayed="kernels")))


def test_each_network_counts_once():
    reference = result_of(ModelSpec(), card())
    assert len(comparable([reference, reference], reference)) == 1


@pytest.mark.parametrize("lacking", ["data", "config", "results"])
def test_a_card_without_a_result_is_refused_in_a_sentence(lacking):
    with pytest.raises(Problem, match="only networks that were trained here"):
        result_of(ModelSpec(), {k: v for k, v in card().items() if k != lacking})


@pytest.mark.parametrize("text", ["", "[{", '[{"arch": "cnn"}]', "{}x", "[1]"])
def test_a_damaged_list_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(Problem, match=r"results\.json cannot be read"):
        read_results(tmp_path / "results.json")
