// min(max(x, low), high), element-wise; a NaN in x stays. Bound by memory.
#include "cpu/elementwise.h"

namespace umbel {
namespace {

void clamp(CpuContext& ctx, const Tensor& x, double low, double high, const Tensor& out) {
  const Vec least = splat(static_cast<float>(low)), most = splat(static_cast<float>(high));
  map_elements(ctx, x, out, [=](Vec v) __attribute__((always_inline)) { return min(most, max(least, v)); });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, clamp, umbel::clamp)
