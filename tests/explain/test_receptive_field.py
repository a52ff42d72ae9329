import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnnattn.explain.receptive_field import cut, receptive_fields
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem


def gradients_support(model, x, row, column):
    """Rows and columns of the picture that move a value of the last map, by its gradient."""
    x = x.clone().requires_grad_()
    model(x)[0, :, row, column].sum().backward()
    moved = x.grad[0].abs().sum(0) > 0
    rows, columns = (np.flatnonzero(moved.any(d)) for d in (1, 0))
    return [rows.min(), rows.max() + 1], [columns.min(), columns.max() + 1]


layers = st.sampled_from(
    [
        lambda: nn.Conv2d(3, 3, 3, padding=1),
        lambda: nn.Conv2d(3, 3, 3),
        lambda: nn.Conv2d(3, 3, (1, 5), padding=(0, 2)),
        lambda: nn.Conv2d(3, 3, 3, stride=2, padding=1),
        lambda: nn.Conv2d(3, 3, 3, padding=2, dilation=2),
        lambda: nn.AvgPool2d(2),
        lambda: nn.AvgPool2d(3, 1, padding=1),
    ]
)


@given(st.lists(layers, min_size=1, max_size=4), st.integers(0, 99), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_it_is_the_support_of_the_gradient_of_a_linear_network(makers, row, column):
    torch.manual_seed(0)
    model = nn.Sequential(*(make() for make in makers)).double()
    x = torch.randn(1, 3, 24, 24, dtype=torch.double)
    h, w = model(x).shape[2:]
    row, column = row % h, column % w
    fields = receptive_fields(model, str(len(makers) - 1), 24)
    found = [fields.rows[row], fields.columns[column]]
    for span, expected in zip(found, gradients_support(model, x, row, column), strict=True):
        assert span.clip(0, 24).tolist() == expected


def test_the_tutorials_network_by_hand():
    # conv 3: [r-1, r+2); pool: rows 2r, 2r+1, so [2r-1, 2r+3); conv: [2r-3, 2r+5), 8 wide; pool:
    # [4r-3, 4r+7); conv: [4r-7, 4r+11), 18 wide. At the edges the boxes reach into the padding.
    model = build(ModelSpec("cnn", "none"))
    places = {"relu1": (32, 1, -1, 2), "relu2": (16, 2, -3, 5), "relu3": (8, 4, -7, 11)}
    for layer, (count, jump, first, end) in places.items():
        expected = [[jump * r + first, jump * r + end] for r in range(count)]
        fields = receptive_fields(model, layer, 32)
        assert fields.rows.tolist() == fields.columns.tolist() == expected
        assert fields.size == (end - first, end - first)


def test_a_shortcut_and_attention_do_not_widen_it():
    # Seven convolutions 3×3 one behind the other, shortcuts beside them: 1 + 7·2.
    for attention in ("none", "se"):
        fields = receptive_fields(build(ModelSpec("resnet20", attention)), "stage1.2.relu2", 32)
        assert fields.size == (15, 15)


def test_where_every_place_sees_the_edge_nothing_is_guessed():
    fields = receptive_fields(build(ModelSpec("resnet20", "se")), "stage3.2.relu2", 32)
    assert fields.rows.min() == 0
    assert fields.rows.max() == 32


def test_the_model_is_left_alone():
    model = build(ModelSpec("cnn", "se"))
    receptive_fields(model, "relu1", 32)
    assert model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert not any(m._forward_hooks for m in model.modules())


def test_cutting_out():
    picture = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    patch = cut(picture, np.array([1, 3]), np.array([0, 2]))
    assert np.array_equal(patch[..., :3], picture[1:3, 0:2])
    assert (patch[..., 3] == 255).all()
    corner = cut(picture, np.array([-1, 2]), np.array([3, 6]))
    assert corner.shape == (3, 3, 4)
    assert np.array_equal(corner[1:, :1, :3], picture[:2, 3:])
    assert corner[..., 3].tolist() == [[0, 0, 0], [255, 0, 0], [255, 0, 0]]


def test_problems():
    with pytest.raises(Problem, match="no layer called “relu9”"):
        receptive_fields(build(ModelSpec("cnn")), "relu9", 32)
