"""The engine in V8 without a browser: calls with arrays in and out."""

import base64
import json

import numpy as np
from py_mini_racer import MiniRacer

from cnnattn.live.payload import Parts
from cnnattn.live.script import engine_script

# V8 alone has no atob; arrays travel as base64 of their bytes.
HARNESS = """
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE = new Uint8Array(128);
[...LETTERS].forEach((letter, i) => { VALUE[letter.charCodeAt(0)] = i; });
function bytesOf(text) {
  const clean = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor(clean.length * 3 / 4));
  let bits = 0, have = 0, to = 0;
  for (let i = 0; i < clean.length; i++) {
    bits = ((bits << 6) | VALUE[clean.charCodeAt(i)]) & 0xffffff; have += 6;
    if (have >= 8) { have -= 8; bytes[to++] = (bits >> have) & 255; }
  }
  return bytes;
}
function textOf(array) {
  const b = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let i = 0; i < b.length; i += 3) {
    const n = (b[i] << 16) | ((b[i + 1] || 0) << 8) | (b[i + 2] || 0);
    text += LETTERS[n >> 18] + LETTERS[(n >> 12) & 63] + LETTERS[(n >> 6) & 63] + LETTERS[n & 63];
  }
  return text;
}
const floats = (text) => new Float32Array(bytesOf(text).buffer);
let net, entry, result;
function open(text, kernels) {
  const { header, part } = unpack(bytesOf(text));
  entry = header;
  net = new Network(header.graph, unpackWeights(header.weights, part), kernels);
}
"""


class V8:
    """One JavaScript world with the engine, and at most one network ``net`` in it."""

    def __init__(self) -> None:
        self.js = MiniRacer()
        self.js.eval(engine_script() + HARNESS)

    def do(self, code: str) -> None:
        self.js.eval(code + "\n; 0")

    def array(self, code: str, dtype: str = "<f4") -> np.ndarray:
        """The typed array that ``code`` gives, flat."""
        length = self.js.eval(f"(result = {code}).byteLength")
        raw = base64.b64decode(self.js.eval("textOf(result)"))
        return np.frombuffer(raw[:length], dtype)

    def open(self, graph: dict, weights: dict[str, np.ndarray], kernels: str = "undefined") -> None:
        """Make ``net`` of a graph and float32 weights."""
        parts = Parts()
        entries = {
            name: {
                "shape": list(w.shape),
                "half": False,
                "at": parts.add(w.astype("<f4").tobytes()),
            }
            for name, w in weights.items()
        }
        self.open_bytes(parts.pack({"graph": graph, "weights": entries}), kernels)

    def open_bytes(self, content: bytes, kernels: str = "undefined") -> None:
        """Make ``net`` of a packed network."""
        self.do(f"open({json.dumps(base64.b64encode(content).decode())}, {kernels})")

    def set_input(self, x: np.ndarray) -> None:
        text = base64.b64encode(np.ascontiguousarray(x, "<f4").tobytes()).decode()
        self.do(f"net.setInput(floats({json.dumps(text)}))")
