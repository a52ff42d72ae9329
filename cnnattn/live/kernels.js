"use strict";
// The loops in which nearly all time goes, over one block of memory. Addresses are in bytes, so that
// WebAssembly (kernel.c) can stand in for these functions.
//
// A matrix B (K, N) lies in panels of eight columns: in panel p, the eight numbers of row k begin at
// p · panel + k · step. Row after row that is step = N, panel = 8; im2col writes one panel behind
// the other (step = 8, panel = 8 · K), so that a product reads its memory in order.

const PANEL = 8;

/** The fastest kernels that run here: `bytes -> {buffer, gemm, matvec, vecmat, im2col, col2im}`. */
function fastestKernels() {
  return simdKernels() ?? javascriptKernels;
}

/** Kernels in WebAssembly with SIMD, or null where the browser, or what guards the page, has none. */
function simdKernels() {
  try {
    const module = new WebAssembly.Module(KERNEL_WASM);
    return (bytes) => {
      const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
      return { buffer: memory.buffer, ...new WebAssembly.Instance(module, { env: { memory } }).exports };
    };
  } catch {
    return null;
  }
}

/** Kernels in plain JavaScript over `bytes` bytes of new memory. */
function javascriptKernels(bytes) {
  const buffer = new ArrayBuffer(bytes);
  const F = new Float32Array(buffer);

  /** C (M, N) = A (M, K) · B (K, N) + bias (M): four rows and two columns at a time. */
  function gemm(A, B, C, bias, M, K, N, step, panel) {
    A >>= 2; B >>= 2; C >>= 2; bias >>= 2;
    for (let left = 0; left < N; left += PANEL, B += panel) {
      const columns = Math.min(PANEL, N - left);
      for (let m = 0; m < M; m += 4) {
        if (m + 4 <= M) fourRows(A + m * K, B, C + m * N + left, bias && bias + m, K, N, step, columns);
        else for (let row = m; row < M; row++) dots(row, left, columns);
      }
    }

    function dots(row, left, columns) {
      for (let n = 0; n < columns; n++) {
        let sum = bias ? F[bias + row] : 0;
        for (let k = 0, a = A + row * K, b = B + n; k < K; k++, b += step) sum += F[a + k] * F[b];
        F[C + row * N + left + n] = sum;
      }
    }
  }

  function fourRows(a0, B, c0, bias, K, N, step, columns) {
    const a1 = a0 + K, a2 = a1 + K, a3 = a2 + K, c1 = c0 + N, c2 = c1 + N, c3 = c2 + N;
    const bias0 = bias ? F[bias] : 0, bias1 = bias ? F[bias + 1] : 0;
    const bias2 = bias ? F[bias + 2] : 0, bias3 = bias ? F[bias + 3] : 0;
    for (let n = 0; n < columns; n += 2) {
      let p0 = bias0, p1 = bias1, p2 = bias2, p3 = bias3;
      let q0 = bias0, q1 = bias1, q2 = bias2, q3 = bias3;
      for (let k = 0, b = B + n; k < K; k++, b += step) {
        const x = F[b], y = F[b + 1];
        let a = F[a0 + k];
        p0 += a * x; q0 += a * y;
        a = F[a1 + k];
        p1 += a * x; q1 += a * y;
        a = F[a2 + k];
        p2 += a * x; q2 += a * y;
        a = F[a3 + k];
        p3 += a * x; q3 += a * y;
      }
      F[c0 + n] = p0; F[c1 + n] = p1; F[c2 + n] = p2; F[c3 + n] = p3;
      if (n + 1 === columns) continue; // a last column alone: the other one is not there
      F[c0 + n + 1] = q0; F[c1 + n + 1] = q1; F[c2 + n + 1] = q2; F[c3 + n + 1] = q3;
    }
  }

  /** y (M) = A (M, K) · x (K) + bias (M). */
  function matvec(A, x, y, bias, M, K) {
    A >>= 2; x >>= 2; y >>= 2; bias >>= 2;
    for (let m = 0, a = A; m < M; m++, a += K) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0, k = 0;
      for (; k + 4 <= K; k += 4) {
        s0 += F[a + k] * F[x + k];
        s1 += F[a + k + 1] * F[x + k + 1];
        s2 += F[a + k + 2] * F[x + k + 2];
        s3 += F[a + k + 3] * F[x + k + 3];
      }
      for (; k < K; k++) s0 += F[a + k] * F[x + k];
      F[y + m] = s0 + s1 + s2 + s3 + (bias ? F[bias + m] : 0);
    }
  }

  /** x (K) += the transpose of A (M, K) times y (M): the way back of matvec. */
  function vecmat(A, y, x, M, K) {
    A >>= 2; y >>= 2; x >>= 2;
    for (let m = 0, a = A; m < M; m++, a += K) {
      const share = F[y + m];
      if (share === 0) continue;
      for (let k = 0; k < K; k++) F[x + k] += share * F[a + k];
    }
  }

  /**
   * Maps (C, H, W) -> columns (C·kh·kw, oh·ow), one panel behind the other: what each place of a
   * convolution looks at, zeros outside.
   */
  function im2col(source, target, C, H, W, kh, kw, sh, sw, ph, pw, oh, ow) {
    source >>= 2;
    target >>= 2;
    const panel = PANEL * C * kh * kw;
    for (let c = 0, k = 0; c < C; c++) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++, k++) {
          for (let y = 0, sy = ky - ph, place = 0; y < oh; y++, sy += sh) {
            const row = source + (c * H + sy) * W, above = sy < 0 || sy >= H;
            for (let x = 0, sx = kx - pw; x < ow; x++, sx += sw, place++) {
              const to = target + (place >> 3) * panel + k * PANEL + (place & 7);
              F[to] = above || sx < 0 || sx >= W ? 0 : F[row + sx];
            }
          }
        }
      }
    }
  }

  /** The way back of im2col: columns, row after row, are added onto the maps (C, H, W). */
  function col2im(source, target, C, H, W, kh, kw, sh, sw, ph, pw, oh, ow) {
    let from = source >> 2;
    target >>= 2;
    for (let c = 0; c < C; c++) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          for (let y = 0, sy = ky - ph; y < oh; y++, sy += sh) {
            if (sy < 0 || sy >= H) {
              from += ow;
              continue;
            }
            const row = target + (c * H + sy) * W;
            for (let x = 0, sx = kx - pw; x < ow; x++, sx += sw, from++) {
              if (sx >= 0 && sx < W) F[row + sx] += F[from];
            }
          }
        }
      }
    }
  }

  return { buffer, gemm, matvec, vecmat, im2col, col2im };
}
