#include "core/cpu_context.h"
#include "core/kernel.h"
#include "cpu/gemm_linear.h"

namespace {

void linear(umbel::CpuContext& ctx, const umbel::Tensor& x, const umbel::Tensor& w,
            const umbel::Tensor* bias, int64_t activation, const umbel::Tensor& out) {
  umbel::Epilogue epilogue;
  epilogue.activation = activation;
  umbel::linear_into(ctx, x, w, bias, epilogue, out);
}

}  // namespace

UMBEL_KERNEL(cpu, linear, linear)
