"""What the browser is told, and tells: the language of the page, and how wide it is.

On a telephone, a link in the navigation also closes the sidebar, which lies over the page there.
"""

import streamlit as st

from cnnattn.figures.kit.frame import WIDTH
from cnnattn.web.shell.component import component

# Planned widths in pixels of a telephone, of half a screen, and of a projector.
_NARROW, _MEDIUM, _BROAD = 350, 680, 1400

_TELL = """
function begin({ data, setStateValue }) {
  document.documentElement.lang = data.lang;
  const page = document.querySelector("[data-testid=stMainBlockContainer]");
  if (!page) return;
  let told = data.width;
  const tell = () => {
    const room = page.clientWidth;
    const width = room < 560 ? data.narrow : room < 860 ? data.medium
      : room < 1380 ? data.wide : data.broad;
    if (width !== told) { told = width; setStateValue("width", width); }
  };
  const observer = new ResizeObserver(tell);
  observer.observe(page);
  // Where the sidebar lies over the page, Streamlit's page_link would leave it there.
  const uncover = (event) => {
    if (innerWidth < 768 && event.target.closest?.(".st-key-navigation a"))
      document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  };
  document.addEventListener("click", uncover);
  return () => {
    observer.disconnect();
    document.removeEventListener("click", uncover);
  };
}
"""

_measure = component("page_width", _TELL)


def page_width(language: str) -> int:
    """Width in pixels to plan figures for: of four sizes, the one nearest to the page's own.

    The browser tells it only when it is another than the one planned with, so a page on a
    notebook's screen, the one that is assumed at first, is computed once, and so is every page
    after the first on another screen. Screen readers are told that the page is in ``language``.
    """
    # What the element told is forgotten with the page that it stood on.
    kept = st.session_state.get("width_told", WIDTH)
    known = st.session_state.get("page_width", {}).get("width") or kept
    st.session_state["width_told"] = known
    sizes = {"narrow": _NARROW, "medium": _MEDIUM, "wide": WIDTH, "broad": _BROAD}
    data = {"width": known, "lang": {"zh": "zh-CN"}.get(language, language), **sizes}
    _measure(key="page_width", data=data, on_width_change=lambda: None)
    return known
