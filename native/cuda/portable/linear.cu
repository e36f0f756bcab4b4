// activation(x W^T + bias), W in any storage type; kernels and their choice in linear_product.cu.
#include "cuda/portable/linear_product.h"

namespace umbel {
namespace {

void linear(CudaContext& ctx, const Tensor& x, const Tensor& w, const Tensor* bias, int64_t activation,
            const Tensor& out) {
  launch_linear(ctx, {.x = x, .w = w, .bias = bias, .activation = activation}, out, "linear");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, linear, umbel::linear)
