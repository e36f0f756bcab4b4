#pragma once
// Attention of up to kFewQueries query rows: packing keys and values would cost more than it saves, so they are read
// once where they lie, a key at a time for all rows. One task a head. Batches and softmax as in flash_attention.h.
#include "cpu/flash_attention.h"

namespace umbel {
namespace {

constexpr int64_t kFewQueries = 4;

// out[i][0 .. n) (+)= sum_j scores[i][j] v[j][0 .. n), n <= kTileCols.
template <int rows, bool tail>
UMBEL_INLINE void weigh_values(const float* scores, const float* v, int64_t row, int64_t keys, int n, float* out,
                               int64_t ldo, bool add) {
  Vec sum[rows][kTileVecs];
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) sum[i][j] = add ? load(out + i * ldo + j * kWidth) : zero();
  }
  for (int64_t key = 0; key < keys; ++key) {
    Vec value[kTileVecs];
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) {
      const float* from = v + key * row + j * kWidth;
      const int left = n - j * kWidth;
      if constexpr (tail)
        value[j] = left <= 0 ? zero() : load_tail(from, left < kWidth ? left : kWidth);
      else
        value[j] = load(from);
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      const Vec weight = splat(scores[i * kScoreStride + key]);
#pragma GCC unroll 4
      for (int j = 0; j < kTileVecs; ++j) sum[i][j] = fma(weight, value[j], sum[i][j]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kTileVecs; ++j) store(out + i * ldo + j * kWidth, sum[i][j]);
  }
}

template <int rows>
__attribute__((noinline)) void attend_few(CpuContext& ctx, const Heads& h, int64_t item, int64_t head,
                                          const BlockScratch& s) {
  const int64_t row = h.heads * h.width, padded = h.padded_width();
  const int64_t base = item * h.keys * row + head * h.width;
  begin_block(h, item, head, 0, rows, s);
  for (int64_t key = 0; key < h.valid && !ctx.cancelled(); key += kBatchKeys) {
    const int64_t n = least(kBatchKeys, h.valid - key), columns = round_up(n, kWidth);
    for (int64_t j = 0; j < n; ++j) {
      dots<rows, DType::f32>(s.q, h.width, h.k + base + (key + j) * row, h.width, s.scores + j, kScoreStride);
    }
    for (int64_t i = 0; i < rows; ++i) {
      float* scores = s.scores + i * kScoreStride;
      if (h.bias) add_bias(scores, h.bias + head * h.bias_head_stride + i * h.bias_row_stride + key, n);
      for (int64_t j = n; j < columns; ++j) scores[j] = -__builtin_inff();
      softmax_row(scores, columns, s.maximum + i, s.sum + i, s.out + i * padded, padded, key == 0);
    }
    for (int64_t d = 0; d < h.width; d += kTileCols) {
      const float* values = h.v + base + key * row + d;
      const int width = static_cast<int>(least(kTileCols, h.width - d));
      if (width == kTileCols)
        weigh_values<rows, false>(s.scores, values, row, n, width, s.out + d, padded, key > 0);
      else
        weigh_values<rows, true>(s.scores, values, row, n, width, s.out + d, padded, key > 0);
    }
  }
  end_block(h, item, head, 0, rows, h.valid > 0, s);
}

UMBEL_INLINE void few_queries(CpuContext& ctx, const Heads& h) {
  const int64_t own = BlockScratch::floats(h, kFewQueries);
  auto* scratch = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(own * ctx.threads())));
  ctx.parallel_for(h.batch * h.heads, 1, [&](int64_t begin, int64_t end, int thread) {
    const BlockScratch s(scratch + thread * own, h, kFewQueries);
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t item = pair / h.heads, head = pair % h.heads;
      switch (h.queries) {
        case 1:
          attend_few<1>(ctx, h, item, head, s);
          break;
        case 2:
          attend_few<2>(ctx, h, item, head, s);
          break;
        case 3:
          attend_few<3>(ctx, h, item, head, s);
          break;
        default:
          attend_few<4>(ctx, h, item, head, s);
          break;
      }
    }
  });
}

}  // namespace
}  // namespace umbel
