// residual + gate * (x W^T + bias), W float8 with a scale a row; kernels and their choice in linear_product.cu.
#include "cuda/portable/linear_product.h"

namespace umbel {
namespace {

void linear_scaled_gated_residual(CudaContext& ctx, const Tensor& x, const Tensor& w, const Tensor& scales,
                                  const Tensor* bias, const Tensor& residual, const Tensor& gate, const Tensor& out) {
  launch_linear(ctx, {.x = x, .w = w, .w_scales = &scales, .bias = bias, .residual = &residual, .gate = &gate}, out,
                "linear_scaled_gated_residual");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, linear_scaled_gated_residual, umbel::linear_scaled_gated_residual)
