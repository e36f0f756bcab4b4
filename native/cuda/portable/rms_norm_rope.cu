// RMSNorm over all heads or over each, then rotary embedding of the pairs (2i, 2i + 1) of each head; kernel in row_norm.cu.
#include "cuda/portable/row_norm.h"

namespace umbel {
namespace {

void rms_norm_rope(CudaContext& ctx, const Tensor& x, const Tensor& weight, const Tensor& cos_sin, double eps,
                   int64_t heads, const Tensor& out) {
  RowNorm norm;
  norm.eps = static_cast<float>(eps);
  norm.weight = &weight;
  norm.cos_sin = &cos_sin;
  norm.head_width = x.dim(-1) / heads;
  // A row of the kernel is what is normed: a token, or one of its heads.
  norm.width = weight.numel();
  norm.rows_a_position = x.dim(-1) / weight.numel();
  launch_row_norm(ctx, norm, x, out, "rms_norm_rope");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, rms_norm_rope, umbel::rms_norm_rope)
