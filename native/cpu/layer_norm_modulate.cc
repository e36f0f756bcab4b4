// LN(x) (1 + scale) + shift: a layer norm without parameters, then shift and scale of the whole sequence ([C]) or of
// each token ([S, C]).
#include "core/cpu_context.h"
#include "cpu/row_moments.h"

namespace umbel {
namespace {

UMBEL_INLINE void modulate_row(const float* x, const RowMoments& m, const float* shift, const float* scale, float* out,
                               int64_t n) {
  const Vec one = splat(1.0f);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    store(out + i, fma(m.normalise(load(x + i)), one + load(scale + i), load(shift + i)));
  }
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    const Vec y = m.normalise(load_tail(x + i, rest));
    store_tail(out + i, fma(y, one + load_tail(scale + i, rest), load_tail(shift + i, rest)), rest);
  }
}

void layer_norm_modulate(CpuContext& ctx, const Tensor& x, const Tensor& shift, const Tensor& scale, double eps,
                         const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t width = x.dim(-1), rows = x.numel() / width;
  const int64_t shift_step = shift.numel() == width ? 0 : width;
  const int64_t scale_step = scale.numel() == width ? 0 : width;
  const float *in = x.f32(), *b = shift.f32(), *s = scale.f32();
  float* o = out.f32();
  ctx.parallel_for(rows, row_grain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = in + r * width;
      modulate_row(row, row_moments(row, width, eps), b + r * shift_step, s + r * scale_step, o + r * width, width);
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, layer_norm_modulate, umbel::layer_norm_modulate)
