#pragma once
// Element-wise kernels of one operand: each thread moves groups of eight elements, 16 bytes at a time, one pass.
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

template <class F>
__global__ void __launch_bounds__(256) map_kernel(Elements x, Elements out, int64_t count, F f) {
  const int64_t groups = (count + 7) / 8, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t g = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += step) {
    const int64_t at = g * 8;
    const int n = static_cast<int>(count - at < 8 ? count - at : 8);
    float v[8];
    load8(x, at, n, v);
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] = f(v[j]);
    store8(out, at, n, v);
  }
}

template <class F>
void map_elements(CudaContext& ctx, const Tensor& x, const Tensor& out, F f, const char* name) {
  const int64_t count = out.numel();
  if (count == 0) return;
  map_kernel<<<grid_of((count + 7) / 8, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(
      elements_of(x), elements_of(out), count, f);
  check_launch(name);
}

}  // namespace
}  // namespace umbel
