#pragma once
// The register tile of gemm.h with bfloat16 operands and float32 sums (AVX512_BF16, dpbf16ps): a step takes two values
// of depth, so B's panels hold pairs, kTileCols of them for every two values, and A's rows are pairs too. Operands are
// rounded to nearest even; the last pair of an odd depth is filled with 0.
#include "cpu/gemm.h"

#if defined(UMBEL_SIMD_X86) && UMBEL_ISA_LEVEL >= 3
#define UMBEL_BF16_TILE 1

namespace umbel {
namespace {

// n floats to bfloat16, followed by a 0 when n is odd.
UMBEL_INLINE void round_to_pairs(const float* in, int64_t n, uint16_t* out) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(in + i));
    std::memcpy(out + i, &rounded, sizeof rounded);
  }
  for (; i < n; ++i) out[i] = float_to_bf16(in[i]);
  if (n & 1) out[n] = 0;
}

// As pack_panel; the panel gets ceil(depth / 2) rows of pairs.
UMBEL_INLINE void pack_pairs(DType type, const void* matrix, int64_t ld, int64_t row, int64_t rows, int64_t depth,
                             float* panel) {
  constexpr int64_t kStep = 64;
  alignas(64) float values[kStep];
  alignas(64) uint16_t rounded[kStep];
  alignas(64) float chunk[kTileCols * kStep / 2];
  for (int64_t k = 0; k < depth; k += kStep) {
    const int64_t n = least(kStep, depth - k), pairs = (n + 1) / 2;
    for (int64_t r = 0; r < rows; ++r) {
      read_floats(type, matrix, (row + r) * ld + k, values, n);
      round_to_pairs(values, n, rounded);
      std::memcpy(chunk + r * (kStep / 2), rounded, sizeof(float) * static_cast<size_t>(pairs));
    }
    transpose_into_panel(chunk, kStep / 2, rows, pairs, panel + k / 2 * kTileCols);
  }
}

// a: rows of `lda` pairs.
template <int rows>
__attribute__((noinline)) void pair_tile_of(const float* a, int64_t lda, const float* b, int64_t pairs, float* c,
                                            int64_t ldc, bool add) {
  __m512 sum[rows][kTileVecs];
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) sum[i][j] = _mm512_setzero_ps();
    __builtin_prefetch(c + i * ldc, 1);
    __builtin_prefetch(c + i * ldc + 16, 1);
  }
#pragma GCC unroll 2
  for (int64_t k = 0; k < pairs; ++k) {
    __m512bh row[kTileVecs];
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) std::memcpy(&row[j], b + k * kTileCols + j * kWidth, sizeof row[j]);
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      const auto pair = (__m512bh)_mm512_set1_ps(a[i * lda + k]);
#pragma GCC unroll 4
      for (int j = 0; j < kTileVecs; ++j) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], pair, row[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) {
      float* at = c + i * ldc + j * kWidth;
      const auto total = reinterpret_cast<Vec>(sum[i][j]);
      store(at, add ? load(at) + total : total);
    }
  }
}

UMBEL_INLINE void pair_tile(int rows, const float* a, int64_t lda, const float* b, int64_t pairs, float* c, int64_t ldc,
                            bool add) {
  switch (rows) {
    case 1:
      return pair_tile_of<1>(a, lda, b, pairs, c, ldc, add);
    case 2:
      return pair_tile_of<2>(a, lda, b, pairs, c, ldc, add);
    case 3:
      return pair_tile_of<3>(a, lda, b, pairs, c, ldc, add);
    case 4:
      return pair_tile_of<4>(a, lda, b, pairs, c, ldc, add);
    case 5:
      return pair_tile_of<5>(a, lda, b, pairs, c, ldc, add);
    case 6:
      return pair_tile_of<6>(a, lda, b, pairs, c, ldc, add);
    case 7:
      return pair_tile_of<7>(a, lda, b, pairs, c, ldc, add);
    case 8:
      return pair_tile_of<8>(a, lda, b, pairs, c, ldc, add);
    case 9:
      return pair_tile_of<9>(a, lda, b, pairs, c, ldc, add);
    case 10:
      return pair_tile_of<10>(a, lda, b, pairs, c, ldc, add);
    case 11:
      return pair_tile_of<11>(a, lda, b, pairs, c, ldc, add);
    default:
      return pair_tile_of<kTileRows>(a, lda, b, pairs, c, ldc, add);
  }
}

}  // namespace
}  // namespace umbel

#endif
