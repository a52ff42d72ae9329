"use strict";
// Reads what payload.py packs.

/** Text in base64 -> bytes. */
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const signs = atob(text), bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i); // Uint8Array.from takes 8 times as long
  return bytes;
}

/** Bytes -> {header, part}: `part([start, length])` is a view of the bytes that a header calls. */
function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  let text = "";
  for (let i = 4; i < 4 + length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, Math.min(i + 8192, 4 + length)));
  }
  const start = Math.ceil((4 + length) / 16) * 16;
  const part = ([at, size]) => bytes.subarray(start + at, start + at + size);
  return { header: JSON.parse(text), part };
}

/** The weights of a network: {name: {shape, data}}, float32. */
function unpackWeights(entries, part) {
  const weights = {};
  for (const [name, { shape, half, at }] of Object.entries(entries)) {
    const raw = part(at).slice().buffer; // a copy, for numbers must begin at a multiple of 4
    weights[name] = { shape, data: half ? fromHalf(new Uint16Array(raw)) : new Float32Array(raw) };
  }
  return weights;
}

/** Numbers in half precision (IEEE 754 binary16) as float32. */
function fromHalf(halves) {
  const all = (allHalves ??= everyHalf()), numbers = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) numbers[i] = all[halves[i]];
  return numbers;
}

let allHalves = null; // the value of each pattern of 16 bits: networks have millions of weights

function everyHalf() {
  const numbers = new Float32Array(65536);
  const bits = new Uint32Array(numbers.buffer);
  for (let i = 0; i < 65536; i++) {
    const sign = i >> 15, exponent = (i >> 10) & 31, fraction = i & 1023;
    if (exponent === 0) numbers[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
    else bits[i] = (sign << 31) | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  }
  return numbers;
}
