"""The words of the page Heat maps: what is explained, and why a map shows nothing."""

from collections.abc import Sequence

import torch

from cnnattn.explain.cam import fault
from cnnattn.web.heat.maps import Choice, Explained, Shuffled
from cnnattn.web.heat.methods import method_names
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.shell.text import _, class_name, paragraph, percent, sentence


def target_title(model: Model, target: Choice) -> str:
    """“cat”, or “cat, not dog”."""
    if isinstance(target, tuple):
        a, b = (class_name(model.classes[number]) for number in target)
        return _("{a}, not {b}", a=a, b=b)
    return class_name(model.classes[target])


def wanted_name(name: str) -> str:
    """A choice of a class to explain, or of one to set it apart from, in words."""
    special = {
        "predicted": _("each model's own prediction"),
        "true": _("the true class"),
        "none": _("none"),
        "second": _("each model's second choice"),
    }
    return special.get(name) or class_name(name)


def remarks(explained: Sequence[Explained], signed: bool) -> list[str]:
    """For every map that shows nothing, why that can be and what to try, each in a sentence."""
    names = method_names()
    reasons = {
        "nan": _(
            "some values are not numbers: the network overflowed or its weights are damaged. Try "
            "another layer or another file of weights."
        ),
        "blank": _(
            "the map is blank: no gradient reaches this layer for this class, or the layer is "
            "inactive here. Try another layer or class, or a method without gradients such as "
            "Score-CAM."
        ),
        "negative": _(
            "no value is above 0: nothing at this layer supports this class, so the positive part "
            "is blank. Switch to “signed” to see what opposes it, or choose the predicted class."
        ),
        "constant": _(
            "every position has the same value: at this layer the method finds no difference "
            "between positions. Try an earlier layer."
        ),
    }
    lines = []
    for each in explained:
        for method, cam in each.maps.items():
            reason = fault(torch.from_numpy(cam))
            if reason and not (signed and reason == "negative"):
                lines.append(f"**{each.model.title} · {names[method]}**: {reasons[reason]}")
        for method, problem in each.problems.items():
            lines.append(f"**{each.model.title} · {names[method]}**: {sentence(problem)}")
    return lines


def in_words(explained: Sequence[Explained]) -> str:
    """The matrix's main numbers, for those who cannot see it."""
    names, told = method_names(), [_("Heat maps over the image.")]
    for each in explained:
        told.append(
            _(
                "{model}, target: {what}, confidence {sure}.",
                model=each.model.title,
                what=target_title(each.model, each.target),
                sure=percent(each.sure),
            )
        )
        told += [
            _("{method}: deletion {deletion}, insertion {insertion}.", method=names[method],
              deletion=percent(each.measured[method].values["deletion"]),
              insertion=percent(each.measured[method].values["insertion"]))
            for method in each.maps
        ]  # fmt: skip
    return paragraph(told)


def shuffled_in_words(steps: Sequence[tuple[Model, Sequence[Shuffled]]]) -> str:
    """How like the first map the last one is, for those who cannot see them."""
    return paragraph(
        _(
            "{model}: with all weights randomised, rank correlation {rank:.2f} with the original "
            "map.",
            model=model.title,
            rank=of[-1].rank,
        )
        for model, of in steps
    )
