"use strict";
// Addition and its like on two values of which one may be broadcast: as in operations.js.

/** Strides of an operand that is broadcast to the shape `full`, as four numbers. */
function broadcastStrides(shape, full) {
  const strides = [0, 0, 0, 0];
  let stride = 1;
  for (let i = shape.length - 1, j = 3; i >= 0; i--, j--) {
    strides[j] = shape[i] === 1 ? 0 : stride;
    stride *= shape[i];
  }
  return strides;
}

/** An operation on two values: `rows` has its loops over the last axis. */
function binary(rows) {
  return (node, [x, y], out) => {
    const [, d1, d2, d3] = [1, 1, 1, 1, ...out.shape].slice(-4);
    const d0 = count(out.shape) / (d1 * d2 * d3);
    const [x0, x1, x2, dx] = broadcastStrides(x.shape, out.shape);
    const [y0, y1, y2, dy] = broadcastStrides(y.shape, out.shape);
    const oneRow = [x, y].every((v) => count(v.shape) === count(out.shape)); // nothing to broadcast
    function each(loop, target) {
      if (oneRow) return loop(x.data, 0, 1, y.data, 0, 1, target, 0, out.data.length, out.gradient);
      let o = 0;
      for (let i = 0; i < d0; i++) {
        for (let j = 0; j < d1; j++) {
          for (let k = 0; k < d2; k++, o += d3) {
            const xi = i * x0 + j * x1 + k * x2, yi = i * y0 + j * y1 + k * y2;
            loop(x.data, xi, dx, y.data, yi, dy, target, o, d3, out.gradient);
          }
        }
      }
    }
    return {
      forward() { each(rows.forward, out.data); },
      backward() {
        if (x.wanted) each(rows.toFirst, x.gradient);
        if (y.wanted) each(rows.toSecond, y.gradient);
      },
    };
  };
}

// x[a + i·da] and y[b + i·db] stand at place o + i of the result z, whose gradient is g.
const ADD = {
  forward(x, a, da, y, b, db, z, o, n) {
    for (let i = 0; i < n; i++) z[o + i] = x[a + i * da] + y[b + i * db];
  },
  toFirst(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) to[a + i * da] += g[o + i];
  },
  toSecond(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) to[b + i * db] += g[o + i];
  },
};
const SUBTRACT = {
  forward(x, a, da, y, b, db, z, o, n) {
    for (let i = 0; i < n; i++) z[o + i] = x[a + i * da] - y[b + i * db];
  },
  toFirst: ADD.toFirst,
  toSecond(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) to[b + i * db] -= g[o + i];
  },
};
const MULTIPLY = {
  forward(x, a, da, y, b, db, z, o, n) {
    for (let i = 0; i < n; i++) z[o + i] = x[a + i * da] * y[b + i * db];
  },
  toFirst(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) to[a + i * da] += g[o + i] * y[b + i * db];
  },
  toSecond(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) to[b + i * db] += g[o + i] * x[a + i * da];
  },
};
const DIVIDE = {
  forward(x, a, da, y, b, db, z, o, n) {
    for (let i = 0; i < n; i++) z[o + i] = x[a + i * da] / y[b + i * db];
  },
  toFirst(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) to[a + i * da] += g[o + i] / y[b + i * db];
  },
  toSecond(x, a, da, y, b, db, to, o, n, g) {
    for (let i = 0; i < n; i++) {
      const divisor = y[b + i * db];
      to[b + i * db] -= (g[o + i] * x[a + i * da]) / (divisor * divisor);
    }
  },
};

const ARITHMETIC = { add: binary(ADD), sub: binary(SUBTRACT), mul: binary(MULTIPLY), div: binary(DIVIDE) };
