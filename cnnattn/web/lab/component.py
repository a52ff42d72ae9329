"""The two elements of the page: one brings the networks to the browser, one draws.

Apart, because only a block of bytes by itself travels without base64, and because the networks
(2 MB each) then stay there when the picture or the language changes.
"""

import base64
import hashlib
from typing import Any

import numpy as np
import streamlit as st

from cnnattn.live.script import page_script, page_style

# Both modules are loaded from addresses of their own, so what they share hangs on the window.
_BRING = """
export default function ({ data }) {
  const shelf = (globalThis.cnnattnNetworks ??= { bytes: null, waiting: new Set() });
  shelf.bytes = data;
  for (const look of [...shelf.waiting]) look();
}
"""

_DRAW = """
const drawn = new WeakMap(); // element -> {lab, key, settings, look}: data may come again and again
export default function ({ data, parentElement }) {
  const shelf = (globalThis.cnnattnNetworks ??= { bytes: null, waiting: new Set() });
  const root = parentElement.querySelector(".cnnattn-live");
  const pixels = Uint8Array.from(atob(data.chosen.pixels), (sign) => sign.charCodeAt(0));
  const chosen = { ...data.chosen, pixels };
  const before = drawn.get(parentElement) ?? {};
  const about = JSON.stringify({ ...data, chosen: null });
  if (before.look) shelf.waiting.delete(before.look);
  if (before.lab && !before.lab.stopped && before.about === about) {
    if (before.chosen !== data.chosen.pixels) {
      before.lab.remember();
      before.lab.choose(chosen);
      before.chosen = data.chosen.pixels;
    }
    return leave;
  }
  before.lab?.stop();
  const look = () => { // the bytes come before this element or after it
    if (!shelf.bytes) return;
    const content = unpack(shelf.bytes);
    if (content.header.key !== data.key) return;
    shelf.waiting.delete(look);
    const lab = new Lab(root, content, { ...data, chosen });
    drawn.set(parentElement, { lab, about, chosen: data.chosen.pixels });
  };
  drawn.set(parentElement, { look, about });
  shelf.waiting.add(look);
  look();
  return leave;

  function leave() {
    const { lab, look } = drawn.get(parentElement) ?? {};
    shelf.waiting.delete(look);
    lab?.stop();
    drawn.delete(parentElement);
  }
}
"""

_networks = st.components.v2.component("cnnattn_networks", js=_BRING)
_page = st.components.v2.component(
    "cnnattn_live",
    html='<div class="cnnattn-live"></div>',
    css=page_style(),
    js=page_script() + _DRAW,
    isolate_styles=False,  # all of the style is below .cnnattn-live
)


def live_component(content: bytes, key: str, settings: dict[str, Any], picture: np.ndarray) -> None:
    """Draw the page: ``content`` from ``pack`` under the name ``key``, ``picture`` (32, 32, 3)."""
    pixels = base64.b64encode(picture.tobytes()).decode()
    _networks(key="live_networks", data=content)
    data = {**settings, "key": key, "chosen": {**settings["chosen"], "pixels": pixels}}
    _page(key="live_page", data=data)


def content_key(*parts: str) -> str:
    """A short name for what is packed of ``parts``."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
