// GELU, element-wise: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), or x Phi(x) with the error function.
#include "cpu/elementwise.h"

namespace umbel {
namespace {

void gelu(CpuContext& ctx, const Tensor& x, bool tanh_form, const Tensor& out) {
  if (tanh_form) {
    map_elements(ctx, x, out, [](Vec v) __attribute__((always_inline)) { return gelu_tanh(v); });
  } else {
    map_elements(ctx, x, out, [](Vec v) __attribute__((always_inline)) { return gelu_erf(v); });
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, gelu, umbel::gelu)
