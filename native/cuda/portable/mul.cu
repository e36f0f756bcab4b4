// The product of two tensors, element-wise with broadcasting (broadcast.cuh). Bound by memory: one read of each operand,
// one write. Speed as in add.cu, whose kernel it is.
#include "cuda/portable/broadcast.cuh"

namespace umbel {
namespace {

void mul(CudaContext& ctx, const Tensor& a, const Tensor& b, const Tensor& out) {
  broadcast_pairs(ctx, a, b, out, [] __device__(float x, float y) { return x * y; }, "mul");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, mul, umbel::mul)
