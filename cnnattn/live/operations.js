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
  ...ARITHMETIC,
  ...LAYERS,
  view: copy,
  copy,
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
