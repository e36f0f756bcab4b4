#pragma once
#include "cuda/context.h"

namespace umbel {

// out [..., N] = activation(x W^T + bias), then residual + gate * that where they are given: the body of linear and
// linear_gated_residual. Defined in linear_product.cu.
struct LinearProduct {
  const Tensor& x;
  const Tensor& w;
  const Tensor* bias = nullptr;
  int64_t activation = 0;
  const Tensor* residual = nullptr;
  const Tensor* gate = nullptr;
};

void launch_linear(CudaContext& ctx, const LinearProduct& product, const Tensor& out, const char* name);

}  // namespace umbel
