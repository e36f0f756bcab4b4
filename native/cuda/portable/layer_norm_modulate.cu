// LayerNorm(x) (1 + scale) + shift over the last axis, scale and shift [C] or [S, C]; kernel in row_norm.cu.
#include "cuda/portable/row_norm.h"

namespace umbel {
namespace {

void layer_norm_modulate(CudaContext& ctx, const Tensor& x, const Tensor& shift, const Tensor& scale, double eps,
                         const Tensor& out) {
  RowNorm norm;
  norm.kind = RowNorm::Kind::layer;
  norm.eps = static_cast<float>(eps);
  norm.weight = &scale;
  norm.weight_rows = scale.rank > 1;
  norm.weight_shift = 1;
  norm.bias = &shift;
  norm.bias_rows = shift.rank > 1;
  launch_row_norm(ctx, norm, x, out, "layer_norm_modulate");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, layer_norm_modulate, umbel::layer_norm_modulate)
