// Norm over P pixels and the channels of a group, x [N, P, C], then SiLU when asked for. Three passes: sums for a first
// mean, differences from it and their squares, result. Pixels are cut into chunks that do not depend on the number of threads; inside of
// one, 16 pixels are added up in float lanes a channel and then in double, so that the error stays near 1e-7 of the sum
// of magnitudes for clips of any length.
#include <cmath>

#include "core/cpu_context.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

constexpr int64_t kStrip = 16;
constexpr int64_t kMostChunks = 1024;

struct GroupShape {
  int64_t pixels, channels, groups, per_group, chunk, chunks;
};

// Sums of pixels [begin, end), one number a group: of x, or (`again`) of x - mean and behind them of its squares.
template <bool again>
UMBEL_INLINE void add_chunk(const float* x, const GroupShape& s, int64_t begin, int64_t end, const float* means,
                            float* strip, double* sums) {
  constexpr int kinds = again ? 2 : 1;
  for (int64_t i = 0; i < kinds * s.groups; ++i) sums[i] = 0;
  for (int64_t p = begin; p < end; p += kStrip) {
    const int64_t last = p + kStrip < end ? p + kStrip : end;
    for (int64_t c = 0; c < s.channels; c += kWidth) {
      const auto n = static_cast<int>(s.channels - c < kWidth ? s.channels - c : kWidth);
      Vec total{}, squares{};
      const Vec mean = again ? load_tail(means + c, n) : zero();
      for (int64_t q = p; q < last; ++q) {
        const Vec v = load_tail(x + q * s.channels + c, n) - mean;
        total += v;
        if (again) squares += v * v;
      }
      store_tail(strip + c, total, n);
      if (again) store_tail(strip + s.channels + c, squares, n);
    }
    for (int64_t kind = 0; kind < kinds; ++kind) {
      for (int64_t g = 0; g < s.groups; ++g) {
        sums[kind * s.groups + g] += row_sum(strip + kind * s.channels + g * s.per_group, s.per_group);
      }
    }
  }
}

// The chunks' `count` sums, added up in order.
UMBEL_INLINE void add_chunks(const GroupShape& s, int64_t count, const double* partial, double* sums) {
  for (int64_t i = 0; i < count; ++i) sums[i] = 0;
  for (int64_t k = 0; k < s.chunks; ++k) {
    for (int64_t i = 0; i < count; ++i) sums[i] += partial[k * count + i];
  }
}

UMBEL_INLINE void scale_pixel(const float* x, const float* mean, const float* factor, const float* shift, bool activate,
                              float* out, int64_t n) {
  for (int64_t i = 0; i < n; i += kWidth) {
    const auto rest = static_cast<int>(n - i < kWidth ? n - i : kWidth);
    const Vec y = fma(load_tail(x + i, rest) - load_tail(mean + i, rest), load_tail(factor + i, rest),
                      load_tail(shift + i, rest));
    store_tail(out + i, activate ? silu(y) : y, rest);
  }
}

void group_norm(CpuContext& ctx, const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t groups, double eps,
                bool activate, const Tensor& out) {
  if (out.numel() == 0) return;
  GroupShape s{};
  s.pixels = x.dim(1);
  s.channels = x.dim(2);
  s.groups = groups;
  s.per_group = s.channels / groups;
  s.chunk = (s.pixels + kMostChunks - 1) / kMostChunks;
  s.chunk = (s.chunk + kStrip - 1) / kStrip * kStrip;
  s.chunks = (s.pixels + s.chunk - 1) / s.chunk;
  const int threads = ctx.threads();
  const auto doubles = static_cast<size_t>(2 * s.chunks * groups + 3 * groups);
  const auto floats = static_cast<size_t>(s.channels * (3 + 2 * threads));
  auto* partial = static_cast<double*>(ctx.scratch(doubles * sizeof(double) + floats * sizeof(float)));
  double *means = partial + 2 * s.chunks * groups, *rests = means + groups, *squares = rests + groups;
  auto* mean = reinterpret_cast<float*>(squares + groups);
  float *factor = mean + s.channels, *shift = factor + s.channels, *strips = shift + s.channels;
  const float *w = weight.f32(), *b = bias.f32();
  const auto count = static_cast<double>(s.pixels * s.per_group);
  for (int64_t item = 0; item < x.dim(0); ++item) {
    const float* in = x.f32() + item * s.pixels * s.channels;
    float* o = out.f32() + item * s.pixels * s.channels;
    ctx.parallel_for(s.chunks, 1, [=](int64_t begin, int64_t end, int thread) {
      for (int64_t k = begin; k < end; ++k) {
        const int64_t first = k * s.chunk, last = first + s.chunk < s.pixels ? first + s.chunk : s.pixels;
        add_chunk<false>(in, s, first, last, mean, strips + 2 * thread * s.channels, partial + k * s.groups);
      }
    });
    add_chunks(s, groups, partial, means);
    for (int64_t g = 0; g < groups; ++g) {
      means[g] /= count;
      for (int64_t c = g * s.per_group; c < (g + 1) * s.per_group; ++c) mean[c] = static_cast<float>(means[g]);
    }
    ctx.parallel_for(s.chunks, 1, [=](int64_t begin, int64_t end, int thread) {
      for (int64_t k = begin; k < end; ++k) {
        const int64_t first = k * s.chunk, last = first + s.chunk < s.pixels ? first + s.chunk : s.pixels;
        add_chunk<true>(in, s, first, last, mean, strips + 2 * thread * s.channels,
                         partial + 2 * k * s.groups);
      }
    });
    add_chunks(s, 2 * groups, partial, rests);
    for (int64_t c = 0; c < s.channels; ++c) {
      const int64_t g = c / s.per_group;
      // What the first mean was off goes into the shift.
      const double rest = rests[g] / count;
      const double variance = squares[g] / count - rest * rest;
      const double scale = static_cast<double>(w[c]) / std::sqrt((variance < 0 ? 0 : variance) + eps);
      factor[c] = static_cast<float>(scale);
      shift[c] = static_cast<float>(static_cast<double>(b[c]) - rest * scale);
    }
    ctx.parallel_for(s.pixels, row_grain(s.channels), [=](int64_t begin, int64_t end, int) {
      for (int64_t p = begin; p < end; ++p) {
        scale_pixel(in + p * s.channels, mean, factor, shift, activate, o + p * s.channels, s.channels);
      }
    });
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, group_norm, umbel::group_norm)
