#pragma once
#include "cuda/context.h"

namespace umbel {

// softmax(scale q k^T + bias) v, operands float32 or bfloat16: q [B?, Sq, H, D], k and v [B?, Sk, H, D]. With lists
// only their pairs of blocks.
struct AttentionCall {
  const Tensor& q;
  const Tensor& k;
  const Tensor& v;
  const Tensor* bias = nullptr;  // [H or 1, Sq or 1, Sk]
  double scale = 1;
  int64_t valid_keys = 0;
  const Tensor* row_ptr = nullptr;  // int32 [1 or H, rows + 1]
  const Tensor* col = nullptr;      // int32 [1 or H, entries]
  int64_t block = 0;
};

// By the fastest kernel that can (cuda/attention.h). ERR_SHAPE when none can.
void launch_attention(CudaContext& ctx, const AttentionCall& call, const Tensor& out, const Tensor* lse);

}  // namespace umbel
