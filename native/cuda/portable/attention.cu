// softmax(scale q k^T + bias) v: the kernel that takes the shape.
#include "core/fail.h"
#include "cuda/attention_call.h"

namespace umbel {
namespace {

void attention(CudaContext& ctx, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* bias, double scale,
               int64_t valid_keys, const Tensor& out, const Tensor* lse) {
  const int64_t keys = k.dim(-3), heads = q.dim(-2), queries = q.dim(-3);
  if (q.rank < 3 || k.rank != q.rank || k.dim(-1) != q.dim(-1) || k.dim(-2) != heads || v.numel() != k.numel() ||
      (q.rank == 4 && k.dim(0) != q.dim(0))) {
    fail("ERR_SHAPE", "Expected q [B?, Sq, H, D] with k and v [B?, Sk, H, D] of the same B, H and D.");
  }
  if (bias && (bias->rank != 3 || (bias->dim(0) != 1 && bias->dim(0) != heads) ||
               (bias->dim(1) != 1 && bias->dim(1) != queries) || bias->dim(2) != keys)) {
    fail("ERR_SHAPE", "Expected a bias [%lld or 1, %lld or 1, %lld].", static_cast<long long>(heads),
         static_cast<long long>(queries), static_cast<long long>(keys));
  }
  const int64_t valid = valid_keys < 0 || valid_keys > keys ? keys : valid_keys;
  launch_attention(ctx, {.q = q, .k = k, .v = v, .bias = bias, .scale = scale, .valid_keys = valid}, out, lse);
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, attention, umbel::attention)
