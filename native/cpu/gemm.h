#pragma once
// The register tile all matrix kernels share, and the packing of its right operand.
//
// Tile: C[rows, kTileCols] (+)= A[rows, depth] B[depth, kTileCols], A row-major in place (each value is broadcast), B a
// packed panel: kTileCols consecutive floats for every step of depth. Tile shapes: AVX-512 12 x 32, AVX2 6 x 16, NEON
// 6 x 16, SSE2 6 x 8: the accumulators and one row of B fill the registers. Every element is one chain of fused
// multiply-adds in the order of depth (then added to C), so it does not depend on the tile's height or place.
#include "cpu/convert.h"

namespace umbel {
namespace {

#if UMBEL_SIMD_WIDTH == 16
constexpr int kTileRows = 12, kTileVecs = 2;
#elif defined(UMBEL_SIMD_NEON)
constexpr int kTileRows = 6, kTileVecs = 4;
#else
constexpr int kTileRows = 6, kTileVecs = 2;
#endif
constexpr int kTileCols = kTileVecs * kWidth;

UMBEL_INLINE int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
UMBEL_INLINE int64_t round_up(int64_t a, int64_t b) {
  return ceil_div(a, b) * b;
}
UMBEL_INLINE int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
UMBEL_INLINE int64_t most(int64_t a, int64_t b) {
  return a > b ? a : b;
}

template <int rows>
UMBEL_INLINE void accumulate(Vec (&sum)[rows][kTileVecs], const float* a, int64_t lda, const float* b, int64_t depth) {
#pragma GCC unroll 2
  for (int64_t k = 0; k < depth; ++k) {
    Vec row[kTileVecs];
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) row[j] = load(b + k * kTileCols + j * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      const Vec value = splat(a[i * lda + k]);
#pragma GCC unroll 4
      for (int j = 0; j < kTileVecs; ++j) sum[i][j] = fma(value, row[j], sum[i][j]);
    }
  }
}

// Steps of depth that lie side by side in A and in one piece of B.
struct Piece {
  int64_t a, b, depth;  // offsets: columns of A, floats of B
};

// c has kTileCols writable floats a row. add: accumulate onto c, else overwrite it. B: `count` pieces of it.
template <int rows>
__attribute__((noinline)) void tile_of(const float* a, int64_t lda, const float* b, const Piece* pieces, int count,
                                       float* c, int64_t ldc, bool add) {
  Vec sum[rows][kTileVecs];
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) sum[i][j] = zero();
    // Rows of C lie far apart; they arrive while the sums are made.
    __builtin_prefetch(c + i * ldc, 1);
    if (kTileCols > 16) __builtin_prefetch(c + i * ldc + 16, 1);
  }
  for (int g = 0; g < count; ++g) {
    accumulate<rows>(sum, a + pieces[g].a, lda, b + pieces[g].b, pieces[g].depth);
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) {
      float* at = c + i * ldc + j * kWidth;
      store(at, add ? load(at) + sum[i][j] : sum[i][j]);
    }
  }
}

// The same with the number of rows (1 .. kTileRows) known at run time.
UMBEL_INLINE void tile(int rows, const float* a, int64_t lda, const float* b, const Piece* pieces, int count, float* c,
                       int64_t ldc, bool add) {
  switch (rows) {
    case 1:
      return tile_of<1>(a, lda, b, pieces, count, c, ldc, add);
    case 2:
      return tile_of<2>(a, lda, b, pieces, count, c, ldc, add);
    case 3:
      return tile_of<3>(a, lda, b, pieces, count, c, ldc, add);
    case 4:
      return tile_of<4>(a, lda, b, pieces, count, c, ldc, add);
    case 5:
      return tile_of<5>(a, lda, b, pieces, count, c, ldc, add);
#if UMBEL_SIMD_WIDTH == 16
    case 6:
      return tile_of<6>(a, lda, b, pieces, count, c, ldc, add);
    case 7:
      return tile_of<7>(a, lda, b, pieces, count, c, ldc, add);
    case 8:
      return tile_of<8>(a, lda, b, pieces, count, c, ldc, add);
    case 9:
      return tile_of<9>(a, lda, b, pieces, count, c, ldc, add);
    case 10:
      return tile_of<10>(a, lda, b, pieces, count, c, ldc, add);
    case 11:
      return tile_of<11>(a, lda, b, pieces, count, c, ldc, add);
#endif
    default:
      return tile_of<kTileRows>(a, lda, b, pieces, count, c, ldc, add);
  }
}
UMBEL_INLINE void tile(int rows, const float* a, int64_t lda, const float* b, int64_t depth, float* c, int64_t ldc,
                       bool add) {
  const Piece whole = {0, 0, depth};
  tile(rows, a, lda, b, &whole, 1, c, ldc, add);
}

#ifdef UMBEL_SIMD_X86
// out[i][0..7] = column i of eight rows of eight.
UMBEL_INLINE void transpose_8x8(const float* in, int64_t ld, float* out, int64_t ld_out) {
  __m256 r[8], t[8];
  // Halves of rows i and i + 4 side by side, so that the rest stays within 128-bit lanes.
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const float *low = in + i * ld, *high = in + (i + 4) * ld;
    r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
    r[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)), _mm_loadu_ps(high + 4), 1);
  }
#pragma GCC unroll 2
  for (int h = 0; h < 8; h += 4) {
    t[h] = _mm256_unpacklo_ps(r[h], r[h + 1]);
    t[h + 1] = _mm256_unpackhi_ps(r[h], r[h + 1]);
    t[h + 2] = _mm256_unpacklo_ps(r[h + 2], r[h + 3]);
    t[h + 3] = _mm256_unpackhi_ps(r[h + 2], r[h + 3]);
    _mm256_storeu_ps(out + h * ld_out, _mm256_shuffle_ps(t[h], t[h + 2], 0x44));
    _mm256_storeu_ps(out + (h + 1) * ld_out, _mm256_shuffle_ps(t[h], t[h + 2], 0xee));
    _mm256_storeu_ps(out + (h + 2) * ld_out, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0x44));
    _mm256_storeu_ps(out + (h + 3) * ld_out, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0xee));
  }
}
#endif

// panel[k][r] = in[r][k] for `rows` <= kTileCols rows; the panel's other columns become 0.
UMBEL_INLINE void transpose_into_panel(const float* in, int64_t ld, int64_t rows, int64_t depth, float* panel) {
  if (rows < kTileCols) std::memset(panel, 0, sizeof(float) * static_cast<size_t>(depth * kTileCols));
  int64_t r = 0;
#ifdef UMBEL_SIMD_X86
  // A cache line of eight rows at a time: rows a power of two apart share a few sets, so a line would not survive in
  // L1.
  const int64_t whole_rows = rows & ~int64_t{7}, whole = depth & ~int64_t{15};
  for (int64_t k = 0; k < whole; k += 16) {
    for (r = 0; r < whole_rows; r += 8) {
      const float* from = in + r * ld + k;
      for (int64_t i = 0; i < 8; ++i) __builtin_prefetch(from + i * ld + 128, 0, 2);
      transpose_8x8(from, ld, panel + k * kTileCols + r, kTileCols);
      transpose_8x8(from + 8, ld, panel + (k + 8) * kTileCols + r, kTileCols);
    }
  }
  for (r = 0; r < whole_rows; ++r) {
    for (int64_t k = whole; k < depth; ++k) panel[k * kTileCols + r] = in[r * ld + k];
  }
#else
  for (; r + 4 <= rows; r += 4) {
    const float *a = in + r * ld, *b = a + ld, *c = b + ld, *d = c + ld;
    float* out = panel + r;
    for (int64_t k = 0; k < depth; ++k, out += kTileCols) {
      out[0] = a[k];
      out[1] = b[k];
      out[2] = c[k];
      out[3] = d[k];
    }
  }
#endif
  for (; r < rows; ++r) {
    for (int64_t k = 0; k < depth; ++k) panel[k * kTileCols + r] = in[r * ld + k];
  }
}

// The same from rows of a storage type, `depth` elements from column `first` of a matrix with `ld` columns.
UMBEL_INLINE void pack_panel(DType type, const void* matrix, int64_t ld, int64_t row, int64_t rows, int64_t depth,
                             float* panel) {
  if (type == DType::f32) {
    return transpose_into_panel(static_cast<const float*>(matrix) + row * ld, ld, rows, depth, panel);
  }
  constexpr int64_t kStep = 64;
  alignas(64) float chunk[kTileCols * kStep];
  for (int64_t k = 0; k < depth; k += kStep) {
    const int64_t n = least(kStep, depth - k);
    for (int64_t r = 0; r < rows; ++r) read_floats(type, matrix, (row + r) * ld + k, chunk + r * kStep, n);
    transpose_into_panel(chunk, kStep, rows, n, panel + k * kTileCols);
  }
}

// Dot products of up to four rows of x with one row of a matrix, for products with too few rows to pack it.
template <int rows, DType type>
UMBEL_INLINE void dots(const float* x, int64_t ldx, const Storage<type>* w, int64_t depth, float* out, int64_t ldo) {
  // Two chains a row hide the latency of the multiply-adds.
  Vec even[rows], odd[rows];
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) even[i] = odd[i] = zero();
  int64_t k = 0;
  for (; k + 2 * kWidth <= depth; k += 2 * kWidth) {
    const Vec w0 = load_as_float<type>(w + k), w1 = load_as_float<type>(w + k + kWidth);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      even[i] = fma(load(x + i * ldx + k), w0, even[i]);
      odd[i] = fma(load(x + i * ldx + k + kWidth), w1, odd[i]);
    }
  }
  float rest[rows] = {};
  for (; k < depth; ++k) {
    const float value = value_to_float<type>(w[k]);
    for (int i = 0; i < rows; ++i) rest[i] += x[i * ldx + k] * value;
  }
  for (int i = 0; i < rows; ++i) out[i * ldo] = reduce_add(even[i] + odd[i]) + rest[i];
}

}  // namespace
}  // namespace umbel
