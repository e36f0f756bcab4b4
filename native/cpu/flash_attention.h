#pragma once
// The body of attention and block_sparse_attention: softmax(q k^T scale + bias) v for a block of query rows over lists
// of key ranges, without the matrix of scores.
//
// K of a head is packed as the right operand of the scores (panels of kTileCols keys, [D][keys]), V as that of the
// output (panels of kTileCols channels, [keys][channels]); both are shared by all query blocks of that head. A query
// block goes over batches of at most kBatchKeys keys: scores of kScoreRows rows by one batch (register tiles of
// gemm.h), running maximum and sum in base 2 (scale and log2 e are folded into q), then probabilities times V onto the
// block's output. A row depends on the batches alone, never on the block it is in or the number of threads.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "cpu/gemm.h"

namespace umbel {
namespace {

constexpr int64_t kBatchKeys = 256;
constexpr int64_t kScoreRows = (63 + kTileRows) / kTileRows * kTileRows;
constexpr int64_t kScoreStride = kBatchKeys + 16;
constexpr int kMaxRanges = 8;
constexpr float kLog2E = 1.44269504088896341f;
constexpr float kLn2 = 0.69314718055994531f;

struct KeyRange {
  int64_t begin, end;  // begin is a multiple of kTileCols
};
// Ranges whose score columns lie side by side, each rounded up to whole panels; kBatchKeys columns at most.
struct KeyBatch {
  KeyRange range[kMaxRanges];
  int count = 0;
  int64_t columns = 0;

  UMBEL_INLINE bool fits(int64_t keys) const {
    return count < kMaxRanges && columns + round_up(keys, kTileCols) <= kBatchKeys;
  }
  // Joins the range to the last one when it continues it.
  UMBEL_INLINE void append(int64_t begin, int64_t end) {
    if (count > 0 && range[count - 1].end == begin) {
      range[count - 1].end = end;
    } else {
      range[count++] = {begin, end};
    }
    columns += round_up(end - begin, kTileCols);
  }
};

struct Heads {
  const float *q, *k, *v;
  float* out;
  float* lse;                                  // [batch, heads, queries], or null
  const float* bias;                           // [heads or 1, queries or 1, keys], or null
  int64_t batch, queries, keys, heads, width;  // keys: stored; the first `valid` are attended to
  int64_t valid;
  int64_t bias_head_stride, bias_row_stride;
  float scale;

  UMBEL_INLINE int64_t padded_width() const { return round_up(width, kTileCols); }
  UMBEL_INLINE int64_t k_floats() const { return round_up(valid, kTileCols) * width; }
  UMBEL_INLINE int64_t v_floats() const { return valid * padded_width(); }
};

// Scratch of one thread for query blocks of `rows` rows.
struct BlockScratch {
  float *q, *scores, *out, *maximum, *sum;

  UMBEL_INLINE static int64_t floats(const Heads& h, int64_t rows) {
    return round_up(rows * h.width, 16) + kScoreRows * kScoreStride + rows * h.padded_width() + 2 * round_up(rows, 16);
  }
  UMBEL_INLINE BlockScratch(float* base, const Heads& h, int64_t rows) {
    q = base;
    scores = q + round_up(rows * h.width, 16);
    out = scores + kScoreRows * kScoreStride;
    maximum = out + rows * h.padded_width();
    sum = maximum + round_up(rows, 16);
  }
};

// Keys [begin, end) of one head into its packed K and V; begin is a multiple of kTileCols.
__attribute__((noinline)) void pack_keys(const Heads& h, int64_t item, int64_t head, int64_t begin, int64_t end,
                                         float* packed_k, float* packed_v) {
  const int64_t row = h.heads * h.width;
  const int64_t base = item * h.keys * row + head * h.width;
  for (int64_t key = begin; key < end; key += kTileCols) {
    transpose_into_panel(h.k + base + key * row, row, least(kTileCols, end - key), h.width, packed_k + key * h.width);
  }
  for (int64_t key = begin; key < end; ++key) {
    const float* in = h.v + base + key * row;
    for (int64_t d = 0; d < h.width; d += kTileCols) {
      float* out = packed_v + (d * h.valid + key * kTileCols);
      const int64_t n = least(kTileCols, h.width - d);
      for (int64_t j = 0; j < n; ++j) out[j] = in[d + j];
      for (int64_t j = n; j < kTileCols; ++j) out[j] = 0.0f;
    }
  }
}

// The running state of one row after a batch's scores; leaves the probabilities in their place.
UMBEL_INLINE void softmax_row(float* scores, int64_t columns, float* maximum, float* sum, float* out,
                              int64_t padded_width, bool first) {
  Vec top[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) top[i] = splat(-__builtin_inff());
  int64_t j = 0;
  for (; j + 4 * kWidth <= columns; j += 4 * kWidth) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) top[i] = max(top[i], load(scores + j + i * kWidth));
  }
  for (; j < columns; j += kWidth) top[0] = max(top[0], load(scores + j));
  const float batch_top = reduce_max(max(max(top[0], top[1]), max(top[2], top[3])));
  const float before = *maximum;
  const float now = batch_top > before ? batch_top : before;
  // Rows without any key so far: every exponent below is -inf, every probability 0.
  const Vec origin = splat(now == -__builtin_inff() ? 0.0f : now);
  Vec total[2] = {zero(), zero()};
  j = 0;
  for (; j + 2 * kWidth <= columns; j += 2 * kWidth) {
    const Vec a = exp2_not_positive(load(scores + j) - origin);
    const Vec b = exp2_not_positive(load(scores + j + kWidth) - origin);
    store(scores + j, a);
    store(scores + j + kWidth, b);
    total[0] = total[0] + a;
    total[1] = total[1] + b;
  }
  for (; j < columns; j += kWidth) {
    const Vec a = exp2_not_positive(load(scores + j) - origin);
    store(scores + j, a);
    total[0] = total[0] + a;
  }
  const float batch_sum = reduce_add(total[0] + total[1]);
  if (first) {
    *sum = batch_sum;
  } else if (now == before) {
    *sum += batch_sum;
  } else {
    const Vec shrink = exp2_not_positive(splat(before) - origin);
    *sum = *sum * shrink[0] + batch_sum;
    for (int64_t d = 0; d < padded_width; d += kWidth) store(out + d, load(out + d) * shrink);
  }
  *maximum = now;
}

UMBEL_INLINE void add_bias(float* scores, const float* bias, int64_t n) {
  int64_t j = 0;
  for (; j + kWidth <= n; j += kWidth) {
    store(scores + j, fma(load(bias + j), splat(kLog2E), load(scores + j)));
  }
  for (; j < n; ++j) scores[j] += bias[j] * kLog2E;
}

// Loads q rows [q0, q0 + rows), scaled.
__attribute__((noinline)) void begin_block(const Heads& h, int64_t item, int64_t head, int64_t q0, int64_t rows,
                                           const BlockScratch& s) {
  const float factor = h.scale * kLog2E;
  for (int64_t i = 0; i < rows; ++i) {
    const float* in = h.q + ((item * h.queries + q0 + i) * h.heads + head) * h.width;
    for (int64_t d = 0; d < h.width; ++d) s.q[i * h.width + d] = in[d] * factor;
    s.maximum[i] = -__builtin_inff();
    s.sum[i] = 0.0f;
  }
}

// Asks for `count` floats, which will be needed soon, to be brought to L2.
UMBEL_INLINE void bring(const float* from, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(from + i, 0, 2);
}

// `next` is the batch that follows, or null: its keys are brought nearer meanwhile.
__attribute__((noinline)) void attend_batch(const Heads& h, int64_t head, int64_t q0, int64_t rows,
                                            const KeyBatch& batch, const KeyBatch* next, bool first,
                                            const float* packed_k, const float* packed_v, const BlockScratch& s) {
  const int64_t padded = h.padded_width();
  Piece pieces[kMaxRanges];
  int64_t column = 0;
  for (int g = 0; g < batch.count; ++g) {
    const KeyRange range = batch.range[g];
    pieces[g] = {column, range.begin * kTileCols, range.end - range.begin};
    column += round_up(range.end - range.begin, kTileCols);
  }
  for (int64_t r0 = 0; r0 < rows; r0 += kScoreRows) {
    const int64_t count = least(kScoreRows, rows - r0);
    const float* q = s.q + r0 * h.width;
    column = 0;
    for (int g = 0; g < batch.count; ++g) {
      const KeyRange range = batch.range[g];
      for (int64_t key = range.begin; key < range.end; key += kTileCols, column += kTileCols) {
        for (int64_t d = 0; r0 == 0 && d < padded; d += kTileCols) {
          bring(packed_v + d * h.valid + key * kTileCols, least(kTileCols, range.end - key) * kTileCols);
        }
        const float* panel = packed_k + key * h.width;
        for (int64_t i = 0; i < count; i += kTileRows) {
          tile(static_cast<int>(least(kTileRows, count - i)), q + i * h.width, h.width, panel, h.width,
               s.scores + i * kScoreStride + column, kScoreStride, false);
        }
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      float* scores = s.scores + i * kScoreStride;
      const int64_t row = r0 + i;
      for (int g = 0; g < batch.count; ++g) {
        const int64_t n = pieces[g].depth, whole = round_up(n, kTileCols);
        float* from = scores + pieces[g].a;
        if (h.bias) {
          const int64_t at = head * h.bias_head_stride + (q0 + row) * h.bias_row_stride;
          add_bias(from, h.bias + at + batch.range[g].begin, n);
        }
        for (int64_t j = n; j < whole; ++j) from[j] = -__builtin_inff();
      }
      softmax_row(scores, batch.columns, s.maximum + row, s.sum + row, s.out + row * padded, padded, first);
    }
    for (int64_t d = 0; d < padded; d += kTileCols) {
      for (int g = 0; next && r0 == 0 && g < next->count; ++g) {
        const KeyRange range = next->range[g];
        const int64_t share = (range.end - range.begin) * h.width / (padded / kTileCols);
        bring(packed_k + range.begin * h.width + d / kTileCols * share, share);
      }
      for (int64_t i = 0; i < count; i += kTileRows) {
        tile(static_cast<int>(least(kTileRows, count - i)), s.scores + i * kScoreStride, kScoreStride,
             packed_v + d * h.valid, pieces, batch.count, s.out + (r0 + i) * padded + d, padded, !first);
      }
    }
  }
}

// Divides by the sums and writes the rows; rows that saw no key become zeros with a log-sum-exp of -inf.
__attribute__((noinline)) void end_block(const Heads& h, int64_t item, int64_t head, int64_t q0, int64_t rows, bool any,
                                         const BlockScratch& s) {
  for (int64_t i = 0; i < rows; ++i) {
    float* out = h.out + ((item * h.queries + q0 + i) * h.heads + head) * h.width;
    const float* sums = s.out + i * h.padded_width();
    const bool empty = !any || s.maximum[i] == -__builtin_inff();
    const float factor = empty ? 0.0f : 1.0f / s.sum[i];
    for (int64_t d = 0; d < h.width; ++d) out[d] = empty ? 0.0f : sums[d] * factor;
    if (h.lse) {
      h.lse[(item * h.heads + head) * h.queries + q0 + i] =
          empty ? -__builtin_inff() : s.maximum[i] * kLn2 + __builtin_logf(s.sum[i]);
    }
  }
}

// Runs `block(item, head, query block, packed K, packed V, scratch)` for all of them, a group of heads at a time so
// that the packed copies stay under kPackedFloats (or one head).
template <class Block>
UMBEL_INLINE void for_query_blocks(CpuContext& ctx, const Heads& h, int64_t block_rows, const Block& block) {
  constexpr int64_t kPackedFloats = 1 << 24;
  constexpr int64_t kPackKeys = 256;
  const int64_t k_floats = round_up(h.k_floats(), 16), v_floats = round_up(h.v_floats(), 16);
  const int64_t per_head = k_floats + v_floats;
  const int64_t pairs = h.batch * h.heads, blocks = ceil_div(h.queries, block_rows);
  const int64_t group = least(pairs, most(1, kPackedFloats / most(1, per_head)));
  auto* packed = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(most(1, group * per_head))));
  const int64_t own = BlockScratch::floats(h, block_rows);
  auto* scratch =
      static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(own) * static_cast<size_t>(ctx.threads())));
  const int64_t pieces = ceil_div(h.valid, kPackKeys);
  for (int64_t first = 0; first < pairs && !ctx.cancelled(); first += group) {
    const int64_t count = least(group, pairs - first);
    ctx.parallel_for(count * pieces, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t pair = task / pieces, key = task % pieces * kPackKeys;
        float* target = packed + pair * per_head;
        pack_keys(h, (first + pair) / h.heads, (first + pair) % h.heads, key, least(h.valid, key + kPackKeys), target,
                  target + k_floats);
      }
    });
    ctx.parallel_for(count * blocks, 1, [&](int64_t begin, int64_t end, int thread) {
      const BlockScratch own_scratch(scratch + thread * own, h, block_rows);
      for (int64_t task = begin; task < end && !ctx.cancelled(); ++task) {
        const int64_t pair = task / blocks;
        const float* target = packed + pair * per_head;
        block((first + pair) / h.heads, (first + pair) % h.heads, task % blocks, target, target + k_floats,
              own_scratch);
      }
    });
  }
}

}  // namespace
}  // namespace umbel
