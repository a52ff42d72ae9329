"""A chart that grows where it stands: no flicker, and a zoom or a pointed-at value stays.

``st.plotly_chart`` puts a new chart in the place of the old one whenever its figure changes, even
under the same key (Streamlit 1.67). Here the chart keeps the figure it was first drawn with, and
what has come since is handed to the drawing in the browser: a Plotly drawing tells the React part
around it what it shows at each of its own updates, and that part then draws what it was told.
"""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cnnattn.web.shell.component import component
from cnnattn.web.shell.plot import show

_HAND_OVER = """
function begin({ data }) {
  let waiting = true;
  const show = (tries) => {
    const chart = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    if (!waiting) return;
    if (!chart || !chart._fullLayout || chart._dragging) {
      if (tries) setTimeout(() => show(tries - 1), 100);
      return;
    }
    const { template, width, height } = chart.layout;
    const figure = JSON.parse(data.figure);
    chart.data = figure.data;
    chart.layout = { ...figure.layout, template, width, height };
    chart.emit("plotly_redraw");
  };
  show(50);
  return () => { waiting = false; };
}
"""

_hand_over = component("live_chart", _HAND_OVER)


def live_chart(figure: go.Figure, key: str, view: str, alt: str) -> None:
    """Draw ``figure``; while ``view`` stays the same, into the drawing that is there already."""
    drawn: dict[str, Any] = st.session_state.setdefault("live_charts", {})
    if drawn.get(key, {}).get("view") != view:
        drawn[key] = {"view": view, "figure": figure, "alt": alt}
    first = drawn[key]
    show(first["figure"], key=key, alt=first["alt"])
    _hand_over(key=f"hand_over_{key}", data={"chart": key, "figure": figure.to_json()})
