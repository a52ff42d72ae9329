// The engine's inner loops with SIMD, built into kernel.wasm by `python -m tools.build_kernel`.
//
// The same functions as in kernels.js, over the same memory: four numbers at a time (wasm's v128).
// No library, no data, no stack: what the compiler makes of it is less than 3 KB.
#include <wasm_simd128.h>

typedef v128_t four;
typedef const float *from;

#define SHOWN(name) __attribute__((export_name(#name)))
#define UNROLLED _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

INLINE four plus(four sum, four a, four b) { return wasm_f32x4_add(sum, wasm_f32x4_mul(a, b)); }

INLINE float total(four a) {
  return wasm_f32x4_extract_lane(a, 0) + wasm_f32x4_extract_lane(a, 1)
       + wasm_f32x4_extract_lane(a, 2) + wasm_f32x4_extract_lane(a, 3);
}

// `rows` rows of C in 8 columns: 2 · rows sums in registers, so that each number of B serves `rows`
// multiplications and each of A eight.
INLINE void tile(int rows, from A, from B, float *C, from bias, int K, int N, int step) {
  four low[4], high[4];
  UNROLLED for (int r = 0; r < rows; r++) low[r] = high[r] = wasm_f32x4_splat(bias ? bias[r] : 0);
  for (int k = 0; k < K; k++, B += step) {
    four left = wasm_v128_load(B), right = wasm_v128_load(B + 4);
    UNROLLED for (int r = 0; r < rows; r++) {
      four a = wasm_v128_load32_splat(A + r * K + k);
      low[r] = plus(low[r], a, left);
      high[r] = plus(high[r], a, right);
    }
  }
  UNROLLED for (int r = 0; r < rows; r++) {
    wasm_v128_store(C + r * N, low[r]);
    wasm_v128_store(C + r * N + 4, high[r]);
  }
}

// C (M, N) = A (M, K) · B (K, N) + bias (M, or address 0). Eight columns of B are a panel: its rows
// are `step` numbers apart, and the panels `panel`; see kernels.js.
SHOWN(gemm) void gemm(from A, from B, float *C, from bias, int M, int K, int N, int step, int panel) {
  for (int n = 0; n < N; n += 8, B += panel) {
    int m = 0;
    if (n + 8 <= N) {
      for (; m + 4 <= M; m += 4) tile(4, A + m * K, B, C + m * N + n, bias ? bias + m : 0, K, N, step);
      for (; m < M; m++) tile(1, A + m * K, B, C + m * N + n, bias ? bias + m : 0, K, N, step);
    }
    for (; m < M; m++) { // the last columns, fewer than eight
      for (int j = 0; n + j < N; j++) {
        float sum = bias ? bias[m] : 0;
        for (int k = 0; k < K; k++) sum += A[m * K + k] * B[k * step + j];
        C[m * N + n + j] = sum;
      }
    }
  }
}

// y (M) = A (M, K) · x (K) + bias (M, or address 0): four times four sums at once.
SHOWN(matvec) void matvec(from A, from x, float *y, from bias, int M, int K) {
  for (int m = 0; m < M; m++, A += K) {
    four s0 = wasm_f32x4_splat(0), s1 = s0, s2 = s0, s3 = s0;
    int k = 0;
    for (; k + 16 <= K; k += 16) {
      s0 = plus(s0, wasm_v128_load(A + k), wasm_v128_load(x + k));
      s1 = plus(s1, wasm_v128_load(A + k + 4), wasm_v128_load(x + k + 4));
      s2 = plus(s2, wasm_v128_load(A + k + 8), wasm_v128_load(x + k + 8));
      s3 = plus(s3, wasm_v128_load(A + k + 12), wasm_v128_load(x + k + 12));
    }
    float sum = total(wasm_f32x4_add(wasm_f32x4_add(s0, s1), wasm_f32x4_add(s2, s3)));
    for (; k < K; k++) sum += A[k] * x[k];
    y[m] = sum + (bias ? bias[m] : 0);
  }
}

// x (K) += the transpose of A (M, K) times y (M): the way back of matvec.
SHOWN(vecmat) void vecmat(from A, from y, float *x, int M, int K) {
  for (int m = 0; m < M; m++, A += K) {
    if (y[m] == 0) continue;
    four share = wasm_f32x4_splat(y[m]);
    int k = 0;
    for (; k + 4 <= K; k += 4) {
      wasm_v128_store(x + k, plus(wasm_v128_load(x + k), share, wasm_v128_load(A + k)));
    }
    for (; k < K; k++) x[k] += y[m] * A[k];
  }
}

// Maps (C, H, W) -> columns (C·kh·kw, oh·ow) in panels of eight places: what each place of a
// convolution looks at, zeros outside.
SHOWN(im2col) void im2col(from maps, float *to, int C, int H, int W, int kh, int kw, int sh, int sw,
                          int ph, int pw, int oh, int ow) {
  int depth = C * kh * kw, places = oh * ow, whole = sw == 1 && ow % 8 == 0;
  for (int place = 0; place < places; place += 8, to += 8 * depth) {
    float *cell = to;
    for (int c = 0; c < C; c++) {
      for (int a = 0; a < kh; a++) {
        for (int b = 0; b < kw; b++, cell += 8) {
          int y = place / ow, x = place % ow, sx = x + b - pw, sy = y * sh + a - ph;
          if (whole && sx >= 0 && sx + 8 <= W && sy >= 0 && sy < H) { // eight neighbours at once
            from row = maps + (c * H + sy) * W + sx;
            wasm_v128_store(cell, wasm_v128_load(row));
            wasm_v128_store(cell + 4, wasm_v128_load(row + 4));
            continue;
          }
          for (int j = 0; j < 8; j++) {
            sy = y * sh + a - ph;
            sx = x * sw + b - pw;
            int inside = sx >= 0 && sx < W && sy >= 0 && sy < H;
            cell[j] = inside ? maps[(c * H + sy) * W + sx] : 0;
            if (++x == ow) { x = 0; y++; }
          }
        }
      }
    }
  }
}

// Columns (C·kh·kw, oh·ow), row after row, are added onto the maps (C, H, W): the way back of im2col.
SHOWN(col2im) void col2im(from columns, float *maps, int C, int H, int W, int kh, int kw, int sh,
                          int sw, int ph, int pw, int oh, int ow) {
  for (int c = 0; c < C; c++) {
    for (int a = 0; a < kh; a++) {
      for (int b = 0; b < kw; b++) {
        for (int y = 0; y < oh; y++, columns += ow) {
          int sy = y * sh + a - ph;
          if (sy < 0 || sy >= H) continue;
          float *row = maps + (c * H + sy) * W;
          for (int x = 0, sx = b - pw; x < ow; x++, sx += sw) {
            if (sx >= 0 && sx < W) row[sx] += columns[x];
          }
        }
      }
    }
  }
}
