#include "core/cpu_context.h"
#include "core/fail.h"
#include "core/kernel.h"
#include "cpu/flash_attention.h"

namespace umbel {
namespace {

// Query rows of one task: its sums (rows x width) stay within L2 beside a batch of keys.
constexpr int64_t kBlockFloats = 12288;

void attention(CpuContext& ctx, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias,
               double scale, int64_t valid_keys, const Tensor& out, const Tensor* lse) {
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
  if (q.rank < 3 || k.rank != q.rank || k.dim(-1) != h.width || k.dim(-2) != h.heads ||
      v.numel() != k.numel() || k.numel() != h.batch * keys * h.heads * h.width) {
    fail("ERR_SHAPE", "Expected q [B?, Sq, H, D] with k and v [B?, Sk, H, D] of the same B, H and D.");
  }
  if (bias) {
    if (bias->rank != 3 || (bias->dim(0) != 1 && bias->dim(0) != h.heads) ||
        (bias->dim(1) != 1 && bias->dim(1) != h.queries) || bias->dim(2) != keys) {
      fail("ERR_SHAPE", "Expected a bias [%lld or 1, %lld or 1, %lld].", static_cast<long long>(h.heads),
           static_cast<long long>(h.queries), static_cast<long long>(keys));
    }
    h.bias = bias->f32();
    h.bias_row_stride = bias->dim(1) == 1 ? 0 : keys;
    h.bias_head_stride = bias->dim(0) == 1 ? 0 : bias->dim(1) * keys;
  }
  if (q.numel() == 0) return;
  const int64_t rows = most(kScoreRows, kBlockFloats / h.padded_width() / kScoreRows * kScoreRows);
  const int64_t block_rows = least(rows, round_up(h.queries, kTileRows));
  for_query_blocks(ctx, h, block_rows,
                   [&](int64_t item, int64_t head, int64_t block, const float* packed_k,
                       const float* packed_v, const BlockScratch& s) {
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
