import numpy as np
import torch
from torch import nn

from cnnattn.explain.gates import gate_names, gate_profile, gate_profile_steps
from cnnattn.nets.models import ModelSpec, build


def test_gate_names_in_data_order():
    assert gate_names(build(ModelSpec("cnn", "none"))) == ()
    assert gate_names(build(ModelSpec("cnn", "se"))) == tuple(f"attention{i}.gate" for i in "123")
    assert gate_names(build(ModelSpec("resnet20", "se"))) == tuple(
        f"stage{stage}.{block}.attention.gate" for stage in (1, 2, 3) for block in (0, 1, 2)
    )


def test_profile_is_that_of_a_plain_loop_over_the_pictures():
    torch.manual_seed(4)
    model = build(ModelSpec("cnn", "se")).eval()
    x, labels = torch.randn(23, 3, 32, 32), torch.randint(0, 3, (23,))
    batches = [(x[i : i + 5], labels[i : i + 5]) for i in range(0, 23, 5)]
    profile = gate_profile(model, batches, classes=4)
    assert list(profile) == ["attention1.gate", "attention2.gate", "attention3.gate"]
    assert not any(module._forward_hooks for module in model.modules())

    gates = []
    with torch.no_grad():
        for picture in x:
            y = model.pool1(model.attention1(model.relu1(model.bn1(model.conv1(picture[None])))))
            gates.append(model.attention2.gate(model.relu2(model.bn2(model.conv2(y)))).flatten())
    gates = torch.stack(gates).numpy().astype(np.float64)
    mean, deviation = profile["attention2.gate"]
    for label in range(3):
        own = gates[labels.numpy() == label]
        np.testing.assert_allclose(mean[label], own.mean(0), rtol=1e-6)
        np.testing.assert_allclose(deviation[label], own.std(0), rtol=1e-3, atol=1e-7)
    assert np.isnan(mean[3]).all()  # no picture of this class
    assert np.isnan(deviation[3]).all()


class Gated(nn.Module):
    """A gate that returns its input's two channels as they are, and a spatial gate beside it."""

    def __init__(self):
        super().__init__()
        self.channel = nn.ModuleDict({"gate": nn.Identity()})
        self.spatial = nn.ModuleDict({"gate": nn.Identity()})

    def forward(self, x):
        self.spatial["gate"](x.expand(-1, -1, 2, 2))
        return self.channel["gate"](x).flatten(1)


def test_small_deviations_beside_a_large_mean_survive_and_other_gates_are_left_out():
    # Values m - d, m, m + d: mean m, deviation d·sqrt(2/3). With d = 1e-9 m the textbook
    # E[g²] - E[g]² has no digit left. Batches of unequal size, classes spread over them.
    m, d = 1e3, 1e-6
    values = torch.tensor([[m, 5], [m - d, 1], [m + d, 5], [m, 3]], dtype=torch.double)
    batches = [
        (values[:1, :, None, None], torch.tensor([0])),
        (values[1:, :, None, None], torch.tensor([0, 0, 1])),
    ]
    profile = gate_profile(Gated(), batches, classes=2)
    assert list(profile) == ["channel.gate"]
    mean, deviation = profile["channel.gate"]
    np.testing.assert_allclose(mean, [[m, 11 / 3], [m, 3]], rtol=1e-12)
    spread = [d * np.sqrt(2 / 3), np.sqrt(32 / 9)]  # 5, 1, 5: (16 + 64 + 16) / 9 / 3 = 32 / 9
    np.testing.assert_allclose(deviation, [spread, [0, 0]], rtol=1e-5)


def test_a_network_without_gates_is_not_run():
    def batches():
        raise AssertionError("asked for pictures in vain")
        yield

    assert gate_profile(build(ModelSpec("cnn", "none")), batches(), classes=10) == {}


def test_a_profile_broken_off_halfway_leaves_the_network_and_torch_as_they_were():
    model = build(ModelSpec("cnn", "se")).eval()
    batches = [(torch.randn(3, 3, 32, 32), torch.tensor([0, 1, 1]))] * 4
    steps = gate_profile_steps(model, batches, classes=2)
    assert [next(steps), next(steps)] == [3, 6]
    assert not torch.is_inference_mode_enabled()
    steps.close()
    assert not any(module._forward_hooks for module in model.modules())
