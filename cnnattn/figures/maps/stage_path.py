"""The whole network as one line: picture, stages with their gates, answer. A stage is clicked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import WIDTH, Part, Plain, figure, label
from cnnattn.figures.kit.palette import CLEAR, FAINT, LINE, NEUTRAL
from cnnattn.figures.kit.png import picture_on, png_uri
from cnnattn.figures.kit.tiles import marker_trace

HEIGHT, TOP, BOX = 96, 22, 52  # of the figure, of the words above a box, of a box, in pixels
PICTURE, ANSWER, GAP = 52, 104, 30  # widths in pixels; the gap has the arrow


@dataclass(frozen=True)
class StageBox:
    """One stage: what is written above and below, and the gates (C,) of every model with any."""

    name: str  # given to a click
    title: str
    size: str
    gates: Sequence[tuple[str, np.ndarray]] = ()  # (the model's colour, its gates)
    hover: str = ""


def stage_path(
    picture: np.ndarray,
    stages: Sequence[StageBox],
    answer: str,
    *,
    picture_title: str = "",
    selected: str | None = None,
    width: float = WIDTH,
    uirevision: str = "stages",
) -> go.Figure:
    """``picture`` (uint8, (H, W, 3)) -> a box a stage -> ``answer``, ``width`` pixels wide.

    In a box stand its gates, sorted, as bars up and down from their mean, the models one beside
    the other, all stages on one scale: a high staircase means that attention tells channels
    apart. A click gives the stage's name as ``customdata``; stage ``selected`` is framed.
    """
    gap = GAP if width > 500 else GAP / 2
    box = (width - PICTURE - ANSWER - (len(stages) + 1) * gap) / len(stages)
    starts = [PICTURE + gap + i * (box + gap) for i in range(len(stages))]
    centres, middle = [start + box / 2 for start in starts], TOP + BOX / 2
    deviations = [[np.sort(g - g.mean())[::-1] for _, g in stage.gates] for stage in stages]
    largest = max((np.abs(d).max() for own in deviations for d in own), default=0.0) or 1.0
    traces: list[Plain] = []
    for stage, start, own in zip(stages, starts, deviations, strict=True):
        room = (box - 12) / max(1, len(own))
        for k, ((colour, _gates), values) in enumerate(zip(stage.gates, own, strict=True)):
            step = (room - 8) / len(values)
            left = start + 10 + k * room
            solid = {"marker": {"opacity": 1}}
            traces.append(
                {
                    "type": "bar", "x": left + step * (np.arange(len(values)) + 0.5),
                    "y": -values / largest * (BOX / 2 - 4), "base": middle, "width": step * 0.9,
                    "marker": {"color": colour, "line": {"width": 0}}, "hoverinfo": "skip",
                    "selected": solid, "unselected": solid,
                }
            )  # fmt: skip
    names, hovers = [stage.name for stage in stages], [stage.hover for stage in stages]
    traces.append(marker_trace(centres, [middle] * len(stages), names, hovers, "", NEUTRAL))
    boxes = [
        {
            "type": "rect", "x0": start, "x1": start + box, "y0": TOP, "y1": TOP + BOX,
            "line": {"color": LINE, "width": 3 if stage.name == selected else 1},
            "fillcolor": FAINT if stage.name == selected else CLEAR, "layer": "below",
        }
        for stage, start in zip(stages, starts, strict=True)
    ]  # fmt: skip
    ends = [PICTURE, *(start + box for start in starts)]
    at: Plain = {"xref": "x", "yref": "y"}
    texts = [_arrow(end + 3, end + gap - 3, middle) for end in ends]
    for stage, x in zip(stages, centres, strict=True):
        title = f"<b>{stage.title}</b>" if stage.name == selected else stage.title
        texts.append(label(title, x, TOP - 2, yanchor="bottom", xanchor="center", **at))
        texts.append(label(stage.size, x, TOP + BOX + 2, xanchor="center", **at))
    texts.append(label(answer, width - ANSWER + 2, middle, yanchor="middle", **at))
    texts.append(label(picture_title, PICTURE / 2, TOP + BOX + 2, xanchor="center", **at))
    hidden = {"visible": False, "fixedrange": True}
    axes = {
        "xaxis": hidden | {"range": [0, width], "domain": [0, 1]},
        "yaxis": hidden | {"range": [HEIGHT, 0], "domain": [0, 1]},
    }
    image = picture_on(png_uri(picture, sharp=128), PICTURE, BOX, y=TOP)
    part = Part(traces, axes, boxes, texts, [image])
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return figure([part], HEIGHT, uirevision, margin=margin, barmode="overlay")


def _arrow(start: float, end: float, y: float) -> Plain:
    return {
        "x": end, "y": y, "ax": start, "ay": y, "xref": "x", "yref": "y", "axref": "x",
        "ayref": "y", "showarrow": True, "arrowhead": 2, "arrowwidth": 2, "arrowcolor": LINE,
        "text": "",
    }  # fmt: skip
