#pragma once
// Mean and variance of a row, from differences to a first mean. The mean is kept as a float and a remainder, so that
// x - mean is good to one rounding even when the mean is a thousand times the deviation.
#include <cmath>

#include "cpu/row_sums.h"

namespace umbel {
namespace {

struct RowMoments {
  float mean;            // within rounding
  float mean_remainder;  // what is missing there
  float inverse;         // 1 / sqrt(variance + eps)

  UMBEL_INLINE Vec normalise(Vec x) const { return ((x - splat(mean)) - splat(mean_remainder)) * splat(inverse); }
};

UMBEL_INLINE RowMoments row_moments(const float* x, int64_t n, double eps) {
  // A first mean, good to a rounding of the largest values; differences from it are exact where that matters.
  const auto count = static_cast<double>(n);
  RowMoments m;
  m.mean = static_cast<float>(row_sum(x, n) / count);
  const Vec near = splat(m.mean);
  const double rest = row_sum(x, n, [=](Vec v) __attribute__((always_inline)) { return v - near; }) / count;
  const double squares = row_sum(x, n, [=](Vec v) __attribute__((always_inline)) { return (v - near) * (v - near); });
  m.mean_remainder = static_cast<float>(rest);
  const double variance = squares / count - rest * rest;
  m.inverse = static_cast<float>(1.0 / std::sqrt((variance < 0 ? 0 : variance) + eps));
  return m;
}

}  // namespace
}  // namespace umbel
