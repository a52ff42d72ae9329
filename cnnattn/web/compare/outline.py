"""What the home page asks of a picture in its networks before it draws a figure.

Kept for itself, in a few bytes: a rerun that finds all its figures drawn needs no analysis, of
which only some are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnnattn.web.library import charts
from cnnattn.web.library.checkpoints import Model
from cnnattn.web.library.pickers import Chosen
from cnnattn.web.library.shared import Shared, shared


@dataclass(frozen=True)
class Outline:
    """Stages and models by their index."""

    widest: int  # the stage whose gates differ most
    gated: int  # the first model with gates, 0 if none has any
    gated_widest: int  # its stage whose gates differ most
    channels: tuple[Mapping[str, int], ...]  # of each stage: a layer's role -> its most channels


@shared(Shared(4096))
def outline(models: Sequence[Model], chosen: Chosen) -> Outline:
    """The outline of a picture in these models."""
    pairs = charts.pairs_of(models, chosen.picture)
    gated = next((i for i, (_model, analysis) in enumerate(pairs) if analysis.channel_gates), 0)
    deepest = max((model.stages for model in models), key=len)
    return Outline(
        charts.widest_stage(pairs),
        gated,
        charts.widest_stage([pairs[gated]]),
        tuple(
            {
                role: max(
                    len(analysis.maps[model.stages[index].layers[role]])
                    for model, analysis in charts.with_stage(pairs, index)
                )
                for role in stage.layers
            }
            for index, stage in enumerate(deepest)
        ),
    )
