// activation(x W^T + bias), W float8 with a scale a row; kernels and their choice in linear_product.cu.
#include "cuda/portable/linear_product.h"

namespace umbel {
namespace {

void linear_scaled(CudaContext& ctx, const Tensor& x, const Tensor& w, const Tensor& scales, const Tensor* bias,
                   int64_t activation, const Tensor& out) {
  launch_linear(ctx, {.x = x, .w = w, .w_scales = &scales, .bias = bias, .activation = activation}, out,
                "linear_scaled");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, linear_scaled, umbel::linear_scaled)
