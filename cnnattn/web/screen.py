"""How wide the reader's page is, so that figures on a telephone are drawn for a telephone."""

import streamlit as st

from cnnattn.figures.frame import WIDTH

_NARROW, _MEDIUM = 350, 680  # planned widths in pixels of a telephone and of half a screen

_TELL = """
export default function({ data, setStateValue }) {
  const page = document.querySelector("[data-testid=stMainBlockContainer]");
  if (!page) return;
  let told = data.width;
  const tell = () => {
    const room = page.clientWidth;
    const width = room < 560 ? data.narrow : room < 860 ? data.medium : data.wide;
    if (width !== told) { told = width; setStateValue("width", width); }
  };
  const observer = new ResizeObserver(tell);
  observer.observe(page);
  return () => observer.disconnect();
}
"""

_measure = st.components.v2.component("page_width", js=_TELL)


def page_width() -> int:
    """Width in pixels to plan figures for: of three sizes, the one nearest to the page's own.

    The browser tells it only when it is another than the one planned with, so a page on a wide
    screen, the one that is assumed at first, is computed once.
    """
    known = st.session_state.get("page_width", {}).get("width") or WIDTH
    sizes = {"narrow": _NARROW, "medium": _MEDIUM, "wide": WIDTH}
    _measure(key="page_width", data={"width": known, **sizes}, on_width_change=lambda: None)
    return known
