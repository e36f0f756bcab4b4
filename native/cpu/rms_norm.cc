// x / sqrt(mean(x^2) + eps) * weight over the last axis, weight optional.
#include <cmath>

#include "core/cpu_context.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

UMBEL_INLINE void scale_row(const float* x, float inverse, const float* weight, float* out, int64_t n) {
  const Vec factor = splat(inverse);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    Vec y = load(x + i) * factor;
    if (weight) y *= load(weight + i);
    store(out + i, y);
  }
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    Vec y = load_tail(x + i, rest) * factor;
    if (weight) y *= load_tail(weight + i, rest);
    store_tail(out + i, y, rest);
  }
}

void rms_norm(CpuContext& ctx, const Tensor& x, const Tensor* weight, double eps, const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t width = x.dim(-1), rows = x.numel() / width;
  const float *in = x.f32(), *w = weight ? weight->f32() : nullptr;
  float* o = out.f32();
  ctx.parallel_for(rows, row_grain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = in + r * width;
      const double mean = row_sum_of_squares(row, width) / static_cast<double>(width);
      scale_row(row, static_cast<float>(1.0 / std::sqrt(mean + eps)), w, o + r * width, width);
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, rms_norm, umbel::rms_norm)
