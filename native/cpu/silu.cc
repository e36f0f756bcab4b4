// x / (1 + e^-x), element-wise.
#include "cpu/elementwise.h"

namespace umbel {
namespace {

void silu_elements(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  map_elements(ctx, x, out, [](Vec v) __attribute__((always_inline)) { return silu(v); });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, silu, umbel::silu_elements)
