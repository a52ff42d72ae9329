"use strict";
// The layers of a network, as operations.js says what an operation is.

const LAYERS = {
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
        kernels.gemm(weight.store.at, columns, out.store.at, offset, outputs, depth, places,
          plain ? places : PANEL, plain ? PANEL : PANEL * depth);
      },
      backward() {
        if (!x.wanted) return;
        kernels.gemm(turned.store.at, out.store.gradientAt, scratch.store.at, 0, depth, outputs,
          places, places, PANEL);
        kernels.col2im(scratch.store.at, x.store.gradientAt, channels, height, width, kernelHeight,
          kernelWidth, down, right, top, left, outHeight, outWidth);
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
        for (let r = 0; r < rows; r++) {
          network.kernels.vecmat(weight.store.at, out.store.gradientAt + 4 * r * outputs,
            x.store.gradientAt + 4 * r * columns, outputs, columns);
        }
      },
    };
  },

  matmul(node, [x, y], out, network) {
    const { rows, inner, columns } = node;
    return {
      forward() {
        network.kernels.gemm(x.store.at, y.store.at, out.store.at, 0, rows, inner, columns,
          columns, PANEL);
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
};
