// softmax(scale q k^T + bias) v; algorithm and tiles in flash_attention.h, up to four queries in few_queries.h.
//
// Measured on an AMD EPYC (Zen 3, AVX2) in GFLOP/s of one core, in processor time beside other work, PyTorch 2.13 in
// brackets (queries x keys x heads x width): 2304 x 2304 x 4 x 64 77 (48), 2048 x 2048 x 4 x 128 78 (70), 8192 x 8192 x
// 1 x 64 74 (51), 2304 x 20 x 4 x 64 30 (17), 1024 x 1024 x 1 x 384 85 (57), 64 x 64 x 16 x 64 61 (33), 1 x 4096 x 8 x
// 64 3.8.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "core/kernel.h"
#include "cpu/few_queries.h"

namespace umbel {
namespace {

// Query rows of one task: its sums (rows x width) stay within L2 beside a batch of keys.
constexpr int64_t kBlockFloats = 12288;

void attention(CpuContext& ctx, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias, double scale,
               int64_t valid_keys, const Tensor& out, const Tensor* lse) {
  const int64_t keys = k.dim(-3);
  Heads h{};
  h.q = q.f32();
  h.k = k.f32();
  h.v = v.f32();
  h.out = out.f32();
  h.lse = lse ? lse->f32() : nullptr;
  h.batch = q.rank == 4 ? q.dim(0) : 1;
  h.queries = q.dim(-3);
  h.heads = q.dim(-2);
  h.width = q.dim(-1);
  h.keys = keys;
  h.valid = valid_keys < 0 ? keys : least(keys, valid_keys);
  h.scale = static_cast<float>(scale);
  if (q.rank < 3 || k.rank != q.rank || k.dim(-1) != h.width || k.dim(-2) != h.heads || v.numel() != k.numel() ||
      k.numel() != h.batch * keys * h.heads * h.width) {
    fail("ERR_SHAPE", "Expected q [B?, Sq, H, D] with k and v [B?, Sk, H, D] of the same B, H and D.");
  }
  if (bias) {
    if (bias->rank != 3 || (bias->dim(0) != 1 && bias->dim(0) != h.heads) ||
        (bias->dim(1) != 1 && bias->dim(1) != h.queries) || bias->dim(2) != keys) {
      fail("ERR_SHAPE", "Expected a bias [%lld or 1, %lld or 1, %lld].", static_cast<long long>(h.heads),
           static_cast<long long>(h.queries), static_cast<long long>(keys));
    }
    h.bias = bias->f32();
    h.bias_row_stride = bias->dim(1) == 1 ? 0 : bias->stride.data()[1];
    h.bias_head_stride = bias->dim(0) == 1 ? 0 : bias->stride.data()[0];
  }
  if (q.numel() == 0) return;
  if (h.queries <= kFewQueries) return few_queries(ctx, h);
  const int64_t rows = most(kScoreRows, kBlockFloats / h.padded_width() / kScoreRows * kScoreRows);
  const int64_t block_rows = least(rows, round_up(h.queries, kTileRows));
  for_query_blocks(ctx, h, block_rows,
                   [&](int64_t item, int64_t head, int64_t block, const float* packed_k, const float* packed_v,
                       const BlockScratch& s) {
                     const int64_t q0 = block * block_rows;
                     const int64_t count = least(block_rows, h.queries - q0);
                     begin_block(h, item, head, q0, count, s);
                     for (int64_t key = 0; key < h.valid && !ctx.cancelled(); key += kBatchKeys) {
                       KeyBatch batch, next;
                       const int64_t end = least(h.valid, key + kBatchKeys);
                       batch.append(key, end);
                       if (end < h.valid) next.append(end, least(h.valid, end + kBatchKeys));
                       attend_batch(h, head, q0, count, batch, &next, key == 0, packed_k, packed_v, s);
                     }
                     end_block(h, item, head, q0, count, h.valid > 0, s);
                   });
}

}  // namespace
}  // namespace umbel

namespace {
using umbel::attention;
}
UMBEL_KERNEL(cpu, attention, attention)
