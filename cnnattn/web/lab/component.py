"""The two elements of the page: one brings the networks to the browser, one draws.

Apart, because only a block of bytes by itself travels without base64, and because the networks
(2 MB each) then stay there when the picture, the language or the page changes.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.live.script import page_script, page_style

# Both modules are loaded from addresses of their own, so what they share hangs on the window.
_SHELF = """
const shelf = (globalThis.cnnattnNetworks ??=
  { arrived: null, contents: new Map(), waiting: new Set(), last: null });
"""

_BRING = """
export default function ({ data, setStateValue }) {
  shelf.keep = () => {
    shelf.changed = false;
    setStateValue("has", [...shelf.contents.keys()]);
  };
  if (data?.length) {
    shelf.arrived = data;
    for (const look of [...shelf.waiting]) look();
  }
  if (shelf.changed) shelf.keep();
}
"""

_DRAW = """
const MOST = 4; // sets of networks that stay here
const drawn = new WeakMap(); // element -> {lab, about, …}: data may come again and again

/** The networks called `key`, unpacked; null until they have come. */
function contentOf(key) {
  if (shelf.arrived) {
    const content = unpack(shelf.arrived);
    shelf.arrived = null;
    shelf.contents.delete(content.header.key);
    shelf.contents.set(content.header.key, content);
    for (const old of [...shelf.contents.keys()].slice(0, -MOST)) shelf.contents.delete(old);
    shelf.changed = true;
  }
  return shelf.contents.get(key) ?? null;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cnnattn-live");
  const { chosen: { pixels, ...named }, gates, ...rest } = data;
  const chosen = { ...named, pixels: fromBase64(pixels) };
  const before = drawn.get(parentElement) ?? {};
  const about = JSON.stringify(rest);
  if (before.look) shelf.waiting.delete(before.look);
  if (before.lab && !before.lab.stopped && before.about === about) {
    follow(before);
    return leave;
  }
  before.lab?.stop();
  const look = () => { // the networks come before this element or after it
    const content = contentOf(data.key);
    if (!content) return;
    shelf.waiting.delete(look);
    const lab = new Lab(root, content, { ...data, chosen, take, told: data.tells ? told : null });
    const here = { lab, about, pixels, key: data.key, gates: JSON.stringify(gates) };
    drawn.set(parentElement, here);
    if (shelf.changed) shelf.keep?.(); // after drawing: it asks for a rerun
    if (gates) return; // the page around it says how they stand
    const { last } = shelf; // gates and strokes outlast the element, which Streamlit may replace
    shelf.last = here;
    if (last?.key !== data.key) return;
    lab.resume(last.lab);
    if (last.pixels !== pixels) lab.choose(chosen);
  };
  drawn.set(parentElement, { look, about });
  shelf.waiting.add(look);
  look();
  return leave;

  /** Another picture, or other gates; not while a hand is moving them, which will tell of it. */
  function follow(here) {
    if (here.pixels !== pixels) {
      if (here.lab.view) here.lab.remember();
      here.lab.choose(chosen);
    }
    if (gates && here.gates !== JSON.stringify(gates) && !here.lab.moved) here.lab.setGates(gates);
    here.pixels = pixels;
    here.gates = JSON.stringify(gates);
  }

  function told(state) {
    setTriggerValue("told", { ...state, pixels: null });
  }

  function take(page, state) {
    const pixels = state.pixels && btoa(String.fromCharCode(...state.pixels));
    setTriggerValue("take", { ...state, page, pixels });
  }

  function leave() {
    const { lab, look } = drawn.get(parentElement) ?? {};
    shelf.waiting.delete(look);
    lab?.stop();
    drawn.delete(parentElement);
  }
}
"""

_networks = st.components.v2.component("cnnattn_networks", js=_SHELF + _BRING)
_page = st.components.v2.component(
    "cnnattn_live",
    html='<div class="cnnattn-live"></div>',
    css=page_style(),
    js=_SHELF + page_script() + _DRAW,
    isolate_styles=False,  # all of the style is below .cnnattn-live
)


def live_component(
    content: Callable[[], bytes],
    key: str,
    settings: dict[str, Any],
    picture: np.ndarray,
    on_told: Callable[[], None] = lambda: None,
    on_take: Callable[[], None] = lambda: None,
) -> dict[str, Any] | None:
    """Draw the page with the networks that ``content`` packs, called ``key``, and a picture.

    Returns the state that was asked to be taken to another page ("page" names it) in this run. The
    callbacks find theirs in ``st.session_state["live_page"]``, as "told" and "take".
    """
    pixels = base64.b64encode(picture.tobytes()).decode()
    data = {**settings, "key": key, "chosen": {**settings["chosen"], "pixels": pixels}}
    result = _page(key="live_page", data=data, on_told_change=on_told, on_take_change=on_take)
    # After the element that draws, which so is built while these travel.
    _bring(content, key)
    return result.take


def _bring(content: Callable[[], bytes], key: str) -> None:
    """Send the networks, unless this tab of the browser has said that it has them.

    No fragment: of what a page tells in one moment, such as its width and that the networks are
    there, Streamlit would draw nothing anew but the fragment.
    """
    has = st.session_state.get("live_has", [])
    data = None if key in has else content()
    _networks(key="live_networks", data=data, on_has_change=_note_what_is_there)


def _note_what_is_there() -> None:
    # The page may have been left since, and the element with it.
    has = (st.session_state.get("live_networks") or {}).get("has")
    if has is not None:
        st.session_state["live_has"] = has


def content_key(*parts: str) -> str:
    """A short name for what is packed of ``parts``."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
