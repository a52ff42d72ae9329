"""What a heat map explains: the score of a class, or what sets one class apart from another."""

from torch import Tensor

from cnnattn.problem import Problem

Target = int | tuple[int, int] | Tensor
"""A class number; a pair (a, b), “why a and not b”; or one class number a picture, (N,)."""


def score(logits: Tensor, target: Target) -> Tensor:
    """What is explained, (…, N) from logits (…, N, classes): the class's logit.

    Of a pair it is the difference of the two logits, on which all other classes have no say.
    Raises Problem for a class that does not exist.
    """
    _check(target, logits.shape[-1])
    if isinstance(target, tuple):
        return logits[..., target[0]] - logits[..., target[1]]
    if isinstance(target, Tensor):
        chosen = target.to(logits.device).expand(logits.shape[:-1])
        return logits.gather(-1, chosen[..., None])[..., 0]
    return logits[..., target]


def confidence(logits: Tensor, target: Target) -> Tensor:
    """How sure the network is of the target, 0 … 1, (…, N) from logits (…, N, classes).

    The softmax probability of the class; of a pair (a, b), that of a among these two alone.
    Raises Problem as ``score`` does.
    """
    if isinstance(target, tuple):
        return score(logits, target).sigmoid()
    return score(logits.softmax(-1), target)


def _check(target: Target, classes: int) -> None:
    numbers = target.tolist() if isinstance(target, Tensor) else target
    for number in numbers if isinstance(numbers, tuple | list) else [numbers]:
        if not 0 <= number < classes:
            raise Problem(
                "There is no class number {target}; this network knows the classes 0 to {last}.",
                target=number,
                last=classes - 1,
            )
    if isinstance(numbers, tuple) and numbers[0] == numbers[1]:
        raise Problem(
            "Class number {target} cannot be set apart from itself; choose two different classes.",
            target=numbers[0],
        )
