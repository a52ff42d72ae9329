"""Each operation at random shapes, forwards and backwards; what the engine does not know."""

import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from cnnattn.live import graph as graphs
from cnnattn.live import kept_graphs
from cnnattn.live.graph import export_graph, network_graph
from cnnattn.live.kept_graphs import kept
from cnnattn.nets.models import ModelSpec
from cnnattn.problem import Problem


class Function(nn.Module):
    """A function of x, and of a tensor that it brings along."""

    def __init__(self, function, other=None):
        super().__init__()
        self.function = function
        self.register_buffer("other", other)

    def forward(self, x):
        return self.function(x) if self.other is None else self.function(x, self.other)


small = st.integers(1, 5)
side = st.integers(2, 9)


@st.composite
def layers(draw):
    """A module, and the shape (C, H, W) of its input."""
    c, h, w = draw(small), draw(side), draw(side)
    out, k, s, p = draw(small), draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(small)
    kernel = (min(k, h + 2 * p), min(draw(st.integers(1, 4)), w + 2 * p))
    flat = Function(lambda x: x.flatten(1))
    axes = draw(st.sets(st.integers(1, 3), min_size=1))
    keep = draw(st.booleans())
    start, step = draw(st.integers(0, h - 1)), draw(st.integers(1, 3))
    number = draw(st.sampled_from([2.0, -0.5, 3.0]))
    dims = draw(st.permutations([1, 2, 3]))
    other = torch.rand(
        draw(st.sampled_from([(1, c, h, w), (1, c, 1, 1), (1, 1, h, w), (w,), (h, 1)]))
    )
    functions = {
        "relu": F.relu, "sigmoid": torch.sigmoid, "hardswish": lambda x: F.hardswish(4 * x),
        "square": lambda x: x.square() + number, "mean": lambda x: x.mean(list(axes), keepdim=keep),
        "sum": lambda x: x.sum(list(axes), keepdim=keep),
        "max": lambda x: x.max(dims[0], keepdim=keep).values,
        "average pool": lambda x: F.adaptive_avg_pool2d(x, 1),
        "max pool to one": lambda x: F.adaptive_max_pool2d(x, 1),
        "max pool": lambda x: F.max_pool2d(x, 2),
        "softmax": lambda x: x.softmax(-1) * x,
        "transpose": lambda x: x.transpose(dims[0], dims[1]),
        "permute": lambda x: x.permute(0, *dims), "slice": lambda x: x[:, :, start::step],
        "last rows": lambda x: x[:, :, -(start + 1):],
        "pad": lambda x: F.pad(x, (1, 2, 0, 1, p, 0)),
        "cat": lambda x: torch.cat([x, 2 * x, x.mean(dims[0], keepdim=True)], dims[0]),
        "stack": lambda x: torch.stack([x, x * x]),
        "split": lambda x: x.split([start, h - start], 2)[1] * 2 if start else x * 2,
        "matmul": lambda x: x[:, 0].transpose(1, 2) @ (x[:, 0] * 2),
        "views": lambda x: x.flatten(2).unsqueeze(1).unflatten(3, (h, w)).reshape(1, -1),
    }  # fmt: skip
    pairs = {
        "add": lambda x, y: x + y, "subtract": lambda x, y: y - x, "multiply": lambda x, y: x * y,
        "divide": lambda x, y: x / (y + 1), "divide by": lambda x, y: y / (x.square() + 1),
    }  # fmt: skip
    modules = {
        "conv2d": nn.Conv2d(c, out, kernel, s, p, bias=keep),
        "conv1d": nn.Sequential(
            Function(lambda x: x.flatten(2)), nn.Conv1d(c, out, min(k, h * w), s, p)
        ),
        "batch norm": nn.Sequential(nn.BatchNorm2d(c), nn.ReLU()),
        "linear": nn.Sequential(flat, nn.Linear(c * h * w, out, bias=keep)),
        "linear of rows": nn.Linear(w, out),
        "layer norm": nn.LayerNorm([h, w] if keep else w),
    }
    modules |= {name: Function(pair, other) for name, pair in pairs.items()}
    modules |= {name: Function(function) for name, function in functions.items()}
    name = draw(st.sampled_from(list(modules)))
    module = modules[name]
    for key, value in module.state_dict().items():
        if value.is_floating_point() and key != "other":
            value.uniform_(0.5, 2) if key.endswith("var") else value.normal_()
    return name, module, (c, h, w)


@settings(
    max_examples=160,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(layers(), st.integers(0, 2**31), st.sampled_from(["javascriptKernels", "simdKernels()"]))
def test_an_operation_is_torchs_forwards_and_backwards(v8, layer, seed, kernels):
    name, module, shape = layer
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(1, *shape, generator=random)
    network = nn.Sequential(nn.Identity(), module).eval().requires_grad_(False)
    graph = export_graph(network, (1, *shape))
    v8.open(graph, {k: v.numpy() for k, v in network.state_dict().items() if v.ndim}, kernels)
    v8.set_input(x.numpy())
    v8.do("net.run()")
    x.requires_grad_()
    y = network(x)
    found = v8.array("net.logits")
    assert np.abs(found - y.detach().numpy().ravel()).max(initial=0) < 1e-4, name
    number = y.numel() // 2
    (gradient,) = torch.autograd.grad(y.flatten()[number], x)
    found = v8.array(f"net.gradient('0', {number})")
    assert np.abs(found - gradient.numpy().ravel()).max() < 1e-4, name


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (nn.GELU(), "gelu"),
        (nn.Conv2d(4, 4, 3, groups=2), "conv2d"),
        (nn.Conv2d(4, 4, 3, dilation=2), "conv2d"),
        (nn.MaxPool2d(3, 2, 1), "max_pool2d"),
        (nn.AdaptiveAvgPool2d(2), "adaptive_avg_pool2d"),
        (Function(lambda x: x.softmax(1)), "softmax"),
        (Function(lambda x: torch.add(x, x, alpha=2)), "add"),
    ],
)
def test_what_the_engine_does_not_know_is_named(module, name):
    with pytest.raises(Problem, match=f"operation “{name}”"):
        export_graph(module, (1, 4, 8, 8))


def test_a_network_that_decides_by_its_numbers_is_refused_in_a_sentence():
    with pytest.raises(Problem, match="cannot run in the browser"):
        export_graph(Function(lambda x: x * 2 if x.sum() > 0 else x), (1, 3, 8, 8))


def test_an_export_leaves_the_network_as_it_was():
    network = nn.Sequential(nn.Dropout(), nn.Identity(), nn.BatchNorm2d(3)).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    export_graph(network, (1, 3, 32, 32))
    assert [type(m).__name__ for m in network] == ["Dropout", "Identity", "BatchNorm2d"]
    assert all(module.training for module in network.modules())
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_a_graph_is_read_from_the_disk_unless_the_network_is_another(monkeypatch, tmp_path):
    monkeypatch.setattr(kept_graphs, "FOLDER", tmp_path / "graphs")

    def graph_of(network, exports=True):
        asked = []
        found = kept(network, lambda: asked.append(1) or export_graph(network, (1, 2, 4, 4)))
        assert bool(asked) == exports
        return found

    first = graph_of(nn.Conv2d(2, 3, 3))
    assert graph_of(nn.Conv2d(2, 3, 3), exports=False) == first
    assert graph_of(nn.Conv2d(2, 3, 3, padding=1)) != first
    for file in (tmp_path / "graphs").iterdir():
        file.write_bytes(file.read_bytes()[:50])  # cut short
    assert graph_of(nn.Conv2d(2, 3, 3)) == first


def test_eight_threads_that_ask_at_once_all_get_a_graph(monkeypatch, tmp_path):
    monkeypatch.setattr(kept_graphs, "FOLDER", tmp_path)
    graphs._network_graph.cache_clear()
    found, kinds = {}, ["none", "se", "spatial", "simam"] * 2

    def ask(number):
        found[number] = network_graph(ModelSpec("cnn", kinds[number]))

    threads = [threading.Thread(target=ask, args=[i]) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(found) == 8
    assert all(found[i] is found[i + 4] for i in range(4))


@pytest.mark.parametrize("size", [96, 128, 33, 32, 20])
def test_a_picture_is_scaled_as_pillow_does_to_the_byte(v8, size):
    picture = np.random.default_rng(size).integers(0, 256, (size, size, 3), dtype=np.uint8)
    expected = np.array(Image.fromarray(picture).resize((32, 32), Image.Resampling.BILINEAR))
    numbers = ",".join(map(str, picture.ravel()))
    found = v8.array(f"resize(Uint8Array.of({numbers}), {size}, 32)", "u1")
    assert np.array_equal(found, expected.ravel())
