// (x - mean) / sqrt(variance + eps) * weight + bias over the last axis, weight and bias optional.
#include "core/cpu_context.h"
#include "cpu/row_moments.h"

namespace umbel {
namespace {

UMBEL_INLINE void scale_row(const float* x, const RowMoments& m, const float* weight, const float* bias, float* out,
                            int64_t n) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    Vec y = m.normalise(load(x + i));
    if (weight) y *= load(weight + i);
    if (bias) y += load(bias + i);
    store(out + i, y);
  }
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    Vec y = m.normalise(load_tail(x + i, rest));
    if (weight) y *= load_tail(weight + i, rest);
    if (bias) y += load_tail(bias + i, rest);
    store_tail(out + i, y, rest);
  }
}

void layer_norm(CpuContext& ctx, const Tensor& x, const Tensor* weight, const Tensor* bias, double eps,
                const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t width = x.dim(-1), rows = x.numel() / width;
  const float *in = x.f32(), *w = weight ? weight->f32() : nullptr, *b = bias ? bias->f32() : nullptr;
  float* o = out.f32();
  ctx.parallel_for(rows, row_grain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = in + r * width;
      scale_row(row, row_moments(row, width, eps), w, b, o + r * width, width);
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, layer_norm, umbel::layer_norm)
