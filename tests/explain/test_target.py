import pytest
import torch

from cnnattn.explain.target import confidence, score
from cnnattn.problem import Problem

LOGITS = torch.tensor([[1.0, 3.0, 0.5], [2.0, -1.0, 4.0]])


def test_scores_and_confidences_by_hand():
    assert score(LOGITS, 1).tolist() == [3, -1]
    assert score(LOGITS, (1, 0)).tolist() == [2, -3]
    assert score(LOGITS, torch.tensor([0, 2])).tolist() == [1, 4]
    torch.testing.assert_close(confidence(LOGITS, 1), LOGITS.softmax(1)[:, 1])
    # Of a pair: the probability of the first if only these two were there.
    torch.testing.assert_close(confidence(LOGITS, (1, 0)), LOGITS[:, [0, 1]].softmax(1)[:, 1])
    many = LOGITS.expand(5, 2, 3)
    assert score(many, torch.tensor([0, 2])).tolist() == [[1, 4]] * 5


@pytest.mark.parametrize("target", [3, -1, (0, 3), (-1, 0), torch.tensor([0, 3])], ids=str)
def test_a_class_that_does_not_exist(target):
    with pytest.raises(Problem, match="this network knows the classes 0 to 2"):
        confidence(LOGITS, target)
