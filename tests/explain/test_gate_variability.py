"""How much gates vary: gates with known answers, and a plain loop over the pictures."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import nn

from cnnattn.explain.gate_variability import (
    GateVariability,
    gate_variability,
    recorded_variability,
    variability_of_profile,
)
from cnnattn.explain.gates import gate_names, gate_profile
from cnnattn.explain.trace import trace
from cnnattn.nets.models import ModelSpec, build


class Given(nn.Module):
    """Its gate is the input."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Identity()

    def forward(self, x):
        return self.gate(x)


def of_gates(gates, labels, classes, batch=3):
    x, labels = torch.as_tensor(gates), torch.as_tensor(labels)
    batches = [(x[i : i + batch], labels[i : i + batch]) for i in range(0, len(x), batch)]
    return gate_variability(Given(), batches, classes)["gate"]


def test_gates_that_never_move_do_not_attend():
    found = of_gates(torch.full((8, 5, 1, 1), 0.5), [0, 1] * 4, 2)
    assert found == GateVariability(0, 0, 0, 0.5, 0, 0, None)
    assert found.hardly_attends


def test_a_gate_that_is_the_class_is_explained_by_it():
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 0, 1])
    found = of_gates(labels.double()[:, None, None, None].expand(8, 3, 1, 1), labels, 2)
    assert found == GateVariability(0.5, 0.5, 1, 0.5, 0.5, 0.5, None)
    assert not found.hardly_attends


def test_a_gate_that_knows_nothing_of_the_class():
    # Both classes see 0.3 and 0.7, so the class says nothing and the deviation is 0.2.
    gates = torch.tensor([0.3, 0.7, 0.7, 0.3], dtype=torch.double)[:, None, None, None]
    found = of_gates(gates, [0, 0, 1, 1], 2)
    assert asdict(found) == pytest.approx(
        asdict(GateVariability(0.2, 0, 0, 0.5, 0, 0)), nan_ok=True
    )


def test_by_hand_with_classes_of_unequal_size():
    # One channel, gates 0, 0, 0 | 0.8: mean 0.2, variance (3·0.04 + 0.36) / 4 = 0.12, all of it
    # between the classes; a second channel with 0.2, 0.8, 0.5 | 0.5: variance 0.18 / 4, within.
    gates = torch.tensor([[0, 0.2], [0, 0.8], [0, 0.5], [0.8, 0.5]], dtype=torch.double)
    found = of_gates(gates[:, :, None, None], [1, 1, 1, 0], 3)
    assert found.over_pictures == pytest.approx((0.12**0.5 + 0.045**0.5) / 2)
    assert found.between_classes == pytest.approx(0.12**0.5 / 2)
    assert found.explained == pytest.approx(0.12 / 0.165)
    assert found.mean == pytest.approx((0.2 + 0.5) / 2)
    assert (found.open, found.shut) == (0, 3 / 8)


def test_a_spatial_gate_alike_for_all_pictures_varies_over_locations_only():
    pattern = torch.tensor([[0.2, 0.4], [0.6, 0.8]], dtype=torch.double)
    found = of_gates(pattern.expand(5, 1, 2, 2), [0, 1, 0, 1, 1], 2)
    assert found.over_places == pytest.approx(0.05**0.5)
    assert (found.over_pictures, found.between_classes) == pytest.approx((0, 0), abs=1e-12)
    assert found.hardly_attends


@pytest.mark.parametrize("kind", ["se", "cbam", "coordinate", "spatial"])
def test_a_network_is_measured_as_by_a_plain_loop_over_its_pictures(kind):
    torch.manual_seed(3)
    model = build(ModelSpec("cnn", kind, ("a", "b", "c", "d"))).eval()
    for parameter in model.parameters():  # fresh gates hardly move
        parameter.data *= 3
    x, labels = torch.randn(17, 3, 32, 32), torch.randint(0, 3, (17,))
    batches = [(x[i : i + 5], labels[i : i + 5]) for i in range(0, 17, 5)]
    found = gate_variability(model, batches, classes=4)
    assert list(found) == list(gate_names(model))

    for name, ours in found.items():
        one = [trace(model, picture[None], [name]).activations[name][0] for picture in x]
        gates = torch.stack(one).detach().double().numpy()  # (17, C, H, W)
        units = gates.reshape(17, -1)
        own_class = np.stack([units[labels.numpy() == label].mean(0) for label in labels])
        variances = ((units - units.mean(0)) ** 2).mean(0)
        between = ((own_class - units.mean(0)) ** 2).mean(0)
        over_places = [channel.std() for picture in gates for channel in picture]
        plain = GateVariability(
            np.sqrt(variances).mean(),
            np.sqrt(between).mean(),
            between.sum() / variances.sum(),
            units.mean(),
            (units > 0.9).mean(),
            (units < 0.1).mean(),
            float(np.mean(over_places)) if gates.shape[2:] != (1, 1) else None,
        )
        for field, value in asdict(plain).items():
            measured = getattr(ours, field)
            if value is None:
                assert measured is None
            else:
                assert measured == pytest.approx(value, rel=1e-4, abs=1e-9), (name, field)
        assert ours.over_pictures > 0


def test_small_deviations_beside_a_large_mean_survive():
    values = torch.tensor([1e3, 1e3 - 1e-6, 1e3 + 1e-6], dtype=torch.double)
    found = of_gates(values[:, None, None, None], [0, 0, 0], 1, batch=1)
    assert found.over_pictures == pytest.approx(1e-6 * (2 / 3) ** 0.5, rel=1e-4)


def test_a_class_profile_tells_the_same_as_the_pictures():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 40)
    gates = random.random((40, 6)) * 0.3 + labels[:, None] * 0.2
    batches = [(torch.tensor(gates)[:, :, None, None], torch.tensor(labels))]
    profile = gate_profile(Given(), batches, classes=4)["gate"]  # the fourth has no picture
    told = variability_of_profile(*profile, np.bincount(labels, minlength=4))
    assert told.over_pictures == pytest.approx(gates.std(0).mean())
    measured = asdict(gate_variability(Given(), batches, classes=4)["gate"])
    assert {k: v for k, v in asdict(told).items() if v is not None} == pytest.approx(
        {k: measured[k] for k in ("over_pictures", "between_classes", "explained", "mean")}
    )
    empty = np.full((2, 3), np.nan)
    assert math.isnan(variability_of_profile(empty, empty).over_pictures)


def test_an_old_card_is_read_by_its_profile_and_confusion_and_a_new_one_as_it_stands():
    # Class 0 has one picture with gate 0, class 1 three with 0.8: as by hand above.
    old = {
        "confusion": [[1, 0], [2, 1]],
        "gates": {"g.gate": {"mean": [[0.0], [0.8]], "spread": [[0.0], [0.0]]}},
    }
    assert recorded_variability(old)["g.gate"].over_pictures == pytest.approx(0.12**0.5)
    alike = {"gates": old["gates"]}
    assert recorded_variability(alike)["g.gate"].over_pictures == pytest.approx(0.4)
    own = GateVariability(0.1, 0.05, 0.25, 0.5, 0.0, 0.1, None)
    assert recorded_variability(old | {"gate_variability": {"g": asdict(own)}}) == {"g": own}
    assert recorded_variability({}) == {}
