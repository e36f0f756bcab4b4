// Cosine and sine of each element, next to each other. In double precision: angles of hundreds keep their digits.
#include <cmath>

#include "cpu/elementwise.h"

namespace umbel {
namespace {

void cos_sin(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  const float* in = x.f32();
  float* o = out.f32();
  ctx.parallel_for(x.numel(), kElementGrain / 32, [=](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double angle = static_cast<double>(in[i]);
      o[2 * i] = static_cast<float>(std::cos(angle));
      o[2 * i + 1] = static_cast<float>(std::sin(angle));
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, cos_sin, umbel::cos_sin)
