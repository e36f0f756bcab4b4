// a x + b, element-wise. Bound by memory.
#include "cpu/elementwise.h"

namespace umbel {
namespace {

void affine(CpuContext& ctx, const Tensor& x, double a, double b, const Tensor& out) {
  const Vec scale = splat(static_cast<float>(a)), offset = splat(static_cast<float>(b));
  map_elements(ctx, x, out, [=](Vec v) __attribute__((always_inline)) { return fma(v, scale, offset); });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, affine, umbel::affine)
