// (x - mean) / sqrt(variance + eps) * weight + bias over the last axis; kernel in row_norm.cu.
#include "cuda/portable/row_norm.h"

namespace umbel {
namespace {

void layer_norm(CudaContext& ctx, const Tensor& x, const Tensor* weight, const Tensor* bias, double eps,
                const Tensor& out) {
  RowNorm norm;
  norm.kind = RowNorm::Kind::layer;
  norm.eps = static_cast<float>(eps);
  norm.weight = weight;
  norm.bias = bias;
  launch_row_norm(ctx, norm, x, out, "layer_norm");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, layer_norm, umbel::layer_norm)
