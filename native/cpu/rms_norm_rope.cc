// Root-mean-square norm over all heads of a token ([S, H*D]), then rotary embedding inside each head: the pair (2i,
// 2i+1) turns by the angle whose cosine and sine are cos_sin[s, i]. With v = (a0, b0, a1, b1, ...) the rotation is v *
// (c0, c0, c1, c1, ...) + (b0, a0, b1, a1, ...) * (-s0, s0, -s1, s1, ...); the two factors are made once a token and
// serve every head. A weight of one head's width norms each head by itself.
#include <cmath>

#include "core/cpu_context.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

UMBEL_INLINE Vec swap_pairs(Vec v) {
#if UMBEL_SIMD_WIDTH == 16
  return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif UMBEL_SIMD_WIDTH == 8
  return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
#else
  return __builtin_shufflevector(v, v, 1, 0, 3, 2);
#endif
}

// cos_sin holds (cosine, sine) pairs of one token.
UMBEL_INLINE void spread_angles(const float* cos_sin, float* own, float* other, int64_t head_width) {
  for (int64_t i = 0; i < head_width; i += 2) {
    own[i] = own[i + 1] = cos_sin[i];
    other[i] = -cos_sin[i + 1];
    other[i + 1] = cos_sin[i + 1];
  }
}

UMBEL_INLINE void rotate_head(const float* x, const float* weight, float inverse, const float* own, const float* other,
                              float* out, int64_t head_width) {
  const Vec factor = splat(inverse);
  int64_t i = 0;
  for (; i + kWidth <= head_width; i += kWidth) {
    const Vec y = load(x + i) * factor * load(weight + i);
    store(out + i, fma(swap_pairs(y), load(other + i), y * load(own + i)));
  }
  const auto rest = static_cast<int>(head_width - i);
  if (rest > 0) {
    const Vec y = load_tail(x + i, rest) * factor * load_tail(weight + i, rest);
    store_tail(out + i, fma(swap_pairs(y), load_tail(other + i, rest), y * load_tail(own + i, rest)), rest);
  }
}

void rms_norm_rope(CpuContext& ctx, const Tensor& x, const Tensor& weight, const Tensor& cos_sin, double eps,
                   int64_t heads, const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t width = x.dim(-1), rows = x.numel() / width, head_width = width / heads;
  const int64_t norm_width = weight.numel();  // all heads, or one
  const int64_t positions = cos_sin.numel() / head_width;  // batches of sequences share them
  const float *in = x.f32(), *w = weight.f32(), *angles = cos_sin.f32();
  float* o = out.f32();
  auto* factors = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(2 * head_width * ctx.threads())));
  ctx.parallel_for(rows, row_grain(width), [=](int64_t begin, int64_t end, int thread) {
    float* own = factors + 2 * head_width * thread;
    float* other = own + head_width;
    for (int64_t r = begin; r < end; ++r) {
      const float* row = in + r * width;
      spread_angles(angles + (r % positions) * head_width, own, other, head_width);
      for (int64_t from = 0; from < width; from += norm_width) {
        const double mean = row_sum_of_squares(row + from, norm_width) / static_cast<double>(norm_width);
        const auto inverse = static_cast<float>(1.0 / std::sqrt(mean + eps));
        for (int64_t at = 0; at < norm_width; at += head_width) {
          rotate_head(row + from + at, w + at, inverse, own, other, o + r * width + from + at, head_width);
        }
      }
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, rms_norm_rope, umbel::rms_norm_rope)
