import numpy as np
import pytest
import torch
from torch import nn

from cnnattn.data.pictures import normalise
from cnnattn.explain.prototypes import maximise, strongest_places
from cnnattn.explain.receptive_field import cut, receptive_fields
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from tests.explain.steps import finished

RANDOM = np.random.default_rng(0)


def plain(pictures):
    """Values 0 … 255 to -1 … 1."""
    return (pictures.float() / 127.5 - 1).permute(0, 3, 1, 2)


def planted(pattern):
    """A network whose two channels are looking for a pattern of -1 and 1, (5, 5, 3), and for its
    opposite."""
    kernel = torch.from_numpy(pattern).float().permute(2, 0, 1)
    model = nn.Sequential(nn.Conv2d(3, 2, 5, padding=2, bias=False), nn.ReLU())
    model[0].weight.data.copy_(torch.stack([kernel, -kernel]))
    return model


PATTERN = RANDOM.choice([-1, 1], (5, 5, 3))


def test_the_planted_patch_is_found_in_the_planted_picture():
    pictures = RANDOM.integers(60, 196, (30, 24, 24, 3), np.uint8)
    places = {17: (10, 4, 0), 23: (0, 19, 1)}  # picture: (top, left, channel)
    for i, (top, left, channel) in places.items():
        patch = PATTERN if channel == 0 else -PATTERN
        pictures[i, top : top + 5, left : left + 5] = np.where(patch > 0, 255, 0)
    model = planted(PATTERN)
    shares, found = finished(strongest_places(model, "1", pictures, plain, count=4, batch=8))
    assert shares == [8 / 30, 16 / 30, 24 / 30, 1]
    fields = receptive_fields(model, "1", 24)
    for i, (top, left, channel) in places.items():
        assert found["picture"][channel, 0] == i
        row, column = found["row"][channel, 0], found["column"][channel, 0]
        assert (row, column) == (top + 2, left + 2)
        assert found["activation"][channel, 0] == pytest.approx(75)  # 5·5·3 times 1·1
        patch = cut(pictures[i], fields.rows[row], fields.columns[column])[..., :3]
        assert np.array_equal(patch, pictures[i, top : top + 5, left : left + 5])


@pytest.mark.parametrize("batch", [7, 40])
def test_the_order_is_that_of_all_activations(batch):
    torch.manual_seed(0)
    model = build(ModelSpec("cnn", "se")).eval()
    pictures = RANDOM.integers(0, 256, (40, 32, 32, 3), np.uint8)
    _shares, found = finished(strongest_places(model, "attention2", pictures, normalise, 5, batch))
    with torch.no_grad():
        part = model.pool1(
            model.attention1(
                model.relu1(model.bn1(model.conv1(normalise(torch.from_numpy(pictures)))))
            )
        )
        maps = model.attention2(model.relu2(model.bn2(model.conv2(part)))).numpy()
    most = maps.max((2, 3)).T  # (C, N)
    np.testing.assert_allclose(found["activation"], -np.sort(-most, 1)[:, :5], rtol=1e-4)
    there = maps[found["picture"], np.arange(64)[:, None], found["row"], found["column"]]
    np.testing.assert_allclose(there, found["activation"], rtol=1e-4)


def test_fewer_pictures_than_asked_for():
    pictures = RANDOM.integers(0, 256, (3, 24, 24, 3), np.uint8)
    _shares, found = finished(strongest_places(planted(PATTERN), "1", pictures, plain))
    assert found["picture"].shape == (2, 3)


def test_the_picture_made_for_a_planted_filter_is_its_pattern():
    # One place as large as the picture: the pattern itself, black and white, is the best of all.
    pattern = RANDOM.choice([-1, 1], (12, 12, 3))
    model = nn.Sequential(nn.Conv2d(3, 2, 12, bias=False))
    kernel = torch.from_numpy(pattern).float().permute(2, 0, 1)
    model[0].weight.data.copy_(torch.stack([kernel, -kernel]))
    work = maximise(model, "0", [1, 0], plain, size=12, steps=400, jitter=0, smoothness=0)
    _shares, made = finished(work)
    for picture, wanted in zip(made["picture"], (-pattern, pattern), strict=True):
        assert np.array_equal(picture > 127, wanted > 0)
    assert (made["activation"] > 0.85 * 12 * 12 * 3).all()


def test_it_beats_random_pictures_and_follows_its_seed():
    torch.manual_seed(0)
    model = build(ModelSpec("cnn", "se")).eval()
    channels = [3, 40, 41]

    def make(seed):
        return finished(maximise(model, "relu2", channels, normalise, size=32, steps=30, seed=seed))

    shares, made = make(0)
    assert shares[-1] == 1
    pictures = RANDOM.integers(0, 256, (200, 32, 32, 3), np.uint8)
    smooth = np.repeat(np.repeat(pictures[:, ::8, ::8], 8, 1), 8, 2)  # patches of one colour
    captured = []
    model.relu2.register_forward_hook(lambda m, i, output: captured.append(output))
    with torch.no_grad():
        for batch in (pictures, smooth):
            model(normalise(torch.from_numpy(batch)))
        model(normalise(torch.from_numpy(made["picture"])))
    means = [maps[:, channels].mean((2, 3)) for maps in captured]
    best = torch.cat(means[:2]).amax(0)
    assert (torch.from_numpy(made["mean"]) > 1.5 * best).all()
    torch.testing.assert_close(torch.from_numpy(made["mean"]), means[2].diag(), rtol=1e-3, atol=0)
    assert np.array_equal(make(0)[1]["picture"], made["picture"])
    assert not np.array_equal(make(1)[1]["picture"], made["picture"])


def test_total_variation_smooths():
    torch.manual_seed(0)
    model = build(ModelSpec("cnn", "none")).eval()

    def roughness(smoothness):
        _shares, made = finished(
            maximise(model, "relu1", [0, 1], normalise, size=32, steps=30, smoothness=smoothness)
        )
        return np.abs(np.diff(made["picture"].astype(int), axis=1)).mean()

    assert roughness(20) < 0.7 * roughness(0)


def test_a_channel_that_cannot_be_excited_ends_all_the_same():
    model = planted(PATTERN)
    model[0].weight.data[1] = 0
    _shares, made = finished(maximise(model, "1", [0, 1], plain, size=8, steps=20))
    assert made["mean"][0] > 0
    assert made["mean"][1] == 0


def test_the_model_is_left_alone():
    model = build(ModelSpec("cnn", "se"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    finished(maximise(model, "attention1", [0], normalise, size=32, steps=2))
    finished(strongest_places(model, "attention1", np.zeros((1, 32, 32, 3), np.uint8), normalise))
    assert model.training
    assert not any(m._forward_hooks for m in model.modules())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_problems():
    model = build(ModelSpec("cnn"))
    with pytest.raises(Problem, match="holds no pictures"):
        finished(strongest_places(model, "relu1", np.zeros((0, 32, 32, 3), np.uint8), normalise))
    with pytest.raises(Problem, match=r"“fc1” has no height and width \(its output is \(2, 512\)"):
        finished(maximise(model, "fc1", [0, 1], normalise, size=32))
    with pytest.raises(Problem, match="no layer called “relu9”"):
        finished(maximise(model, "relu9", [0], normalise, size=32))
