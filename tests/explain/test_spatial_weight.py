import pytest
import torch

from cnnattn.explain.cam import heatmap
from cnnattn.explain.trace import trace
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem


def network(attention, arch="cnn"):
    torch.manual_seed(9)
    model = build(ModelSpec(arch, attention)).eval()
    for name, parameter in model.named_parameters():
        if "attention" in name:  # some begin as the identity
            torch.nn.init.normal_(parameter, std=0.3)
    return model, torch.randn(2, 3, 32, 32)


@pytest.mark.parametrize(
    ("attention", "layer", "gate"),
    [
        ("cbam", "attention3", "attention3.spatial.gate"),
        ("cbam", "relu3", "attention2.spatial.gate"),  # the attention that came last before it
        ("spatial", "fc2", "attention3.gate"),
        ("coordinate", "attention2", "attention2.gate"),
        ("simam", "pool1", "attention1.gate"),
        ("gc", "attention3", "attention3.places"),
        ("spatial", "attention1.gate", "attention1.gate"),
    ],
)
def test_it_is_the_mean_over_the_channels_of_the_last_gate_up_to_the_layer(attention, layer, gate):
    model, x = network(attention)
    weight = trace(model, x, [gate]).activations[gate]
    expected = weight.mean(1)
    assert expected.std() > 0
    torch.testing.assert_close(heatmap(model, x, 0, layer, "attention"), expected.detach())


@pytest.mark.parametrize(("layer", "side"), [("attention3", 8), ("attention1", 16)])
def test_of_a_non_local_module_it_is_what_all_places_take_from_each(layer, side):
    model, x = network("nonlocal")
    affinity = trace(model, x, [f"{layer}.affinity"]).activations[f"{layer}.affinity"]
    expected = affinity.detach().mean(1).reshape(2, side, side)  # attention1 pools its keys 2×2
    torch.testing.assert_close(heatmap(model, x, 0, layer, "attention"), expected)
    torch.testing.assert_close(expected.sum((1, 2)), torch.ones(2))


@pytest.mark.parametrize("attention", ["none", "se", "eca"])
def test_where_nothing_weighs_places_there_is_none(attention):
    model, x = network(attention)
    with pytest.raises(Problem, match=r"“attention3” of this network weighs places"):
        heatmap(model, x, 0, "attention3", "attention")


def test_before_the_first_attention_there_is_none():
    model, x = network("cbam", "resnet20")
    with pytest.raises(Problem, match="No attention up to layer “conv1”"):
        heatmap(model, x, 0, "conv1", "attention")
    assert heatmap(model, x, 0, "stage1.0.relu2", "attention").shape == (2, 32, 32)
