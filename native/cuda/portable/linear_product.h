#pragma once
#include "cuda/context.h"
#include "cuda/linear.h"

namespace umbel {

// out [..., N] = activation(x W^T + bias), then residual + gate * that where they are given: the body of linear,
// linear_gated_residual and, with the scales of W's rows, of linear_scaled and linear_scaled_gated_residual. Defined in
// linear_product.cu.
struct LinearProduct {
  const Tensor& x;
  const Tensor& w;
  const Tensor* w_scales = nullptr;  // [N], W float8 e4m3
  const Tensor* bias = nullptr;
  int64_t activation = 0;
  const Tensor* residual = nullptr;
  const Tensor* gate = nullptr;
};

void launch_linear(CudaContext& ctx, const LinearProduct& product, const Tensor& out, const char* name);

// The product by one path (float8 operands quantised already), `out` being a.out; false when cuBLASLt has no algorithm.
bool run_linear_path(CudaContext& ctx, const cuda::LinearArguments& a, cuda::LinearPath path, const Tensor& out);

}  // namespace umbel
