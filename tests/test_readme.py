"""What the README says of the networks that ship, held against their cards."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from cnnattn.nets.checkpoint import read_card
from cnnattn.training.results import comparable, read_results, result_of

ROOT = Path(__file__).parents[1]
SHIPPED = {file.stem: file for file in sorted((ROOT / "checkpoints").glob("*.safetensors"))}
CODED = {10_000: "JPEG", 8_980: "lossless"}  # how many test pictures there are of CIFAR-10 so coded


def tables() -> list[list[dict[str, str]]]:
    """The tables of the section on what ships: rows by the titles of their columns."""
    section = (ROOT / "README.md").read_text("utf-8").split("## The networks that ship")[1]
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", section.split("\n## ")[0], re.M):
        lines = [[cell.strip(" `") for cell in line[1:-1].split("|")] for line in table.split("\n")]
        found.append([dict(zip(lines[0], line, strict=True)) for line in lines[2:] if line != [""]])
    return found


def test_both_tables_are_found():
    networks, training = tables()
    assert [row["checkpoint"] for row in networks] == order(SHIPPED)
    assert {*training[0]} == {"training", *{name.split("-")[0] for name in SHIPPED}}


def order(names):
    """As the README has them, which also shows that none is missing and none twice."""
    listed = [row["checkpoint"] for row in tables()[0]]
    return sorted(names, key=listed.index)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_was_made_by_the_recipe_and_data_that_the_readme_names(name):
    spec, card = read_card(SHIPPED[name])
    result = result_of(spec, card)
    said = {row["training"]: row[spec.arch] for row in tables()[1]}
    data, coded = re.fullmatch(r"(.*) \((.*)\)", said["data"]).groups()
    assert said["recipe"] == result.config["recipe"]
    assert data == result.data
    assert coded == CODED[result.pictures]
    assert int(said["test pictures"]) == result.pictures
    assert said["optimiser"] == result.config["optimiser"]
    assert float(said["peak learning rate"]) == result.config["learning_rate"]
    assert float(said["weight decay"]) == result.config["weight_decay"]
    assert said["decayed parameters"] == result.config["decayed"]
    assert int(said["batch"]) == result.config["batch"]
    assert float(said["label smoothing"]) == result.config["label_smoothing"]
    assert float(said["dropout"]) == result.config["dropout"]


@pytest.mark.parametrize("name", SHIPPED)
def test_parameters_epochs_and_accuracies_are_those_of_the_card_and_of_the_list(name):
    spec, card = read_card(SHIPPED[name])
    result = result_of(spec, card)
    row = next(row for row in tables()[0] if row["checkpoint"] == name)
    assert int(row["parameters"].replace(",", "")) == card["parameters"]
    assert int(row["epochs"]) == result.config["epochs"]
    assert row["test accuracy"] == f"{result.accuracy:.2%}"
    others = defaultdict(list)
    for other in comparable(read_results(ROOT / "checkpoints/results.json"), result):
        if other.seed != result.seed:
            others[other.attention].append(f"{100 * other.accuracy:.2f}")
    assert sorted(re.findall(r"[\d.]+", row["other seeds"])) == sorted(others[spec.attention])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_seed_that_ships_is_the_median_one(name):
    shipped = result_of(*read_card(SHIPPED[name]))
    results = comparable(read_results(ROOT / "checkpoints/results.json"), shipped)
    accuracies = sorted(r.accuracy for r in results if r.attention == shipped.attention)
    assert shipped.accuracy == pytest.approx(accuracies[(len(accuracies) - 1) // 2], abs=1e-9)
