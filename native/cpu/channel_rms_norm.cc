// x / max(|x|, 1e-12) * sqrt(C) * gamma over the channels of a pixel (last axis), then SiLU when asked for.
#include <cmath>

#include "core/cpu_context.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

template <bool activate>
UMBEL_INLINE void scale_pixel(const float* x, float inverse, const float* gamma, float* out, int64_t n) {
  const Vec factor = splat(inverse);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    const Vec y = load(x + i) * factor * load(gamma + i);
    store(out + i, activate ? silu(y) : y);
  }
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    const Vec y = load_tail(x + i, rest) * factor * load_tail(gamma + i, rest);
    store_tail(out + i, activate ? silu(y) : y, rest);
  }
}

template <bool activate>
void normalise_pixels(CpuContext& ctx, const Tensor& x, const Tensor& gamma, const Tensor& out) {
  const int64_t channels = x.dim(-1), pixels = x.numel() / channels;
  const double root = std::sqrt(static_cast<double>(channels));
  const float *in = x.f32(), *g = gamma.f32();
  float* o = out.f32();
  ctx.parallel_for(pixels, row_grain(channels), [=](int64_t begin, int64_t end, int) {
    for (int64_t p = begin; p < end; ++p) {
      const float* pixel = in + p * channels;
      const double norm = std::sqrt(row_sum_of_squares(pixel, channels));
      const auto inverse = static_cast<float>(root / (norm < 1e-12 ? 1e-12 : norm));
      scale_pixel<activate>(pixel, inverse, g, o + p * channels, channels);
    }
  });
}

void channel_rms_norm(CpuContext& ctx, const Tensor& x, const Tensor& gamma, bool activate, const Tensor& out) {
  if (out.numel() == 0) return;
  if (activate) {
    normalise_pixels<true>(ctx, x, gamma, out);
  } else {
    normalise_pixels<false>(ctx, x, gamma, out);
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, channel_rms_norm, umbel::channel_rms_norm)
