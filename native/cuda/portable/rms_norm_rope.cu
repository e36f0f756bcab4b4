// RMSNorm over all heads, then rotary embedding of the pairs (2i, 2i + 1) of each head; kernel in row_norm.cu.
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
  launch_row_norm(ctx, norm, x, out, "rms_norm_rope");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, rms_norm_rope, umbel::rms_norm_rope)
