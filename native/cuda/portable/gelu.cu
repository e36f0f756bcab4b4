// GELU, element-wise: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), or x Phi(x) with the error function. One read, one
// write. H200, tanh form, bfloat16, 69,120 x 13,824: 3.75 TB/s, 89 % of a copy.
#include "cuda/portable/elementwise.cuh"

namespace umbel {
namespace {

void gelu(CudaContext& ctx, const Tensor& x, bool tanh_form, const Tensor& out) {
  if (tanh_form) {
    map_elements(ctx, x, out, [] __device__(float v) { return gelu_tanh(v); },
                 [] __device__(float v) { return fast_gelu_tanh(v); }, "gelu");
  } else {
    map_elements(ctx, x, out, [] __device__(float v) { return gelu_erf(v); }, "gelu");
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, gelu, umbel::gelu)
