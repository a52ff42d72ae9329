"""The tools below every figure: save it, read its numbers, pass the view on.

One component a page hangs them on all charts in the browser: widgets for each would cost the server
an element a button. It also lets a finger scroll the page over a figure, and tap what it means.
"""

import streamlit as st

from cnnattn.web.shell.component import component
from cnnattn.web.shell.text import _

KEY = "figure_tools"
_HANG = r"""
const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
const ICONS = {
  image: icon("M12 4v11m0 0-4-4m4 4 4-4M5 19h14"),
  table: icon("M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14"),
  link: icon("M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1" +
    "m2 4a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1"),
  done: icon("M5 12.5 10 17l9-10"),
};
function begin({ data, setTriggerValue }) {
  const page = document.querySelector("[data-testid=stMain]");
  if (!page) return;
  // A figure as the page draws it, twice as large. Plotly's own camera draws without the page's
  // font and colours, and words that are wider in another font run over the edges.
  const save = async (plot) => {
    const layers = [...plot.querySelectorAll(".main-svg")];
    const svg = layers[0].cloneNode(false);
    for (const layer of layers) svg.append(...layer.cloneNode(true).childNodes);
    svg.querySelectorAll(".hoverlayer").forEach((layer) => layer.remove());
    const fonts = document.createElementNS(svg.namespaceURI, "style");
    fonts.textContent = await fontsOf(getComputedStyle(plot.querySelector("text") ?? plot));
    svg.prepend(fonts);
    svg.style.color = getComputedStyle(plot).color;  // what "currentColor" is here
    const text = new XMLSerializer().serializeToString(svg);
    const drawn = new Image();
    drawn.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    await drawn.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2 * drawn.width, 2 * drawn.height];
    const context = canvas.getContext("2d");
    const app = document.querySelector("[data-testid=stApp]");
    context.fillStyle = getComputedStyle(app).backgroundColor;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(drawn, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(drawn.src);
    const link = document.createElement("a");
    link.download = `${plot._context.toImageButtonOptions.filename}.png`;
    link.href = canvas.toDataURL();
    link.click();
  };
  // The rules of the font that is named first, the files in them: a picture may fetch nothing.
  const fontsOf = async ({ fontFamily }) => {
    const wanted = fontFamily.split(",")[0];
    const rules = [...document.styleSheets].flatMap((sheet) => {
      try { return [...sheet.cssRules]; } catch { return []; }  // of another host, an extension's
    });
    const faces = rules.filter((rule) => rule instanceof CSSFontFaceRule
      && rule.style.getPropertyValue("font-family") === wanted);
    return (await Promise.all(faces.map(async (face) => {
      const path = /url\(["']?([^"')]+)/.exec(face.cssText)[1];
      const from = face.parentStyleSheet.href ?? document.baseURI;
      const file = await (await fetch(new URL(path, from))).blob();
      const data = await new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result);
        reader.readAsDataURL(file);
      });
      return face.cssText.replace(path, data);
    }))).join("");
  };
  const copy = async (button) => {
    try { await navigator.clipboard.writeText(location.href); }
    catch {  // a page that came by plain http may not use the clipboard
      const field = document.body.appendChild(document.createElement("textarea"));
      field.value = location.href;
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.innerHTML = ICONS.done;
    button.setAttribute("aria-label", data.words.copied);
    setTimeout(() => {
      button.innerHTML = ICONS.link;
      button.setAttribute("aria-label", data.words.link);
    }, 1500);
  };
  const row = (key, chart) => {
    const tools = document.createElement("div");
    tools.className = "figure-tools";
    const add = (icon, word, explained, act) => {
      const button = tools.appendChild(document.createElement("button"));
      button.type = "button";
      button.innerHTML = ICONS[icon];
      button.setAttribute("aria-label", word);
      button.title = explained;
      button.onclick = () => act(button);
      return button;
    };
    add("image", "PNG", data.words.png_help, () => save(chart()));
    if (data.tables.includes(key)) {
      const open = data.open.includes(key);
      add("table", data.words.table, data.words.table_help, () => setTriggerValue("table", key))
        .setAttribute("aria-expanded", open);
    }
    add("link", data.words.link, data.words.link_help, copy);
    return tools;
  };
  const said = JSON.stringify(data);
  const hang = () => page.querySelectorAll("[data-testid=stPlotlyChart]").forEach((plot) => {
    const box = plot.closest("[class*=st-key-]");
    const key = [...box?.classList ?? []].find((name) => name.startsWith("st-key-"))?.slice(7);
    if (!key) return;
    const before = box.querySelector(":scope > .figure-tools");
    if (before?.dataset.said === said) return;
    const focused = before ? [...before.children].indexOf(document.activeElement) : -1;
    const tools = row(key, () => box.querySelector(".js-plotly-plot"));
    tools.dataset.said = said;
    before ? before.replaceWith(tools) : box.append(tools);
    tools.children[focused]?.focus();
  });
  let soon = 0;
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(soon);
    soon = requestAnimationFrame(hang);
  });
  observer.observe(page, { childList: true, subtree: true });
  hang();
  // Plotly would hold the page under a finger that wants to scroll, and take a tap for one at the
  // place of the tap before. Not told of fingers, it gets the mouse's events that a tap becomes.
  const finger = (event) => {
    if (event.target.closest?.(".js-plotly-plot")) event.stopPropagation();
  };
  document.addEventListener("touchstart", finger, { capture: true, passive: true });
  return () => {
    observer.disconnect();
    cancelAnimationFrame(soon);
    document.removeEventListener("touchstart", finger, { capture: true });
  };
}
"""

_hang = component(KEY, _HANG)


def begin() -> None:
    """Begin a page: no figure yet, and nothing that they are about."""
    st.session_state["_tables"], st.session_state["_subject"] = [], {}


def offers_table(key: str) -> bool:
    """Let the figure's numbers be read as a table; whether that is open."""
    tables: list[str] = st.session_state.setdefault("_tables", [])
    if key not in tables:
        tables.append(key)
    return key in _open_tables()


def figure_tools() -> None:
    """Hang the tools on all figures of the page, after the last of them."""
    words = {
        "png_help": _("Save this figure as a picture (PNG)"),
        "table": _("Table"),
        "table_help": _("The numbers of this figure as a table, which can be saved as CSV"),
        "link": _("Copy link"),
        "link_help": _("Copy a link that reopens this view"),
        "copied": _("Copied"),
    }
    data = {"words": words, "tables": st.session_state["_tables"], "open": sorted(_open_tables())}
    _hang(key=KEY, data=data, on_table_change=_open_or_close)


def _open_tables() -> set[str]:
    found: set[str] = st.session_state.setdefault("_open_tables", set())
    return found


def _open_or_close() -> None:
    if key := st.session_state[KEY].table:
        _open_tables().symmetric_difference_update({key})
