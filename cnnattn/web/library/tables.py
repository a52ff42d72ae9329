"""The numbers behind figures, as the lines of tables."""

from collections.abc import Sequence

import numpy as np

from cnnattn.explain.channels import channel_numbers
from cnnattn.web.library.charts import Pair, with_stage
from cnnattn.web.shell.text import _, class_name


def layer_rows(maps: np.ndarray) -> list[dict[str, object]]:
    """The numbers of every channel of a layer, ``maps`` (C, H, W)."""
    numbers = channel_numbers(maps)
    return [
        {
            _("channel"): c,
            _("mean"): float(numbers.mean[c]),
            _("max"): float(numbers.max[c]),
            _("share of zeros"): float(numbers.zeros[c]),
        }
        for c in range(len(maps))
    ]


def stage_rows(pairs: Sequence[Pair], stage_index: int, role: str) -> list[dict[str, object]]:
    """The numbers behind a channel grid, a row a channel and model."""
    rows = []
    for model, analysis in with_stage(pairs, stage_index):
        stage = model.stages[stage_index]
        gates = analysis.channel_gates.get(stage.gate)
        for c, numbers in enumerate(layer_rows(analysis.maps[stage.layers[role]])):
            gate = None if gates is None else float(gates[c])
            rows.append({_("model"): model.title, **numbers, _("gate"): gate})
    return rows


def class_rows(pairs: Sequence[Pair]) -> list[dict[str, object]]:
    """The probability of every class, a row a class and a column a model."""
    classes = dict.fromkeys(name for model, _found in pairs for name in model.classes)
    return [
        {_("class"): class_name(name)}
        | {
            model.title: float(analysis.probabilities[model.classes.index(name)])
            for model, analysis in pairs
            if name in model.classes
        }
        for name in classes
    ]
