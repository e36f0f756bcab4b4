#pragma once
// Sums over a row of floats. Blocks of 512 elements are added up in float lanes (at most 16 additions a lane) and the
// blocks in double, so the error stays near 1e-7 of the sum of magnitudes for rows of any length.
#include "cpu/simd.h"

namespace umbel {
namespace {

// Sum of f(x[i]); f works on vectors.
template <class F>
UMBEL_INLINE double row_sum(const float* x, int64_t n, const F& f) {
  constexpr int64_t block = 512;
  double total = 0;
  int64_t i = 0;
  for (; i + block <= n; i += block) {
    Vec s0{}, s1{}, s2{}, s3{};
    for (int64_t j = i; j < i + block; j += 4 * kWidth) {
      s0 += f(load(x + j));
      s1 += f(load(x + j + kWidth));
      s2 += f(load(x + j + 2 * kWidth));
      s3 += f(load(x + j + 3 * kWidth));
    }
    total += static_cast<double>(reduce_add((s0 + s1) + (s2 + s3)));
  }
  Vec s0{}, s1{};
  for (; i + 2 * kWidth <= n; i += 2 * kWidth) {
    s0 += f(load(x + i));
    s1 += f(load(x + i + kWidth));
  }
  if (i + kWidth <= n) {
    s0 += f(load(x + i));
    i += kWidth;
  }
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    // Lanes past the end must not count, whatever f makes of 0.
    s1 += select(iota() < isplat(rest), f(load_tail(x + i, rest)), zero());
  }
  return total + static_cast<double>(reduce_add(s0 + s1));
}

UMBEL_INLINE double row_sum(const float* x, int64_t n) {
  return row_sum(x, n, [](Vec v) __attribute__((always_inline)) { return v; });
}
UMBEL_INLINE double row_sum_of_squares(const float* x, int64_t n) {
  return row_sum(x, n, [](Vec v) __attribute__((always_inline)) { return v * v; });
}

// Rows a range, for rows of n elements: some 10 to 50 microseconds.
UMBEL_INLINE int64_t row_grain(int64_t n) {
  return n >= int64_t{1} << 15 ? 1 : (int64_t{1} << 15) / (n > 0 ? n : 1);
}

}  // namespace
}  // namespace umbel
