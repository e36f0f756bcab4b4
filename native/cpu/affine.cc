// a x + b, element-wise.
#include "core/cpu_context.h"
#include "core/kernel.h"

namespace {

void affine(umbel::CpuContext& ctx, const umbel::Tensor& x, double a, double b,
            const umbel::Tensor& out) {
  const float* in = x.f32();
  float* o = out.f32();
  const auto fa = static_cast<float>(a), fb = static_cast<float>(b);
  ctx.parallel_for(x.numel(), 1 << 15, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) o[i] = in[i] * fa + fb;
  });
}

}  // namespace

UMBEL_KERNEL(cpu, affine, affine)
