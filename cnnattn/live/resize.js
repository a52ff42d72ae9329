"use strict";

/**
 * A square picture at another size, by Pillow's antialiased bilinear filter, to the byte: a
 * triangle as wide as what a new pixel covers, in fixed point with 22 bits, rows first.
 *
 * @param pixels  RGB or RGBA, `from` × `from`
 * @returns       Uint8ClampedArray, RGB, `to` × `to`
 */
function resize(pixels, from, to) {
  const depth = pixels.length / (from * from);
  const windows = resizeWindows(from, to);
  const wide = new Uint8ClampedArray(from * to * 3);
  const result = new Uint8ClampedArray(to * to * 3);
  for (let y = 0; y < from; y++) {
    for (let x = 0; x < to; x++) {
      const { start, weights } = windows[x];
      for (let c = 0; c < 3; c++) {
        let sum = 2 ** 21;
        for (let j = 0; j < weights.length; j++) {
          sum += pixels[(y * from + start + j) * depth + c] * weights[j];
        }
        wide[(y * to + x) * 3 + c] = Math.floor(sum / 2 ** 22);
      }
    }
  }
  for (let y = 0; y < to; y++) {
    const { start, weights } = windows[y];
    for (let x = 0; x < to; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 2 ** 21;
        for (let j = 0; j < weights.length; j++) {
          sum += wide[((start + j) * to + x) * 3 + c] * weights[j];
        }
        result[(y * to + x) * 3 + c] = Math.floor(sum / 2 ** 22);
      }
    }
  }
  return result;
}

/** For each new pixel the first old one that it covers, and the weights of all those. */
function resizeWindows(from, to) {
  const scale = from / to, support = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const parts = [];
    for (let x = start; x < end; x++) {
      parts.push(Math.max(0, 1 - Math.abs((x - centre + 0.5) / support)));
    }
    const sum = parts.reduce((a, b) => a + b, 0);
    return { start, weights: parts.map((part) => Math.trunc((part / sum) * 2 ** 22 + 0.5)) };
  });
}
