import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cnnattn.explain.cost import cost, costs
from cnnattn.nets.architectures import ARCHITECTURES
from cnnattn.nets.attention import ATTENTION
from cnnattn.nets.models import ModelSpec, build


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("kind", ATTENTION)
def test_multiply_adds_are_half_of_torchs_own_count_of_operations(arch, kind):
    model, x = build(ModelSpec(arch, kind)).eval(), torch.randn(1, 3, 32, 32)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert cost(model, x).multiply_adds == counter.get_total_flops() // 2


@pytest.mark.parametrize("kind", ATTENTION)
def test_what_attention_adds_is_the_difference_between_the_networks(kind):
    x = torch.zeros(1, 3, 32, 32)
    plain, model = (build(ModelSpec("cnn", name)).eval() for name in ("none", kind))
    parts = costs(model, x, [f"attention{i}" for i in (1, 2, 3)]).values()
    assert [part.size for part in parts] == [(32, 32, 32), (64, 16, 16), (128, 8, 8)]
    added = [cost(model, x).multiply_adds - cost(plain, x).multiply_adds]
    added += [sum(p.numel() for p in m.parameters()) for m in (model, plain)]
    assert sum(part.multiply_adds for part in parts) == added[0]
    assert sum(part.parameters for part in parts) == added[1] - added[2]


def test_by_hand():
    """A 32×32 map of 32 channels, worked out from the papers' formulas."""
    x, c, places = torch.zeros(1, 32, 32, 32), 32, 32 * 32
    hand = {
        "none": (0, 0),
        "se": (128, 2 * c * 2),
        "eca": (3, 3 * c),
        "cbam": (128 + 100, 2 * (2 * c * 2) + 98 * places),
        "spatial": (100, 98 * places),
        "coordinate": (8 * c + 16 + 2 * 9 * c, (32 + 32) * c * 8 + (32 + 32) * 8 * c),
        "simam": (0, 0),
        "gc": (33 + 264 + 16 + 288, c * places + 2 * 8 * c),
        "nonlocal": (
            3 * (16 * c + 16) + 16 * c + 2 * c,
            4 * 16 * c * places + 2 * 16 * places * (places // 4),
        ),
    }
    for kind, expected in hand.items():
        found = cost(ATTENTION[kind](32).eval(), x)
        assert (found.parameters, found.multiply_adds) == expected, kind
        assert found.size == (32, 32, 32)
