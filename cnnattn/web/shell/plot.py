"""One way to show a figure."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cnnattn.web.shell.figure_tools import offers_table
from cnnattn.web.shell.url_state import current_page

CONFIG = {"displaylogo": False, "displayModeBar": "hover"}
"""Plotly's tool bar: appears under the pointer; its camera saves a PNG."""


def show(
    figure: go.Figure,
    key: str,
    alt: str,
    on_click: Callable[[Any], None] | None = None,
    place: Any = st,
    rows: Callable[[], list[dict[str, Any]]] | None = None,
) -> None:
    """Draw a figure in ``place``.

    ``alt`` says in words what is seen. ``on_click`` is called with the ``customdata`` of the mark
    that was clicked (a list of one value is that value). ``rows`` are the figure's numbers as the
    lines of a table, asked for only while that is open.
    """
    config = CONFIG | {"toImageButtonOptions": {"filename": file_name(key), "scale": 2}}
    if on_click is None:
        place.plotly_chart(figure, key=key, config=config, alt=alt)
    else:
        place.plotly_chart(
            figure,
            key=key,
            config=config,
            alt=alt,
            on_select=lambda: _click(key, on_click),
            selection_mode="points",
        )
    if rows is not None and offers_table(key):
        place.dataframe(rows(), hide_index=True, key=f"{key}_rows")


def subject(**names: str) -> None:
    """What this run is about (``picture="cat-1"``, ``models=…``), for the names of files."""
    st.session_state.setdefault("_subject", {}).update(names)


def file_name(key: str) -> str:
    """What a saved picture of the figure is called: page, figure, picture and models."""
    words = [current_page(), key, *st.session_state.get("_subject", {}).values()]
    return "-".join(word for word in words if word)[:150]


def _click(key: str, on_click: Callable[[Any], None]) -> None:
    points = st.session_state[key].selection.points
    if not points:
        return
    value = points[0].get("customdata")
    on_click(value[0] if isinstance(value, list) and len(value) == 1 else value)
