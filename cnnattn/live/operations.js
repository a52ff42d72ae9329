"use strict";
// What each operation of a graph does: (node, inputs, out, network) -> {forward, backward}.
// `forward` fills `out.data`; `backward` adds to the gradients of those inputs that are wanted.

/** Addresses of all elements of axes [[size, stride], …], the last axis running fastest. */
function addresses(axes, start = 0) {
  let found = [start];
  for (const [size, stride] of axes) {
    const next = [];
    for (const address of found) {
      for (let i = 0; i < size; i++) next.push(address + i * stride);
    }
    found = next;
  }
  return Int32Array.from(found);
}

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

/** `out` has the numbers of its input; a view shares them, unless it ends a module. */
function copy(node, [x], out) {
  const shared = x.store === out.store;
  return {
    forward() { if (!shared) out.data.set(x.data); },
    backward() {
      if (shared || !x.wanted) return;
      const from = out.gradient, to = x.gradient;
      for (let i = 0; i < from.length; i++) to[i] += from[i];
    },
  };
}

/** Sum or mean over the axes `gone`. */
function sumOver(mean) {
  return (node, [x], out) => {
    const kept = addresses(node.kept), gone = addresses(node.gone);
    const scale = mean ? 1 / gone.length : 1;
    return {
      forward() {
        const X = x.data, Z = out.data;
        for (let k = 0; k < kept.length; k++) {
          let sum = 0;
          for (let i = 0, at = kept[k]; i < gone.length; i++) sum += X[at + gone[i]];
          Z[k] = sum * scale;
        }
      },
      backward() {
        if (!x.wanted) return;
        const to = x.gradient, g = out.gradient;
        for (let k = 0; k < kept.length; k++) {
          const share = g[k] * scale;
          for (let i = 0, at = kept[k]; i < gone.length; i++) to[at + gone[i]] += share;
        }
      },
    };
  };
}

const OPERATIONS = {
  view: copy,
  copy,
  add: binary(ADD),
  sub: binary(SUBTRACT),
  mul: binary(MULTIPLY),
  div: binary(DIVIDE),
  mean: sumOver(true),
  sum: sumOver(false),

  /** Maximum over the axes `gone`; the gradient goes to the first place that has it. */
  max(node, [x], out) {
    const kept = addresses(node.kept), gone = addresses(node.gone);
    const where = new Int32Array(kept.length);
    return {
      forward() {
        const X = x.data, Z = out.data;
        for (let k = 0; k < kept.length; k++) {
          let most = -Infinity;
          for (let i = 0; i < gone.length; i++) {
            const at = kept[k] + gone[i];
            if (X[at] > most) { most = X[at]; where[k] = at; }
          }
          Z[k] = most;
        }
      },
      backward() {
        if (!x.wanted) return;
        for (let k = 0; k < kept.length; k++) x.gradient[where[k]] += out.gradient[k];
      },
    };
  },

  max_pool2d(node, [x], out) {
    const { planes, kernel } = node;
    const [height, width] = node.size, [outHeight, outWidth] = node.outSize;
    const where = new Int32Array(out.data.length);
    return {
      forward() {
        const X = x.data, Z = out.data;
        let o = 0;
        for (let plane = 0; plane < planes; plane++) {
          for (let i = 0; i < outHeight; i++) {
            for (let j = 0; j < outWidth; j++, o++) {
              let most = -Infinity;
              for (let a = 0; a < kernel; a++) {
                const row = (plane * height + i * kernel + a) * width + j * kernel;
                for (let b = 0; b < kernel; b++) {
                  if (X[row + b] > most) { most = X[row + b]; where[o] = row + b; }
                }
              }
              Z[o] = most;
            }
          }
        }
      },
      backward() {
        if (!x.wanted) return;
        const g = out.gradient, to = x.gradient;
        for (let o = 0; o < g.length; o++) to[where[o]] += g[o];
      },
    };
  },

  conv2d(node, [x, weight, bias], out, network) {
    const { kernels, scratch } = network;
    const [height, width] = node.size, [outHeight, outWidth] = node.outSize;
    const [kernelHeight, kernelWidth] = [1, ...weight.shape.slice(2)].slice(-2);
    const [down, right] = node.stride, [top, left] = node.padding;
    const { channels, outputs } = node;
    const depth = channels * kernelHeight * kernelWidth, places = outHeight * outWidth;
    const plain = depth === channels && down === 1 && right === 1 && !top && !left; // 1 × 1
    const turned = network.turned.get(weight);
    return {
      forward() {
        if (!plain) {
          kernels.im2col(x.store.at, scratch.store.at, channels, height, width, kernelHeight,
            kernelWidth, down, right, top, left, outHeight, outWidth);
        }
        const columns = plain ? x.store.at : scratch.store.at;
        const offset = bias ? bias.store.at : 0;
        kernels.gemm(weight.store.at, columns, out.store.at, offset, outputs, depth, places);
      },
      backward() {
        if (!x.wanted) return;
        kernels.gemm(turned.store.at, out.store.gradientAt, scratch.store.at, 0, depth, outputs,
          places);
        kernels.col2im(scratch.store.at, x.store.gradientAt, channels, height, width, kernelHeight,
          kernelWidth, down, right, top, left, outHeight, outWidth);
      },
    };
  },

  batch_norm(node, [x, weight, bias, mean, variance], out) {
    const { channels, eps } = node;
    const places = x.data.length / channels;
    const scale = new Float64Array(channels), offset = new Float64Array(channels);
    for (let c = 0; c < channels; c++) {
      scale[c] = weight.data[c] / Math.sqrt(variance.data[c] + eps);
      offset[c] = bias.data[c] - mean.data[c] * scale[c];
    }
    return {
      forward() {
        const X = x.data, Z = out.data;
        for (let c = 0, i = 0; c < channels; c++) {
          const factor = scale[c], shift = offset[c];
          for (const end = i + places; i < end; i++) Z[i] = X[i] * factor + shift;
        }
      },
      backward() {
        if (!x.wanted) return;
        const g = out.gradient, to = x.gradient;
        for (let c = 0, i = 0; c < channels; c++) {
          const factor = scale[c];
          for (const end = i + places; i < end; i++) to[i] += g[i] * factor;
        }
      },
    };
  },

  linear(node, [x, weight, bias], out, network) {
    const { columns, outputs } = node;
    const rows = x.data.length / columns;
    return {
      forward() {
        const offset = bias ? bias.store.at : 0;
        for (let r = 0; r < rows; r++) {
          network.kernels.matvec(weight.store.at, x.store.at + 4 * r * columns,
            out.store.at + 4 * r * outputs, offset, outputs, columns);
        }
      },
      backward() {
        if (!x.wanted) return;
        const A = weight.data, g = out.gradient, to = x.gradient;
        for (let r = 0; r < rows; r++) {
          for (let o = 0; o < outputs; o++) {
            const share = g[r * outputs + o];
            if (share === 0) continue;
            const a = o * columns, at = r * columns;
            for (let k = 0; k < columns; k++) to[at + k] += share * A[a + k];
          }
        }
      },
    };
  },

  matmul(node, [x, y], out, network) {
    const { rows, inner, columns } = node;
    return {
      forward() {
        network.kernels.gemm(x.store.at, y.store.at, out.store.at, 0, rows, inner, columns);
      },
      backward() {
        const X = x.data, Y = y.data, g = out.gradient;
        for (let m = 0; m < rows; m++) {
          for (let k = 0; k < inner; k++) {
            const at = m * inner + k, row = m * columns, below = k * columns;
            if (x.wanted) {
              let sum = 0;
              for (let n = 0; n < columns; n++) sum += g[row + n] * Y[below + n];
              x.gradient[at] += sum;
            }
            if (y.wanted && X[at] !== 0) {
              const to = y.gradient, factor = X[at];
              for (let n = 0; n < columns; n++) to[below + n] += factor * g[row + n];
            }
          }
        }
      },
    };
  },

  relu: (node, [x], out) => ({
    forward() {
      const X = x.data, Z = out.data;
      for (let i = 0; i < Z.length; i++) Z[i] = X[i] > 0 ? X[i] : 0;
    },
    backward() {
      if (!x.wanted) return;
      const X = x.data, g = out.gradient, to = x.gradient;
      for (let i = 0; i < g.length; i++) if (X[i] > 0) to[i] += g[i];
    },
  }),

  sigmoid(node, [x], out) {
    const kept = new Float32Array(out.data.length); // an edit may overwrite the result
    return {
      forward() {
        const X = x.data, Z = out.data;
        for (let i = 0; i < Z.length; i++) Z[i] = kept[i] = 1 / (1 + Math.exp(-X[i]));
      },
      backward() {
        if (!x.wanted) return;
        const g = out.gradient, to = x.gradient;
        for (let i = 0; i < g.length; i++) to[i] += g[i] * kept[i] * (1 - kept[i]);
      },
    };
  },

  hardswish: (node, [x], out) => ({
    forward() {
      const X = x.data, Z = out.data;
      for (let i = 0; i < Z.length; i++) Z[i] = (X[i] * Math.min(6, Math.max(0, X[i] + 3))) / 6;
    },
    backward() {
      if (!x.wanted) return;
      const X = x.data, g = out.gradient, to = x.gradient;
      for (let i = 0; i < g.length; i++) {
        if (X[i] >= 3) to[i] += g[i];
        else if (X[i] > -3) to[i] += g[i] * (X[i] / 3 + 0.5);
      }
    },
  }),

  /** Over the last axis. */
  softmax(node, [x], out) {
    const { length } = node;
    const kept = new Float32Array(out.data.length); // an edit may overwrite the result
    return {
      forward() {
        const X = x.data;
        for (let row = 0; row < X.length; row += length) {
          let most = -Infinity, sum = 0;
          for (let i = row; i < row + length; i++) if (X[i] > most) most = X[i];
          for (let i = row; i < row + length; i++) sum += kept[i] = Math.exp(X[i] - most);
          for (let i = row; i < row + length; i++) kept[i] /= sum;
        }
        out.data.set(kept);
      },
      backward() {
        if (!x.wanted) return;
        const g = out.gradient, to = x.gradient;
        for (let row = 0; row < g.length; row += length) {
          let sum = 0;
          for (let i = row; i < row + length; i++) sum += g[i] * kept[i];
          for (let i = row; i < row + length; i++) to[i] += kept[i] * (g[i] - sum);
        }
      },
    };
  },

  /** Over the last `length` numbers. */
  layer_norm(node, [x, weight, bias], out) {
    const { length, eps } = node;
    const W = weight.data, B = bias.data;
    function moments(X, row) {
      let mean = 0, variance = 0;
      for (let i = 0; i < length; i++) mean += X[row + i] / length;
      for (let i = 0; i < length; i++) variance += (X[row + i] - mean) ** 2 / length;
      return [mean, 1 / Math.sqrt(variance + eps)];
    }
    return {
      forward() {
        const X = x.data, Z = out.data;
        for (let row = 0; row < X.length; row += length) {
          const [mean, scale] = moments(X, row);
          for (let i = 0; i < length; i++) Z[row + i] = (X[row + i] - mean) * scale * W[i] + B[i];
        }
      },
      backward() {
        if (!x.wanted) return;
        const X = x.data, g = out.gradient, to = x.gradient;
        for (let row = 0; row < X.length; row += length) {
          const [mean, scale] = moments(X, row);
          let sum = 0, along = 0; // means of the gradient, and of it times the normalised input
          for (let i = 0; i < length; i++) {
            const share = (g[row + i] * W[i]) / length;
            sum += share;
            along += share * (X[row + i] - mean) * scale;
          }
          for (let i = 0; i < length; i++) {
            const normal = (X[row + i] - mean) * scale;
            to[row + i] += scale * (g[row + i] * W[i] - sum - normal * along);
          }
        }
      },
    };
  },

  /** Elements of the input in another order, or some of them: transpose, slice, split. */
  pick(node, [x], out) {
    const from = addresses(node.shape.map((size, i) => [size, node.strides[i]]), node.offset);
    return {
      forward() {
        const X = x.data, Z = out.data;
        for (let i = 0; i < from.length; i++) Z[i] = X[from[i]];
      },
      backward() {
        if (!x.wanted) return;
        const g = out.gradient, to = x.gradient;
        for (let i = 0; i < from.length; i++) to[from[i]] += g[i];
      },
    };
  },

  /** The input within zeros. */
  pad(node, [x], out) {
    const where = addresses(node.from.map((size, i) => [size, node.strides[i]]), node.offset);
    return {
      forward() {
        const X = x.data, Z = out.data;
        Z.fill(0);
        for (let i = 0; i < where.length; i++) Z[where[i]] = X[i];
      },
      backward() {
        if (!x.wanted) return;
        const g = out.gradient, to = x.gradient;
        for (let i = 0; i < where.length; i++) to[i] += g[where[i]];
      },
    };
  },

  /** Inputs behind one another in each of `rows` rows: concatenate, stack. */
  join(node, inputs, out) {
    const { rows } = node;
    const row = out.data.length / rows;
    const widths = inputs.map((x) => x.data.length / rows);
    return {
      forward() {
        let start = 0;
        for (let n = 0; n < inputs.length; n++) {
          const X = inputs[n].data, Z = out.data, width = widths[n];
          for (let r = 0; r < rows; r++) {
            for (let i = 0; i < width; i++) Z[r * row + start + i] = X[r * width + i];
          }
          start += width;
        }
      },
      backward() {
        let start = 0;
        for (let n = 0; n < inputs.length; n++) {
          const width = widths[n];
          if (inputs[n].wanted) {
            const g = out.gradient, to = inputs[n].gradient;
            for (let r = 0; r < rows; r++) {
              for (let i = 0; i < width; i++) to[r * width + i] += g[r * row + start + i];
            }
          }
          start += width;
        }
      },
    };
  },
};
