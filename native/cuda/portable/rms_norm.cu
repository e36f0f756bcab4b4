// x / sqrt(mean(x^2) + eps) * weight over the last axis; kernel in row_norm.cu.
#include "cuda/portable/row_norm.h"

namespace umbel {
namespace {

void rms_norm(CudaContext& ctx, const Tensor& x, const Tensor* weight, double eps, const Tensor& out) {
  RowNorm norm;
  norm.eps = static_cast<float>(eps);
  norm.weight = weight;
  launch_row_norm(ctx, norm, x, out, "rms_norm");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, rms_norm, umbel::rms_norm)
