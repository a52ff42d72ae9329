"""Elements of the page with JavaScript of their own."""

from typing import Any

import streamlit as st

_ONCE = """
const ends = new WeakMap();  // where an element is drawn -> the end of what began there
export default function (given) {
  const at = given.parentElement;
  ends.get(at)?.();
  const end = begin(given) ?? (() => {});
  ends.set(at, end);
  return end;
}
"""


def component(name: str, script: str) -> Any:
    """An element drawn by ``script``, whose ``function begin({data, …})`` may return its end.

    On new data, in many reruns, Streamlit calls a component's function again without having called
    the end of the call before; here that comes first. An end may be called twice.
    """
    return st.components.v2.component(name, js=script + _ONCE)
