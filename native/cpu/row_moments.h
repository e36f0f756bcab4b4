#pragma once
// Mean and variance of a row in two passes. The mean is kept as a float and a remainder, so that x - mean is good to one
// rounding even when the mean is a thousand times the deviation.
#include <cmath>

#include "cpu/row_sums.h"

namespace umbel {
namespace {

struct RowMoments {
  float mean;            // nearest float
  float mean_remainder;  // what that rounding left
  float inverse;         // 1 / sqrt(variance + eps)

  UMBEL_INLINE Vec normalise(Vec x) const {
    return ((x - splat(mean)) - splat(mean_remainder)) * splat(inverse);
  }
};

UMBEL_INLINE RowMoments row_moments(const float* x, int64_t n, double eps) {
  const double mean = row_sum(x, n) / static_cast<double>(n);
  RowMoments m;
  m.mean = static_cast<float>(mean);
  m.mean_remainder = static_cast<float>(mean - static_cast<double>(m.mean));
  const Vec high = splat(m.mean), low = splat(m.mean_remainder);
  const double squares = row_sum(x, n, [=](Vec v) __attribute__((always_inline)) {
    const Vec d = (v - high) - low;
    return d * d;
  });
  m.inverse = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + eps));
  return m;
}

}  // namespace
}  // namespace umbel
