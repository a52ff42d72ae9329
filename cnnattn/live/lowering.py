"""What each ATen operation becomes among the two dozen operations of the browser's engine.

All geometry is worked out here (sizes, strides, offsets), so that the engine only walks through
typed arrays. A batch is always one input.
"""

import math
from collections.abc import Callable
from typing import Any

Shape = list[int]
Lowering = Callable[[dict[str, Any], Shape, Shape], dict[str, Any]]
"""Arguments by name, shape of the first one, shape of the result -> op, inputs and geometry."""


class UnknownForm(Exception):
    """The engine knows the operation, but not in this form."""


def _require(*conditions: bool) -> None:
    if not all(conditions):
        raise UnknownForm


def _strides(shape: Shape) -> Shape:
    return [math.prod(shape[i + 1 :]) for i in range(len(shape))]


def _dimensions(dim: int | list[int] | None, count: int) -> list[int]:
    dims = range(count) if dim is None or dim == [] else [dim] if isinstance(dim, int) else dim
    return [d % count for d in dims]


def _view(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    return {"op": "view", "inputs": [a["self"]]}


def _copy(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    return {"op": "copy", "inputs": [a.get("self", a.get("input"))]}


def _function(name: str) -> Lowering:
    return lambda a, before, after: {"op": name, "inputs": [a["self"]]}


def _square(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    return {"op": "mul", "inputs": [a["self"]] * 2}


def _conv(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    _require(a["groups"] == 1, len(before) in (3, 4), all(d == 1 for d in a["dilation"]))
    _require(not isinstance(a["padding"], str), before[0] == 1)
    flat = len(before) == 3  # conv1d: a picture one row high

    def pair(values: list[int], row: int) -> list[int]:
        values = values * (len(before) - 2) if len(values) == 1 else values
        return [row, *values] if flat else values

    height, width = [1, before[2]] if flat else before[2:]
    out_height, out_width = [1, after[2]] if flat else after[2:]
    stride, padding = pair(a["stride"], 1), pair(a["padding"], 0)
    return {
        "op": "conv2d", "inputs": [a["input"], a["weight"], a["bias"]],
        "channels": before[1], "size": [height, width], "outputs": after[1],
        "outSize": [out_height, out_width], "stride": stride, "padding": padding, "flat": flat,
    }  # fmt: skip


def _batch_norm(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    names = ("weight", "bias", "running_mean", "running_var")
    _require(not a["training"], all(a[name] is not None for name in names), before[0] == 1)
    return {
        "op": "batch_norm", "inputs": [a["input"], *(a[name] for name in names)],
        "channels": before[1], "eps": a["eps"],
    }  # fmt: skip


def _layer_norm(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    _require(a["weight"] is not None, a["bias"] is not None)
    inputs = [a["input"], a["weight"], a["bias"]]
    length = math.prod(a["normalized_shape"])
    return {"op": "layer_norm", "inputs": inputs, "length": length, "eps": a["eps"]}


def _linear(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    inputs = [a["input"], a["weight"], a["bias"]]
    return {"op": "linear", "inputs": inputs, "columns": before[-1], "outputs": after[-1]}


def _matmul(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    _require(math.prod(before[:-2]) == 1, math.prod(after[:-2]) == 1, len(after) > 1)
    sizes = {"rows": before[-2], "inner": before[-1], "columns": after[-1]}
    return {"op": "matmul", "inputs": [a["self"], a.get("other", a.get("mat2"))], **sizes}


def _reduce(name: str) -> Lowering:
    def lower(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
        gone = set(_dimensions(a.get("dim"), len(before)))
        strides = _strides(before)
        axes = [[size, stride] for size, stride in zip(before, strides, strict=True)]
        return {
            "op": name, "inputs": [a["self"]],
            "kept": [axis for i, axis in enumerate(axes) if i not in gone],
            "gone": [axis for i, axis in enumerate(axes) if i in gone],
        }  # fmt: skip

    return lower


def _pool_to_one(name: str) -> Lowering:
    def lower(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
        _require(after[-2:] == [1, 1])
        return _reduce(name)({"self": a["self"], "dim": [-2, -1]}, before, after)

    return lower


def _max_pool(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    kernel = a["kernel_size"] * (2 if len(a["kernel_size"]) == 1 else 1)
    _require(not a["stride"] or list(a["stride"]) in (kernel, kernel[:1]), kernel[0] == kernel[1])
    _require(not any(a["padding"]), not a["ceil_mode"], all(d == 1 for d in a["dilation"]))
    planes = math.prod(before[:-2])
    sizes = {"planes": planes, "size": before[-2:], "outSize": after[-2:], "kernel": kernel[0]}
    return {"op": "max_pool2d", "inputs": [a["self"]], **sizes}


def _softmax(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    _require(a["dim"] % len(before) == len(before) - 1)
    return {"op": "softmax", "inputs": [a["self"]], "length": before[-1]}


def _transpose(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    strides, (i, j) = _strides(before), _dimensions([a["dim0"], a["dim1"]], len(before))
    strides[i], strides[j] = strides[j], strides[i]
    return {"op": "pick", "inputs": [a["self"]], "offset": 0, "strides": strides}


def _permute(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    strides = _strides(before)
    order = [strides[d] for d in _dimensions(a["dims"], len(before))]
    return {"op": "pick", "inputs": [a["self"]], "offset": 0, "strides": order}


def _slice(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    strides, dim = _strides(before), a["dim"] % len(before)
    start = a["start"] or 0
    offset = (start + before[dim] if start < 0 else start) * strides[dim]
    strides[dim] *= a["step"]
    return {"op": "pick", "inputs": [a["self"]], "offset": offset, "strides": strides}


def _pad(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    _require(a["mode"] == "constant", not a["value"], all(p >= 0 for p in a["pad"]))
    front = [0] * len(before)  # torch counts from the last dimension: before, after, before, …
    for i, size in enumerate(a["pad"][::2]):
        front[-1 - i] = size
    strides = _strides(after)
    offset = sum(size * stride for size, stride in zip(front, strides, strict=True))
    axes = {"from": before, "offset": offset, "strides": strides}
    return {"op": "pad", "inputs": [a["self"]], **axes}


def _join(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
    return {"op": "join", "inputs": a["tensors"], "rows": math.prod(after[: a["dim"] % len(after)])}


def _binary(name: str) -> Lowering:
    def lower(a: dict[str, Any], before: Shape, after: Shape) -> dict[str, Any]:
        _require(a.get("alpha", 1) == 1, a.get("rounding_mode") is None, len(after) <= 4)
        return {"op": name, "inputs": [a["self"], a["other"]]}

    return lower


LOWERINGS: dict[str, Lowering] = {
    "conv1d": _conv,
    "conv2d": _conv,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "linear": _linear,
    "matmul": _matmul,
    "bmm": _matmul,
    **{name: _function(name) for name in ("relu", "sigmoid", "hardswish")},
    **{name: _binary(name) for name in ("add", "sub", "mul", "div")},
    "square": _square,
    **{name: _reduce(name) for name in ("mean", "sum", "max", "amax")},
    "adaptive_avg_pool2d": _pool_to_one("mean"),
    "adaptive_max_pool2d": _pool_to_one("max"),
    "max_pool2d": _max_pool,
    "softmax": _softmax,
    **dict.fromkeys(("flatten", "reshape", "view", "unflatten", "unsqueeze", "squeeze"), _view),
    **dict.fromkeys(("clone", "dropout", "contiguous"), _copy),
    "transpose": _transpose,
    "permute": _permute,
    "slice": _slice,
    "pad": _pad,
    "cat": _join,
    "stack": _join,
}
"""ATen operation -> how it becomes one of the engine's."""
