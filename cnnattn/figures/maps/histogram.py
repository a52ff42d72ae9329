"""How the values of a layer are spread: outlines of histograms, a line a model."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from cnnattn.figures.kit.frame import (
    FONT,
    RIGHT,
    TITLE,
    Part,
    Plain,
    bands,
    figure,
    heading,
    value_axis,
)

MARGIN = {"l": 70, "r": RIGHT, "t": 0, "b": 46}


def histogram(
    values: Sequence[np.ndarray],
    titles: Sequence[str],
    colours: Sequence[str],
    *,
    x_title: str = "",
    y_title: str = "",
    hover: str = "{title}: %{y:.2%}<br>%{customdata}",
    bins: int = 60,
    log: bool = False,
    height: float = 260,
    uirevision: str = "histogram",
) -> go.Figure:
    """The share of each model's values (any shape) that falls in each of the same ``bins``.

    Shares of one model sum to 1. ``log`` draws them on a logarithmic axis, for a layer after ReLU,
    where most values are 0. ``hover`` is a template with {title}; Plotly fills in %{y}, the share,
    and %{customdata}, the bin.
    """
    finite = [array[np.isfinite(array)] for array in values]
    edges = np.histogram_bin_edges(np.concatenate(finite), bins)
    names = [f"{low:.3g} … {high:.3g}" for low, high in pairwise(edges)]
    band = bands([TITLE, height - TITLE - MARGIN["b"]])
    traces = []
    for array, title, colour in zip(finite, titles, colours, strict=True):
        share = np.histogram(array, edges)[0] / max(1, array.size)
        traces.append(
            {
                "type": "scatter", "mode": "lines", "x": (edges[:-1] + edges[1:]) / 2,
                "y": np.where(share > 0, share, np.nan) if log else share,
                "line": {"shape": "hvh", "color": colour, "width": 2}, "name": title,
                "fill": "none" if log else "tozeroy", "customdata": names,
                "hovertemplate": hover.replace("{title}", title) + "<extra></extra>",
            }
        )  # fmt: skip
    texts = [
        heading(title, i / len(titles), band[0][1], colour)
        for i, (title, colour) in enumerate(zip(titles, colours, strict=True))
    ]
    axes = {
        "xaxis": value_axis((0, 1), "y", title=_title(x_title)),
        "yaxis": value_axis(
            band[1],
            "x",
            title=_title(y_title),
            type="log" if log else "linear",
            tickformat=".2~%",
            nticks=6,
        ),
    }
    return figure([Part(traces, axes, [], texts)], height, uirevision, margin=MARGIN)


def _title(text: str) -> Plain:
    return {"text": text, "font": {"size": FONT}, "standoff": 6}
