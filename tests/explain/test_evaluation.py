import numpy as np
import pytest
import torch

from cnnattn.data.pictures import normalise, to_input
from cnnattn.explain.evaluation import logits_of
from cnnattn.nets.models import ModelSpec, build
from cnnattn.problem import Problem
from tests.explain.steps import finished

PICTURES = np.random.default_rng(0).integers(0, 256, (23, 32, 32, 3), np.uint8)


@pytest.mark.parametrize("arch", ["cnn", "resnet20"])
def test_each_picture_gets_the_logits_it_gets_alone(arch):
    torch.manual_seed(0)
    model = build(ModelSpec(arch, "se"))
    shares, logits = finished(logits_of(model, PICTURES, normalise, batch=10))
    assert shares == [10 / 23, 20 / 23, 1.0]
    assert model.training  # dropout and batch norm were off all the same, and nothing was changed
    model.eval()
    with torch.inference_mode():
        alone = torch.cat([model(to_input(picture)) for picture in PICTURES]).numpy()
    np.testing.assert_allclose(logits, alone, rtol=1e-4, atol=1e-5)


def test_the_model_keeps_its_memory_layout():
    model = build(ModelSpec("cnn"))
    strides = [p.stride() for p in model.parameters()]
    finished(logits_of(model, PICTURES[:2], normalise))
    assert [p.stride() for p in model.parameters()] == strides


def test_without_pictures_there_is_a_sentence():
    with pytest.raises(Problem, match="holds no pictures"):
        finished(logits_of(build(ModelSpec("cnn")), PICTURES[:0], normalise))
