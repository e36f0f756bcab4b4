// The hyperbolic tangent, element-wise.
#include "cpu/elementwise.h"

namespace umbel {
namespace {

void tanh_elements(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  map_elements(ctx, x, out, [](Vec v) __attribute__((always_inline)) { return tanh(v); });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, tanh, umbel::tanh_elements)
