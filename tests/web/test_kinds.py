"""Every kind of attention has its record, and what the record says is true of the module."""

import re

import pytest
import torch

from cnnattn.explain.trace import trace
from cnnattn.nets.attention import ATTENTION
from cnnattn.web.attention.all_kinds import KINDS
from cnnattn.web.attention.diagram_parts import diagram
from cnnattn.web.attention.kind import ADDS, filled
from cnnattn.web.attention.questions import questions
from cnnattn.web.shell.text import speak

STAGES = [(32, 32), (64, 16), (128, 8), (16, 32), (32, 16), (64, 8)]  # channels, side


def test_every_kind_has_its_record_and_a_colour_of_its_own():
    assert list(KINDS) == list(ATTENTION)
    assert [kind.key for kind in KINDS.values()] == list(ATTENTION)
    assert len({kind.colour for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(("channels", "side"), STAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_box_that_stands_for_a_layer_tells_its_size_and_whether_it_learns(kind, channels, side):
    module = ATTENTION[kind](channels)
    boxes, arrows = diagram(KINDS[kind], channels, side, side)
    layers = dict(module.named_modules())
    named = [box for box in boxes if box.name in layers]
    assert named or kind == "none"
    x = torch.randn(1, channels, side, side)
    outputs = trace(module, x, [box.name for box in named]).activations
    for box in named:
        assert box.size == "×".join(map(str, outputs[box.name].shape[1:])), box.name
        if not box.strong and any(True for _ in layers[box.name].parameters()):
            assert box.learned, box.name
    # every parameter belongs to a filled box; modules without parameters have none
    assert any(box.learned for box in boxes) == any(True for _ in module.parameters())
    assert {end for _, end in arrows} == {box.name for box in boxes if box.label} - {"x"}


@pytest.mark.parametrize("channels", [8, 16, 32, 64, 128, 512])
@pytest.mark.parametrize("kind", KINDS)
def test_the_written_formula_counts_the_parameters(kind, channels):
    latex = KINDS[kind].parameters.replace(r"\tfrac{7}{2}", "7/2").replace("^2", "**2")
    formula = re.sub(r"\\,|\\cdot", "*", latex)
    count = eval(formula, {"C": channels, **KINDS[kind].widths(channels)})
    assert count == sum(p.numel() for p in ATTENTION[kind](channels).parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_bars_are_drawn_where_a_gate_has_a_weight_per_channel_and_only_there(kind):
    module = ATTENTION[kind](8)
    gates = [name for name, _ in module.named_modules() if name == "gate"]
    found = trace(module, torch.randn(1, 8, 4, 4), gates).activations
    per_channel = any(gate.shape == (1, 8, 1, 1) for gate in found.values())
    assert per_channel == (not KINDS[kind].no_bars)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "none"])
def test_a_kind_is_said_to_weigh_add_or_close_as_its_module_does(kind):
    """Found out at the module's own gates, over maps from nearly constant to one bright pixel."""
    torch.manual_seed(0)
    module, told = ATTENTION[kind](8), KINDS[kind].in_networks
    gates = [name for name, _ in module.named_modules() if name.split(".")[-1] == "gate"]
    assert ("weights" in told) == bool(gates)
    assert (told == ADDS) == (not gates)
    if not gates:
        return
    for weight in module.parameters():
        weight.data.mul_(100)  # gates that learn reach their ends
    x = torch.randn(64, 8, 4, 4).relu() * torch.logspace(-3, 2, 64)[:, None, None, None]
    least = min(gate.min().item() for gate in trace(module, x, gates).activations.values())
    assert ("close to 0" in told) == (least < 0.1)
    assert ("No weight is below 0.62" in told) == (least > 0.62)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "none"])
def test_the_thick_frame_is_called_what_it_is(kind):
    speak("en")
    boxes, _arrows = diagram(KINDS[kind], 32, 8, 8)
    strong = [box.label for box in boxes if box.strong]
    word = KINDS[kind].framed.removeprefix("the ").split(",")[0]  # "gate" or "softmax"
    assert strong
    assert all(word in label for label in strong)
    speak("")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "none"])
def test_gates_are_asked_about_where_there_are_gates(kind):
    speak("en")
    gates = any(name.split(".")[-1] == "gate" for name, _ in ATTENTION[kind](8).named_modules())
    asked = dict(questions(KINDS[kind], 32))
    assert ("Why a sigmoid, and not a softmax?" in asked) == gates
    assert ("Why a softmax, and not a sigmoid?" in asked) == (not gates)
    assert any("gate" in question for question in asked) == gates
    speak("")


def test_one_unit_is_not_called_units():
    speak("en")
    for channels, words in ((16, "1 hidden unit "), (32, "2 hidden units ")):
        se = KINDS["se"]
        told = [filled(se, se.explanation, channels), *dict(questions(se, channels)).values()]
        assert sum(words in text for text in told) == 2
    speak("zh")
    assert "1 个隐藏单元" in filled(se, se.explanation, 16)
    speak("")
