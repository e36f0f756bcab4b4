// Nearest-neighbour doubling of H and W, channels last: x [T, H, W, C] -> [T, 2H, 2W, C]. Bound by memory.
#include "core/cpu_context.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

// Writes a pixel twice, side by side.
UMBEL_INLINE void double_pixel(const float* x, float* out, int64_t channels) {
  int64_t i = 0;
  for (; i + kWidth <= channels; i += kWidth) {
    const Vec v = load(x + i);
    store(out + i, v);
    store(out + channels + i, v);
  }
  for (; i < channels; ++i) out[i] = out[channels + i] = x[i];
}

void upsample2x(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t width = x.dim(2), channels = x.dim(3), rows = x.dim(0) * x.dim(1);
  const float* in = x.f32();
  float* o = out.f32();
  ctx.parallel_for(rows, row_grain(4 * width * channels), [=](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      for (int64_t copy = 0; copy < 2; ++copy) {
        float* row = o + (2 * r + copy) * 2 * width * channels;
        for (int64_t w = 0; w < width; ++w) {
          double_pixel(in + (r * width + w) * channels, row + 2 * w * channels, channels);
        }
      }
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, upsample2x, umbel::upsample2x)
