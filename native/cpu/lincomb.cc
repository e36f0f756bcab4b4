// a x + b y, element-wise, operands of one shape. Bound by memory.
#include "cpu/elementwise.h"

namespace umbel {
namespace {

void lincomb(CpuContext& ctx, const Tensor& x, const Tensor& y, double a, double b, const Tensor& out) {
  const Vec va = splat(static_cast<float>(a)), vb = splat(static_cast<float>(b));
  map_pairs(ctx, x, y, out, [=](Vec u, Vec v) __attribute__((always_inline)) { return fma(va, u, vb * v); });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, lincomb, umbel::lincomb)
