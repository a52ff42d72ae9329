"""Files that were made to hurt: each is one sentence, and takes neither memory nor time."""

import json
import pickle
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as to_bytes
from safetensors.torch import save_file
from torch import nn

from cnnattn.nets.checkpoint import load, read_card
from cnnattn.nets.models import ModelSpec, build
from cnnattn.nets.pickled import read_pickled
from cnnattn.problem import Problem
from tests.peak import ROOT, peaks

SPEC = {"arch": "cnn", "attention": "none", "classes": ["a", "b"]}


def zipped(description: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/data.pkl", description)
        archive.writestr("a/version", b"3\n")
        archive.writestr("a/byteorder", b"little")
    return buffer.getvalue()


def deflated(size: int) -> bytes:
    """A state dict whose only tensor is ``size`` bytes of zeros, packed into a thousandth."""
    stored, packed = BytesIO(), BytesIO()
    torch.save({"w": torch.zeros(size // 4)}, stored)
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return packed.getvalue()


def call_of(name: bytes, size: int) -> bytes:
    """A pickle that calls ``name`` with a number: bytearray(4 GB), which unpickling would carry
    out."""
    return b"\x80\x02c" + name + b"\n" + b"\x8a\x08" + struct.pack("<q", size) + b"\x85R."


def with_metadata(**metadata: str) -> bytes:
    return to_bytes({"a": torch.zeros(1)}, metadata)


def with_header(entries: bytes) -> bytes:
    """A safetensors file of a header alone, with such entries beside its metadata."""
    header = b'{"__metadata__":{},' + entries + b"}"
    return struct.pack("<Q", len(header)) + header


BOMBS = {
    "bytearray.pth": lambda: zipped(call_of(b"builtins\nbytearray", 4 * 10**9)),
    "bytearray_of_old.pth": lambda: call_of(b"__builtin__\nbytearray", 4 * 10**9),
    "bytearray8.pth": lambda: zipped(b"\x80\x05\x96" + struct.pack("<Q", 4 * 10**9) + b"."),
    "memo.pth": lambda: zipped(b"\x80\x02}r\xff\xff\xff\x7f."),
    "deflated.pth": lambda: deflated(500_000_000),
    "classes.safetensors": lambda: with_metadata(
        spec=json.dumps({**SPEC, "classes": [str(i) for i in range(1_000_000)]}), card="{}"
    ),
    "letters.safetensors": lambda: with_metadata(
        spec=json.dumps({**SPEC, "classes": "a" * 2_000_000}), card="{}"
    ),
    "lists.safetensors": lambda: with_metadata(
        spec=json.dumps(SPEC), card='{"losses": [' + "[]," * 3_000_000 + "[]]}"
    ),
    "numbers.safetensors": lambda: with_metadata(
        spec=json.dumps(SPEC), card='{"losses": [' + "1.5," * 2_500_000 + "1]}"
    ),
    "header.safetensors": lambda: with_header(b'"a":[' + b"[[]]," * 1_980_000 + b"[]]"),
    "header2.safetensors": lambda: with_header(b'"a":[' + b'{"":[]},' * 1_230_000 + b"[]]"),
}


def test_small_files_take_little_memory(tmp_path):
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    good = ROOT / "checkpoints/cnn-none.safetensors"
    found = peaks("cnnattn.nets.checkpoint:load", [good, *(tmp_path / name for name in BOMBS)])
    for name, (memory, said) in zip(BOMBS, found, strict=True):
        assert said.startswith(f"Problem: {name}"), said
        assert memory < 300, name


def nested_tuples() -> bytes:
    """40 tuples, each of the last one twice, as a key: looked up in 2^40 steps."""
    return b"\x80\x02}(NN" + b"\x86q\0h\0" * 40 + b"\x86K\1u."


@pytest.mark.parametrize(
    "content",
    [
        zipped(nested_tuples()),
        zipped(b"\x80\x02]q\0h\0a."),
        zipped(b"\x80\x02K\1."),
        zipped(pickle.dumps({1: 2, "a": None}, 2)),
        zipped(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R."),
        zipped(b"\x80\x02(K\1K\2Q."),
        b"PK\3\4" + b"PK\1\2" * 100_000,
    ],
)
def test_an_odd_pickle_is_one_sentence(tmp_path, content):
    file = tmp_path / "x.pth"
    file.write_bytes(content)
    with pytest.raises(Problem, match=r"x\.pth") as caught:
        load(file)
    assert caught.value.__cause__ is not None


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_a_program_is_called_one(tmp_path):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    torch.jit.script(network).save(tmp_path / "script.pt")
    exported = torch.export.export(network, (torch.zeros(1, 3, 8, 8),))
    torch.export.save(exported, tmp_path / "exported.pt")
    for file in tmp_path.iterdir():
        with pytest.raises(Problem, match=f"{file.name}: The file holds a program"):
            load(file)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"arch": "vgg"}, "needs the arch “vgg”"),
        ({"attention": "triplet"}, "needs the attention “triplet”"),
        ({"arch": ["cnn"]}, "needs the arch"),
        ({"classes": "aaaa"}, "from one to 1000 classes"),
        ({"classes": []}, "from one to 1000 classes"),
        ({"classes": ["a", "a"]}, "from one to 1000 classes"),
        ({"classes": ["a", 1]}, "from one to 1000 classes"),
        ({"classes": ["a", None]}, "from one to 1000 classes"),
        ({"classes": ["a", ["b"]]}, "from one to 1000 classes"),
        ({"classes": ["a", "\ud800"]}, "is not a checkpoint of this app"),
        ({"depth": 20}, "“spec” is damaged"),
    ],
)
def test_a_spec_of_another_kind_is_one_sentence(tmp_path, spec, said):
    file = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(1)}, file, {"spec": json.dumps(SPEC | spec), "card": "{}"})
    for read in (read_card, load):
        with pytest.raises(Problem, match=said):
            read(file)


VARIABILITY = {
    "over_pictures": 0.1, "between_classes": 0.05, "explained": 0.25, "mean": 0.5,
    "open": 0, "shut": None, "over_places": float("nan"),
}  # fmt: skip
GOOD = {
    "data": "x",
    "normalisation": {"mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2]},
    "config": {"seed": 1, "epochs": 3, "label_smoothing": 0.1},
    "losses": [2.3, 1],
    "history": [{"epoch": 1, "test_accuracy": 0.5}],
    "results": {
        "pictures": 10, "accuracy": 0.7, "loss": 0.9, "confusion": [[4, 1], [2, 3]],
        "gates": {"attention1.gate": {"mean": [[0.1, 0.2], [0.3, float("nan")]],
                                      "spread": [[0, 0], [0, 0]]}},
        "gate_variability": {"attention1.spatial.gate": VARIABILITY},
    },
    "something newer": {"may": "stand here"},
}  # fmt: skip


def card_file(folder: Path, card: object) -> Path:
    file = folder / "x.safetensors"
    save_file({"a": torch.zeros(1)}, file, {"spec": json.dumps(SPEC), "card": json.dumps(card)})
    return file


def test_a_whole_card_comes_back_as_it_is(tmp_path):
    _spec, card = read_card(card_file(tmp_path, GOOD))
    assert json.dumps(card) == json.dumps(GOOD)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("normalisation", 3),
        ("normalisation", {"mean": "abc"}),
        ("normalisation", {"mean": [0, 0]}),
        ("normalisation", {"std": [0, 1, 1]}),
        ("normalisation", {"variance": [1, 1, 1]}),
        ("config", []),
        ("config", {"seed": "1"}),
        ("losses", {"a": 1}),
        ("history", [3]),
        ("history", [{"epoch": "1"}]),
        ("data", 3),
        ("results", []),
        ("results", {"accuracy": 2}),
        ("results.pictures", 0),
        ("results.confusion", [[4, 1], [2, 2]]),
        ("results.accuracy", "0.7"),
        ("results.loss", float("inf")),
        ("results.confusion", [[4, 1, 0], [2, 3, 0], [0, 0, 0]]),
        ("results.confusion", [[4, 1], [2]]),
        ("results.confusion", [[14, -9], [2, 3]]),
        ("results.confusion", [["4", "1"], ["2", "3"]]),
        ("results.gates", [1]),
        ("results.gates", {"attention1.gate": 3}),
        ("results.gates", {"attention1.gate": {"mean": [[1], [2]], "spread": [[1, 2], [3, 4]]}}),
        ("results.gates", {"gate": {"mean": [[1], [2]], "spread": [[1], [3]]}}),
        ("results.gate_variability", [1]),
        ("results.gate_variability", {"attention1.gate": 0.1}),
        ("results.gate_variability", {"gate": VARIABILITY}),
        ("results.gate_variability", {"attention1.gate": VARIABILITY | {"more": 1}}),
        ("results.gate_variability", {"attention1.gate": VARIABILITY | {"mean": None}}),
        ("results.gate_variability", {"attention1.gate": VARIABILITY | {"open": "0.1"}}),
        ("results.gate_variability", {"attention1.gate": VARIABILITY | {"open": float("inf")}}),
    ],
)
def test_a_card_that_says_nonsense_is_named(tmp_path, entry, value):
    card = json.loads(json.dumps(GOOD))
    *outer, last = entry.split(".")
    (card[outer[0]] if outer else card)[last] = value
    with pytest.raises(Problem, match=rf"x\.safetensors: Its entry “{entry}"):
        read_card(card_file(tmp_path, card))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "null", "[]", '"a"', "{", "1" * 5000, '{"a": "\\ud800"}']
)
def test_a_card_that_is_none_is_one_sentence(tmp_path, text):
    file = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(1)}, file, {"spec": json.dumps(SPEC), "card": text})
    with pytest.raises(Problem, match=r"x\.safetensors"):
        read_card(file)


def test_a_path_that_is_too_long_is_one_sentence(tmp_path):
    with pytest.raises(Problem):
        load(tmp_path / ("x" * 300 + ".pth"))


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_tensors_are_those_that_torch_reads(tmp_path, old, dtype):
    torch.manual_seed(0)
    base = torch.randn(60, 7).to(dtype)
    content = {
        "whole": base, "turned": base.t(), "part": base[3:9, 2:5], "shared": base.view(-1)[5:50],
        "repeated": base[:1].expand(4, 7), "number": base[0, 0], "none": base[:0],
        "learned": torch.nn.Parameter(base.clone()), "count": torch.tensor(3),
        "flags": torch.tensor([True, False]),
    }  # fmt: skip
    file = tmp_path / "x.pth"
    torch.save(content, file, _use_new_zipfile_serialization=not old)
    found, read = read_pickled(file.read_bytes())
    expected = torch.load(file, weights_only=True)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        mine = found[name].in_memory(read)
        assert mine.dtype == tensor.dtype
        assert mine.shape == tensor.shape
        assert torch.equal(mine, tensor.detach()), name
        assert found[name].shape == tuple(tensor.shape)


def test_a_training_script_s_whole_checkpoint_is_read(tmp_path):
    model = build(ModelSpec("resnet20", "se"))
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.randn(2, 3, 32, 32)).sum().backward()
    optimiser.step()
    content = {
        "epoch": 3, "best": 0.5, "name": "mine", "history": [0.1, 0.2], "done": True,
        "optimizer_state_dict": optimiser.state_dict(), "state_dict": model.state_dict(),
    }  # fmt: skip
    torch.save(content, tmp_path / "x.pth")
    found = load(tmp_path / "x.pth")
    assert found.spec == ModelSpec("resnet20", "se")
    for name, value in model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value)
