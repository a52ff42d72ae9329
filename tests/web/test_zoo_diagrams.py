"""The drawn sizes are those of the layers, in both networks and at all stages."""

import pytest
import torch

from cnnattn.explain.trace import trace
from cnnattn.nets.attention import ATTENTION
from cnnattn.web.zoo.zoo_diagrams import diagram

KINDS = [kind for kind in ATTENTION if kind != "none"]
STAGES = [(32, 32), (64, 16), (128, 8), (16, 32), (32, 16), (64, 8)]  # channels, side


@pytest.mark.parametrize(("channels", "side"), STAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_box_that_stands_for_a_layer_tells_its_size_and_whether_it_learns(kind, channels, side):
    module = ATTENTION[kind](channels)
    boxes, arrows = diagram(kind, channels, side, side)
    layers = dict(module.named_modules())
    named = [box for box in boxes if box.name in layers]
    assert named
    x = torch.randn(1, channels, side, side)
    outputs = trace(module, x, [box.name for box in named]).activations
    for box in named:
        assert box.size == "×".join(map(str, outputs[box.name].shape[1:])), box.name
        if not box.strong and any(True for _ in layers[box.name].parameters()):
            assert box.learned, box.name
    # every parameter belongs to a filled box; modules without parameters have none
    assert any(box.learned for box in boxes) == any(True for _ in module.parameters())
    assert {end for _, end in arrows} == {box.name for box in boxes if box.label} - {"x"}
