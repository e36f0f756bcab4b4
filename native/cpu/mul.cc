// The product of two tensors, element-wise with broadcasting. Bound by memory.
#include "cpu/broadcast.h"

namespace umbel {
namespace {

void mul(CpuContext& ctx, const Tensor& a, const Tensor& b, const Tensor& out) {
  broadcast_pairs(ctx, a, b, out, [](Vec x, Vec y) __attribute__((always_inline)) { return x * y; });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, mul, umbel::mul)
