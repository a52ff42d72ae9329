import pytest
import torch

from cnnattn.explain import variants
from cnnattn.explain.variants import in_evaluation, logits_of
from cnnattn.nets.models import ModelSpec, build


def test_a_model_in_training_is_run_as_in_evaluation_and_stays_in_training():
    model = build(ModelSpec("cnn", "se")).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        first, again = (in_evaluation(model)(x) for _ in range(2))
    assert torch.equal(first, again)  # no dropout
    assert all(module.training for module in model.modules())
    for name, value in model.state_dict().items():  # no running mean was moved
        assert torch.equal(value, before[name])
    assert torch.equal(in_evaluation(model.eval())(x).detach(), first)


@pytest.mark.parametrize("pixels", [1, 2048, 5000, 10**9])
def test_batches_of_any_size_give_the_same_logits_in_order(pixels, monkeypatch):
    monkeypatch.setattr(variants, "PIXELS", pixels)
    model = build(ModelSpec("cnn", "none")).double().eval()
    x = torch.randn(2, 3, 32, 32, dtype=torch.double)
    factors = torch.arange(5.0, dtype=torch.double)
    got = logits_of(model, x, 5, lambda some: factors[some, None, None, None, None] * x)
    expected = torch.stack([model(factor * x) for factor in factors]).detach()
    torch.testing.assert_close(got, expected)
