"use strict";

// Class activation maps from the maps A of a layer and the gradient g of a logit, both (C, H·W),
// as cnnattn/explain/cam.py defines them: signed, the ReLU is the drawing's.

/** A map that is a weighted sum of the channels: `weight(A, g, from, to)` is one channel's. */
const weighted = (weight) => (A, g, channels, places, map) => {
  map.fill(0);
  for (let c = 0; c < channels; c++) {
    const from = c * places, to = from + places;
    const w = weight(A, g, from, to);
    for (let i = from, p = 0; i < to; i++, p++) map[p] += w * A[i];
  }
};

/** A map that is a sum over the channels of `value(A, g)` at each place. */
const pointwise = (value) => (A, g, channels, places, map) => {
  map.fill(0);
  for (let c = 0, i = 0; c < channels; c++) {
    for (let p = 0; p < places; p++, i++) map[p] += value(A[i], g[i]);
  }
};

const CAMS = {
  grad_cam: weighted((A, g, from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += g[i];
    return sum / (to - from);
  }),
  grad_cam_pp: weighted((A, g, from, to) => {
    let total = 0, sum = 0;
    for (let i = from; i < to; i++) total += A[i];
    for (let i = from; i < to; i++) {
      const denominator = 2 + g[i] * total;
      if (g[i] > 0 && denominator !== 0) sum += g[i] / denominator;
    }
    return sum;
  }),
  hires_cam: pointwise((a, g) => g * a),
  layer_cam: pointwise((a, g) => (g > 0 ? g * a : 0)),
  xgrad_cam: weighted((A, g, from, to) => {
    let total = 0, sum = 0;
    for (let i = from; i < to; i++) { total += A[i]; sum += g[i] * A[i]; }
    return total !== 0 ? sum / total : 0;
  }),
};
