"""The records of the architectures: true of their modules, and the only place that knows them."""

import ast
import re
from pathlib import Path

import pytest
import torch

from cnnattn.data import pictures
from cnnattn.nets import architectures
from cnnattn.nets.architectures import ARCHITECTURES, Architecture
from cnnattn.nets.attention import SqueezeExcitation
from cnnattn.nets.models import ModelSpec, build

PACKAGE = Path(__file__).parents[2] / "cnnattn"


def test_the_data_set_and_the_records_mean_the_same_cifar10():
    grey = torch.rand(2, 32, 32, 3)
    record = Architecture("", torch.nn.Identity, (), "")
    assert torch.equal(pictures.to_inputs(grey, **record.input), pictures.to_inputs(grey))
    assert architectures.CIFAR10_MEAN == pictures.CIFAR10_MEAN
    assert architectures.CIFAR10_STD == pictures.CIFAR10_STD


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_record_names_every_attention_module_of_its_network(arch):
    model, record = build(ModelSpec(arch, "se")), ARCHITECTURES[arch]
    found = [name for name, m in model.named_modules() if isinstance(m, SqueezeExcitation)]
    assert [name for stage in record.stages for name in stage.attentions] == found
    # The optimiser tells them apart by this.
    assert all(name.split(".")[-1].startswith("attention") for name in found)
    for stage in record.stages:
        assert stage.attentions[-1] == stage.layers["attention"]
        for name in stage.attentions:
            assert record.stage_of(f"{name}.gate") == (stage, name)
    assert record.stage_of("conv1.gate") is None


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_head_has_one_output_a_class(arch):
    model = build(ModelSpec(arch, classes=("a", "b", "c"))).eval()
    head = model.get_submodule(ARCHITECTURES[arch].head)
    logits = model(torch.zeros(ARCHITECTURES[arch].shape))
    assert head.bias.shape == (3,) == logits.shape[1:]
    head.bias.data += torch.tensor([1.0, 2.0, 3.0])
    changed = model(torch.zeros(ARCHITECTURES[arch].shape))
    torch.testing.assert_close(changed - logits, torch.tensor([[1.0, 2.0, 3.0]]))


def test_where_the_modules_of_a_stage_stand_in_words():
    (_first, second, _last) = ARCHITECTURES["resnet20"].stages
    assert [second.label(name) for name in second.attentions] == ["2.1", "2.2", "2.3"]
    assert second.block == "2.3"
    (_first, _second, last) = ARCHITECTURES["cnn"].stages
    assert (last.label("attention3"), last.block) == ("3", "")


# --- nothing else knows them

ONLY_HERE = re.compile(
    r"[123]|\(\?.*|.*(\bfc\d|attention\\?d|attention[123]|stage[123]|conv[123]\b).*"
)
ALLOWED = {  # what looks alike and means something else
    "training/runs.py": ["1"],  # of an environment variable
    "web/shell/url_state.py": ["1"],  # a switch that is on, in a link
    "web/attention/module_steps.py": ["fc1", "fc2"],  # layers of the module SE
    "web/attention/kinds/se.py": ["gate.fc2", "gate.fc2"],  # the same
    "web/attention/kinds/coordinate.py": [32],  # its reduction
    "figures/attention/class_profile.py": [32],  # a step of ticks
    "figures/attention/steps.py": [32],
}


def test_no_other_file_knows_stages_layers_sizes_or_statistics():
    """No "1", "2", "3", ``fc1``, ``attention1``, 32 or CIFAR's statistics in code elsewhere."""
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        if name.startswith(("data/", "nets/")):
            continue
        tree = ast.parse(file.read_text("utf-8"))
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        } | {
            id(argument)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "Problem")
            for argument in node.args
        }
        found = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and id(node) not in prose
            and (node.value == 32
                 or (isinstance(node.value, str) and ONLY_HERE.fullmatch(node.value)))
        ]  # fmt: skip
        found += [
            node.id for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id in ("CIFAR10_MEAN", "CIFAR10_STD")
        ]  # fmt: skip
        assert sorted(map(str, found)) == sorted(map(str, ALLOWED.get(name, []))), name
