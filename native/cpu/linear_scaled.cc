// activation(x W^T + bias), W float8 e4m3 with a scale a row, x rounded likewise (scaled_linear.h). Speed as in linear.cc.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "core/kernel.h"
#include "cpu/scaled_linear.h"

namespace {

void linear_scaled(umbel::CpuContext& ctx, const umbel::Tensor& x, const umbel::Tensor& w, const umbel::Tensor& scales,
                   const umbel::Tensor* bias, int64_t activation, const umbel::Tensor& out) {
  umbel::Epilogue epilogue;
  epilogue.activation = activation;
  umbel::scaled_linear_into(ctx, x, w, scales, bias, epilogue, out);
}

}  // namespace

UMBEL_KERNEL(cpu, linear_scaled, linear_scaled)
