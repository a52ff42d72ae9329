"""The tensors in a file of ``torch.save``, read without unpickling: nothing runs, nothing is taken
on trust.

PyTorch's own reader with ``weights_only=True`` runs no code either, but it allocates whatever the
file asks for. This one knows the two dozen operations that a state dict needs, makes a description
of each tensor first, and takes no more memory than the file has bytes. The formats: PyTorch 1.6 and
later (an uncompressed zip with data.pkl and one entry a storage) and the one before that.
"""

import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from math import prod
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile

import torch
from torch import Tensor

from cnnattn.problem import Problem

MOST_ENTRIES = 5000  # in the zip; a state dict of this app has less than 300
MOST_PICKLED = 300_000  # bytes of the description; the longest of a tutorial has 50,000
PROGRAM = (("code",), ("models",))  # folders of TorchScript's and of torch.export's files
MAGIC = 0x1950A86A20F9469CFC6C  # what the older format begins with

DTYPES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}  # fmt: skip
TENSORS = ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor")
HARMLESS = ("torch Size", *(str(dtype).replace(".", " ") for dtype in DTYPES.values()))
RUNS = ("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4")  # these call something


@dataclass(frozen=True)
class Storage:
    """A row of numbers in the file."""

    dtype: torch.dtype
    key: str


@dataclass(frozen=True)
class Stored:
    """A tensor that is still in its file."""

    storage: Storage
    offset: int  # all three in numbers, not bytes
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def in_memory(self, read: Callable[[Storage], Tensor]) -> Tensor:
        """The tensor over the numbers of its storage, a fresh one. ValueError: beyond its end."""
        numbers = read(self.storage)
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if prod(self.shape) and not 0 <= last < len(numbers):
            raise ValueError("a tensor reaches beyond its storage")
        return numbers.as_strided(self.shape, self.strides, self.offset).clone()


def read_pickled(data: bytes) -> tuple[object, Callable[[Storage], Tensor]]:
    """What a file of ``torch.save`` holds, each tensor as a Stored, and what reads a storage.

    Raises Problem for pickled code, and all sorts of errors for damage.
    """
    return _read_zip(data) if data[:4] == b"PK\3\4" else _read_old(data)


def _read_zip(data: bytes) -> tuple[object, Callable[[Storage], Tensor]]:
    # Before anything is made of them: the directory's entries begin with these four bytes.
    if data.count(b"PK\1\2") > MOST_ENTRIES:
        raise ValueError("too many entries")
    archive = ZipFile(BytesIO(data))
    entries = {entry.filename: entry for entry in archive.infolist()}
    if any(PurePosixPath(name).parts[1:2] in PROGRAM for name in entries):
        raise Problem(
            "The file holds a program (of TorchScript or torch.export), and programs are not run "
            "here; save the weights alone with torch.save(model.state_dict(), …)."
        )
    packed = any(e.compress_type != ZIP_STORED or e.flag_bits & 1 for e in entries.values())
    if packed or sum(entry.file_size for entry in entries.values()) > len(data):
        raise Problem(
            "The file is a compressed archive, which weights never are; save it anew with "
            "torch.save(model.state_dict(), …)."
        )
    main = next(n for n in entries if PurePosixPath(n).name == "data.pkl" and n.count("/") == 1)
    root = main.removesuffix("data.pkl")
    if f"{root}byteorder" in entries and archive.read(f"{root}byteorder") != b"little":
        raise ValueError("of a machine with another order of bytes")
    if entries[main].file_size > MOST_PICKLED:
        raise ValueError("too long a description")

    @cache  # tensors may share a storage
    def read(storage: Storage) -> Tensor:
        return _numbers(archive.read(f"{root}data/{storage.key}"), storage.dtype)

    return _described(BytesIO(archive.read(main))), read


def _read_old(data: bytes) -> tuple[object, Callable[[Storage], Tensor]]:
    file = BytesIO(data)
    if _described(file) != MAGIC:
        raise ValueError("no file of torch.save")
    dtypes: dict[str, torch.dtype] = {}
    _protocol, _system, content, keys = (_described(file, dtypes) for _ in range(4))
    numbers: dict[str, bytes] = {}
    for key in keys:  # type: ignore[attr-defined]
        (count,) = struct.unpack("<q", file.read(8))
        numbers[key] = file.read(max(0, count) * dtypes[key].itemsize)  # no more than there is
    return content, lambda storage: _numbers(numbers[storage.key], storage.dtype)


def _numbers(data: bytes, dtype: torch.dtype) -> Tensor:
    whole = len(data) // dtype.itemsize * dtype.itemsize
    if not whole:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(bytearray(data[:whole]), dtype=dtype)


class _Mark:
    """Where on the stack a group of values begins."""


def _described(file: BinaryIO, dtypes: dict[str, torch.dtype] | None = None) -> object:
    """Carry out a pickle's operations, as far as a state dict needs them, over descriptions.

    What storages are spoken of is noted in ``dtypes``, by key.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any

    def group() -> list[Any]:
        begin = next(i for i in reversed(range(len(stack))) if stack[i] is _Mark)
        values = stack[begin + 1 :]
        del stack[begin:]
        return values

    begin = file.tell()
    for operation, argument, place in pickletools.genops(file):
        if (place or 0) - begin > MOST_PICKLED:
            raise ValueError("too long a description")
        name = operation.name
        if name in ("PROTO", "FRAME"):
            pass
        elif name == "STOP":
            return stack.pop()
        elif name == "MARK":
            stack.append(_Mark)
        elif name in ("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}[name]())
        elif name in _VALUES:
            stack.append(argument)
        elif name in ("NONE", "NEWTRUE", "NEWFALSE"):
            stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "TUPLE":
            stack.append(tuple(group()))
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            stack[-count:] = [tuple(stack[-count:])]
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1][_key(key)] = value
        elif name == "SETITEMS":
            values = group()
            stack[-1].update(zip(map(_key, values[::2]), values[1::2], strict=True))
        elif name == "APPEND":
            value = stack.pop()
            stack[-1].append(value)
        elif name == "APPENDS":
            values = group()
            stack[-1].extend(values)
        elif name == "GLOBAL":
            stack.append(_known(argument))
        elif name == "STACK_GLOBAL":
            stack[-2:] = [_known(f"{stack[-2]} {stack[-1]}")]
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(_made(stack.pop(), arguments))
        elif name == "BUILD":
            stack.pop()  # versions of the layers, beside the weights
        elif name == "BINPERSID":
            _kind, (_storage, dtype), key, _device, _count, *view = stack.pop()
            if not isinstance(key, str) or view not in ([], [None]):
                raise ValueError("a storage without a name, or within another one")
            if dtypes is not None:
                dtypes[key] = dtype
            stack.append(Storage(dtype, key))
        else:
            raise _code() if name in RUNS else ValueError(f"no state dict needs {name}")
    raise EOFError


def _key(value: object) -> str | int:
    """The key of an entry. A nest of tuples would take for ever to be looked up."""
    if not isinstance(value, str | int):
        raise TypeError("an entry that is called neither by a text nor by a number")
    return value


_VALUES = {
    "BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BININT", "BININT1", "BININT2", "INT", "LONG",
    "LONG1", "BINFLOAT", "FLOAT", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES",
}  # fmt: skip


def _known(name: str) -> tuple[str, Any]:
    """One of the few names that a state dict needs."""
    module, _space, thing = name.partition(" ")
    if module == "torch" and thing in DTYPES:
        return "storage", DTYPES[thing]
    if name in ("collections OrderedDict", "torch._utils _rebuild_parameter", *TENSORS, *HARMLESS):
        return name, None
    raise _code()


def _made(what: tuple[str, Any], arguments: tuple) -> object:
    """What a call in the pickle makes."""
    name = what[0]
    if name == "collections OrderedDict" and not arguments:
        return {}
    if name == "torch._utils _rebuild_parameter":
        return arguments[0]
    if name in TENSORS:
        storage, offset, shape, strides, *_rest = arguments
        numbers = [offset, *shape, *strides]
        if not isinstance(storage, Storage) or not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError("no tensor")
        return Stored(storage, offset, tuple(shape), tuple(strides))
    if name in HARMLESS:
        return arguments
    raise ValueError(f"no state dict calls {name}")


def _code() -> Problem:
    return Problem(
        "It holds more than weights (pickled code), which could do anything when opened; save it "
        "anew with torch.save(model.state_dict(), …)."
    )
