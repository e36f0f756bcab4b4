// a x + b, element-wise. Bound by memory: one read, one write. Not measured yet.
#include "cuda/portable/elementwise.cuh"

namespace umbel {
namespace {

void affine(CudaContext& ctx, const Tensor& x, double a, double b, const Tensor& out) {
  const auto fa = static_cast<float>(a), fb = static_cast<float>(b);
  map_elements(ctx, x, out, [fa, fb] __device__(float v) { return fmaf(fa, v, fb); }, "affine");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, affine, umbel::affine)
