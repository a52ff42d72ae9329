"use strict";
// The four loops in which nearly all time goes, over one block of memory. Addresses are in bytes,
// so that a WebAssembly module can stand in for these functions.

/** Kernels in plain JavaScript over `bytes` bytes of new memory. */
function javascriptKernels(bytes) {
  const buffer = new ArrayBuffer(bytes);
  const F = new Float32Array(buffer);

  /** C (M, N) = A (M, K) · B (K, N) + bias (M): four rows and two columns at a time. */
  function gemm(A, B, C, bias, M, K, N) {
    A >>= 2; B >>= 2; C >>= 2; bias >>= 2;
    let m = 0;
    for (; m + 4 <= M; m += 4) {
      const a0 = A + m * K, a1 = a0 + K, a2 = a1 + K, a3 = a2 + K;
      const c0 = C + m * N, c1 = c0 + N, c2 = c1 + N, c3 = c2 + N;
      const bias0 = bias ? F[bias + m] : 0, bias1 = bias ? F[bias + m + 1] : 0;
      const bias2 = bias ? F[bias + m + 2] : 0, bias3 = bias ? F[bias + m + 3] : 0;
      let n = 0;
      for (; n + 2 <= N; n += 2) {
        let p0 = bias0, p1 = bias1, p2 = bias2, p3 = bias3;
        let q0 = bias0, q1 = bias1, q2 = bias2, q3 = bias3;
        for (let k = 0, b = B + n; k < K; k++, b += N) {
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
        F[c0 + n] = p0; F[c0 + n + 1] = q0;
        F[c1 + n] = p1; F[c1 + n + 1] = q1;
        F[c2 + n] = p2; F[c2 + n + 1] = q2;
        F[c3 + n] = p3; F[c3 + n + 1] = q3;
      }
      if (n < N) {
        for (let row = 0; row < 4; row++) F[c0 + row * N + n] = dot(m + row, n);
      }
    }
    for (; m < M; m++) {
      for (let n = 0; n < N; n++) F[C + m * N + n] = dot(m, n);
    }

    function dot(row, column) {
      let sum = bias ? F[bias + row] : 0;
      for (let k = 0, a = A + row * K, b = B + column; k < K; k++, b += N) sum += F[a + k] * F[b];
      return sum;
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

  /** Maps (C, H, W) -> columns (C·kh·kw, oh·ow): what each place of a convolution looks at. */
  function im2col(source, target, C, H, W, kh, kw, sh, sw, ph, pw, oh, ow) {
    source >>= 2;
    let to = target >> 2;
    for (let c = 0; c < C; c++) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          for (let y = 0, sy = ky - ph; y < oh; y++, sy += sh) {
            if (sy < 0 || sy >= H) {
              F.fill(0, to, to + ow);
              to += ow;
              continue;
            }
            const row = source + (c * H + sy) * W;
            for (let x = 0, sx = kx - pw; x < ow; x++, sx += sw) {
              F[to++] = sx >= 0 && sx < W ? F[row + sx] : 0;
            }
          }
        }
      }
    }
  }

  /** The way back of im2col: columns are added onto the maps (C, H, W). */
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

  return { buffer, gemm, matvec, im2col, col2im };
}
