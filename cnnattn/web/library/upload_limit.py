"""A file that is too large is refused in the browser: in the page's words, before it is sent.

Streamlit refuses it too, but in English words of its own, inside the uploader. To let larger files
come and refuse them here would cost the reader's network and the server's memory.
"""

from collections.abc import Callable

import streamlit as st

from cnnattn.data.pictures import MAX_BYTES
from cnnattn.web.shell.component import component

MOST_BYTES = MAX_BYTES  # Streamlit's own limit in .streamlit/config.toml is above it

# React hears of events at the root of the page; on the document, this hears of them before.
_GUARD = """
function begin({ data, setTriggerValue }) {
  const check = (event) => {
    if (!event.target.closest?.(`.st-key-${data.box}`)) return;
    const files = [...((event.dataTransfer ?? event.target).files ?? [])];
    const large = files.find((file) => file.size > data.most);
    if (!large) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === "change") event.target.value = "";
    setTriggerValue("refused", { name: large.name, bytes: large.size });
  };
  document.addEventListener("change", check, true);
  document.addEventListener("drop", check, true);
  return () => {
    document.removeEventListener("change", check, true);
    document.removeEventListener("drop", check, true);
  };
}
"""

_guard = component("upload_limit", _GUARD)


def refuse_large(box: str, refused: Callable[[str, int], None]) -> None:
    """Keep files above ``MOST_BYTES`` from the uploader in the container with the key ``box``.

    ``refused`` is called with such a file's name and bytes.
    """
    key = f"upload_limit_{box}"

    def tell() -> None:
        file = st.session_state[key].refused
        if file:
            refused(str(file["name"]), int(file["bytes"]))

    _guard(key=key, data={"box": box, "most": MOST_BYTES}, on_refused_change=tell)
