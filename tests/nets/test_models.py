import pytest
import torch
from torch import nn

from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.models import ModelSpec, build

# cnn: three convolutions with biases, three batch norms, two linear layers
CNN = (27 * 32 + 32) + (288 * 64 + 64) + (576 * 128 + 128) + 2 * (32 + 64 + 128)
CNN += (2048 * 512 + 512) + (512 * 10 + 10)
# resnet20: convolutions without biases; a stage has three blocks of two
RESNET = 27 * 16 + 9 * (6 * 16 * 16 + 16 * 32 + 5 * 32 * 32 + 32 * 64 + 5 * 64 * 64)
RESNET += 2 * (7 * 16 + 6 * 32 + 6 * 64) + (64 * 10 + 10)


@pytest.mark.parametrize(
    ("arch", "attention", "count"),
    [
        ("cnn", "none", CNN),
        ("cnn", "se", CNN + (32**2 + 64**2 + 128**2) // 8),
        ("resnet20", "none", RESNET),
        ("resnet20", "se", RESNET + 3 * (2 * 16 * 1 + 2 * 32 * 2 + 2 * 64 * 4)),
    ],
)
def test_parameter_counts_worked_out_by_hand(arch, attention, count):
    model = build(ModelSpec(arch, attention))
    assert sum(p.numel() for p in model.parameters()) == count


def test_resnet20_has_the_papers_parameters():
    """He et al. 2015, table 6: 0.27 M."""
    assert round(RESNET / 1e6, 2) == 0.27


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        (ModelSpec(arch="vgg"), "cnn, resnet20"),
        (ModelSpec(attention="magic"), "none, se"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(spec, known):
    with pytest.raises(ValueError, match=known):
        build(spec)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_stages_name_real_layers_in_the_order_in_which_data_passes(arch):
    model = build(ModelSpec(arch, "se")).eval()
    passed: list[str] = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda m, i, o, name=name: passed.append(name))
    model(torch.zeros(1, 3, 32, 32))
    for stage in ARCHITECTURES[arch].stages:
        times = [passed.index(layer) for layer in stage.layers.values()]
        assert times == sorted(times)
        assert stage.gate in passed


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_no_layer_overwrites_its_input(arch):
    model = build(ModelSpec(arch))
    assert not any(m.inplace for m in model.modules() if isinstance(m, nn.ReLU))


def test_se_with_open_gates_is_the_baseline():
    """σ(∞) = 1: with the same weights and gates of 1, the SE network computes what cnn does."""
    torch.manual_seed(0)
    plain, se = build(ModelSpec("cnn")).eval(), build(ModelSpec("cnn", "se")).eval()
    se.load_state_dict(plain.state_dict(), strict=False)
    for i in (1, 2, 3):
        getattr(se, f"attention{i}").gate.sigmoid = nn.Threshold(float("inf"), 1.0)
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(se(x), plain(x), rtol=0, atol=0)


def test_the_resnet_shortcut_halves_and_pads():
    """With the residual branch silenced, a block of stride 2 is subsampling and zero channels."""
    block = build(ModelSpec("resnet20")).stage2[0].eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.rand(1, 16, 8, 8)
    y = block(x)
    assert torch.equal(y[:, :16], x[:, :, ::2, ::2])
    assert not y[:, 16:].any()
