#pragma once
// A row as float8 e4m3 with a scale: x = values * scale, the largest magnitude 448. A row of zeros has the scale 1; NaN and
// infinity make every value NaN or 0, and the scale what they are.
#include "cpu/convert.h"

namespace umbel {
namespace {

constexpr float kLargestE4m3 = 448.0f;

struct RowScale {
  float scale, inverse;
};

UMBEL_INLINE RowScale row_scale(const float* x, int64_t n) {
  // Magnitudes compare like their bits, NaN above all.
  uint32_t most = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t magnitude = float_bits(x[i]) & 0x7fffffffu;
    most = magnitude > most ? magnitude : most;
  }
  if (most == 0) return {1.0f, 1.0f};
  return {bits_float(most) / kLargestE4m3, kLargestE4m3 / bits_float(most)};
}

UMBEL_INLINE uint8_t quantized(float x, RowScale s) {
  return float_to_f8_e4m3(x * s.inverse);
}

}  // namespace
}  // namespace umbel
