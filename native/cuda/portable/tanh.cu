// The hyperbolic tangent, element-wise; not measured yet.
#include "cuda/portable/elementwise.cuh"

namespace umbel {
namespace {

void tanh_elements(CudaContext& ctx, const Tensor& x, const Tensor& out) {
  map_elements(ctx, x, out, [] __device__(float v) { return tanhf(v); }, "tanh");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, tanh, umbel::tanh_elements)
