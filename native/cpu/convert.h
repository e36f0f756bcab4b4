#pragma once
// Rows of a storage type to float32 and back. To float is exact; back rounds to nearest even. Out-of-range values
// become infinity in f16 and bf16 and saturate to +-448 (f8_e4m3, the "fn" variant: no infinities, NaN = 0x7f) and
// +-57344 (f8_e5m2), infinities included; NaN stays NaN. (PyTorch's cast gives NaN beyond the range of e4m3fn.)
#include "cpu/simd.h"

namespace umbel {
namespace {

// --- one value ---

UMBEL_INLINE uint32_t float_bits(float x) {
  return __builtin_bit_cast(uint32_t, x);
}
UMBEL_INLINE float bits_float(uint32_t x) {
  return __builtin_bit_cast(float, x);
}

UMBEL_INLINE float bf16_to_float(uint16_t x) {
  return bits_float(static_cast<uint32_t>(x) << 16);
}
UMBEL_INLINE float f16_to_float(uint16_t x) {
  // Exponent and mantissa moved into place are 2^-112 of the value, subnormals included.
  const uint32_t magnitude = x & 0x7fffu;
  const float scaled = bits_float(magnitude << 13) * 0x1p112f;
  const uint32_t bits = magnitude >= 0x7c00u ? (magnitude << 13) | 0x7f800000u : float_bits(scaled);
  return bits_float(bits | (static_cast<uint32_t>(x & 0x8000u) << 16));
}
UMBEL_INLINE float f8_e5m2_to_float(uint8_t x) {
  return f16_to_float(static_cast<uint16_t>(x << 8));
}
UMBEL_INLINE float f8_e4m3_to_float(uint8_t x) {
  const uint32_t magnitude = x & 0x7fu;
  const float scaled = bits_float(magnitude << 20) * 0x1p120f;
  const uint32_t bits = magnitude == 0x7fu ? 0x7fc00000u : float_bits(scaled);
  return bits_float(bits | (static_cast<uint32_t>(x & 0x80u) << 24));
}

UMBEL_INLINE uint16_t float_to_bf16(float x) {
  const uint32_t bits = float_bits(x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
}
// Rounds |x| to `mantissa` bits with the smallest normal 2^min_exponent; the result counts steps of the small format,
// whose codes are consecutive over subnormals and normals alike. Branch-free, so loops over it vectorise.
template <int mantissa, int min_exponent>
UMBEL_INLINE uint32_t round_magnitude(uint32_t magnitude) {
  constexpr int drop = 23 - mantissa;
  const uint32_t rebased = magnitude - (static_cast<uint32_t>(126 + min_exponent) << 23);
  const uint32_t normal = (rebased + (1u << (drop - 1)) - 1u + ((magnitude >> drop) & 1u)) >> drop;
  const float step_is_ulp = bits_float(static_cast<uint32_t>(127 + min_exponent - mantissa + 23) << 23);
  const uint32_t subnormal = float_bits(bits_float(magnitude) + step_is_ulp) - float_bits(step_is_ulp);
  return magnitude < (static_cast<uint32_t>(127 + min_exponent) << 23) ? subnormal : normal;
}
UMBEL_INLINE uint16_t float_to_f16(float x) {
  const uint32_t bits = float_bits(x), magnitude = bits & 0x7fffffffu;
  uint32_t code = round_magnitude<10, -14>(magnitude);
  code = magnitude >= 0x47800000u ? 0x7c00u : code;
  code = magnitude > 0x7f800000u ? 0x7e00u : code;
  return static_cast<uint16_t>(code | ((bits >> 16) & 0x8000u));
}
UMBEL_INLINE uint8_t float_to_f8_e4m3(float x) {
  const uint32_t bits = float_bits(x), magnitude = bits & 0x7fffffffu;
  const uint32_t rounded = round_magnitude<3, -6>(magnitude);
  uint32_t code = magnitude >= 0x43e00000u ? 0x7eu : rounded;
  code = magnitude > 0x7f800000u ? 0x7fu : code;
  return static_cast<uint8_t>(code | ((bits >> 24) & 0x80u));
}
UMBEL_INLINE uint8_t float_to_f8_e5m2(float x) {
  const uint32_t bits = float_bits(x), magnitude = bits & 0x7fffffffu;
  const uint32_t rounded = round_magnitude<2, -14>(magnitude);
  uint32_t code = magnitude >= 0x47600000u ? 0x7bu : rounded;
  code = magnitude > 0x7f800000u ? 0x7eu : code;
  return static_cast<uint8_t>(code | ((bits >> 24) & 0x80u));
}

// --- one vector: kWidth consecutive values of a storage type ---

template <DType type>
struct StorageOf;
template <>
struct StorageOf<DType::f32> {
  using type = float;
};
template <>
struct StorageOf<DType::f16> {
  using type = uint16_t;
};
template <>
struct StorageOf<DType::bf16> {
  using type = uint16_t;
};
template <>
struct StorageOf<DType::f8_e4m3> {
  using type = uint8_t;
};
template <>
struct StorageOf<DType::f8_e5m2> {
  using type = uint8_t;
};
template <DType type>
using Storage = typename StorageOf<type>::type;

template <DType type>
UMBEL_INLINE float value_to_float(Storage<type> x) {
  if constexpr (type == DType::f16)
    return f16_to_float(x);
  else if constexpr (type == DType::bf16)
    return bf16_to_float(x);
  else if constexpr (type == DType::f8_e4m3)
    return f8_e4m3_to_float(x);
  else if constexpr (type == DType::f8_e5m2)
    return f8_e5m2_to_float(x);
  else
    return x;
}
template <DType type>
UMBEL_INLINE Storage<type> float_to_value(float x) {
  if constexpr (type == DType::f16)
    return float_to_f16(x);
  else if constexpr (type == DType::bf16)
    return float_to_bf16(x);
  else if constexpr (type == DType::f8_e4m3)
    return float_to_f8_e4m3(x);
  else if constexpr (type == DType::f8_e5m2)
    return float_to_f8_e5m2(x);
  else
    return x;
}

#if UMBEL_SIMD_WIDTH >= 8
UMBEL_INLINE Vec halves_to_float(const void* p) {
#if UMBEL_SIMD_WIDTH == 16
  return reinterpret_cast<Vec>(_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p))));
#else
  return reinterpret_cast<Vec>(_mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p))));
#endif
}
// kWidth unsigned 16-bit (or 8-bit) values in 32-bit lanes.
UMBEL_INLINE IVec widen16(const void* p) {
#if UMBEL_SIMD_WIDTH == 16
  return reinterpret_cast<IVec>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p))));
#else
  return reinterpret_cast<IVec>(_mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
#endif
}
// Bytes to half floats with the byte's seven magnitude bits at `shift` and its sign on top.
template <int shift>
UMBEL_INLINE Vec bytes_through_half(const void* p) {
#if UMBEL_SIMD_WIDTH == 16
  const __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  const __m256i sign = _mm256_and_si256(_mm256_slli_epi16(x, 8), _mm256_set1_epi16(INT16_MIN));
  const __m256i rest = _mm256_slli_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0x7f)), shift);
  return reinterpret_cast<Vec>(_mm512_cvtph_ps(_mm256_or_si256(sign, rest)));
#else
  const __m128i x = _mm_cvtepu8_epi16(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  const __m128i sign = _mm_and_si128(_mm_slli_epi16(x, 8), _mm_set1_epi16(INT16_MIN));
  const __m128i rest = _mm_slli_epi16(_mm_and_si128(x, _mm_set1_epi16(0x7f)), shift);
  return reinterpret_cast<Vec>(_mm256_cvtph_ps(_mm_or_si128(sign, rest)));
#endif
}
#endif

template <DType type>
UMBEL_INLINE Vec load_as_float(const Storage<type>* p) {
  if constexpr (type == DType::f32) {
    return load(p);
  } else {
#if UMBEL_SIMD_WIDTH >= 8
    if constexpr (type == DType::f16) {
      return halves_to_float(p);
    } else if constexpr (type == DType::bf16) {
      return reinterpret_cast<Vec>(reinterpret_cast<UVec>(widen16(p)) << 16);
    } else if constexpr (type == DType::f8_e5m2) {
      return bytes_through_half<8>(p);
    } else {
      // As a half the code is 2^-8 of its value; the NaN code alone reads 480.
      const Vec x = bytes_through_half<7>(p) * splat(256.0f);
      return select(abs(x) == splat(480.0f), as_float(as_int(x) | isplat(0x7fc00000)), x);
    }
#else
    Vec x{};
    for (int i = 0; i < kWidth; ++i) x[i] = value_to_float<type>(p[i]);
    return x;
#endif
  }
}

// --- rows ---

template <DType type>
UMBEL_INLINE void row_to_float(const Storage<type>* in, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, load_as_float<type>(in + i));
  for (; i < n; ++i) out[i] = value_to_float<type>(in[i]);
}
template <DType type>
UMBEL_INLINE void row_from_float(const float* in, Storage<type>* out, int64_t n) {
  int64_t i = 0;
#if UMBEL_SIMD_WIDTH == 8
  if constexpr (type == DType::f16) {
    for (; i + 8 <= n; i += 8) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                       _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
    }
  }
#elif UMBEL_SIMD_WIDTH == 16
  if constexpr (type == DType::f16) {
    for (; i + 16 <= n; i += 16) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                          _mm512_cvtps_ph(_mm512_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
    }
  }
#endif
  for (; i < n; ++i) out[i] = float_to_value<type>(in[i]);
}

// Runs f.template operator()<type>() for the float type t; false (and nothing run) when t is not a float type.
template <class F>
UMBEL_INLINE bool with_float_type(DType t, const F& f) {
  switch (t) {
    case DType::f32:
      f.template operator()<DType::f32>();
      return true;
    case DType::f16:
      f.template operator()<DType::f16>();
      return true;
    case DType::bf16:
      f.template operator()<DType::bf16>();
      return true;
    case DType::f8_e4m3:
      f.template operator()<DType::f8_e4m3>();
      return true;
    case DType::f8_e5m2:
      f.template operator()<DType::f8_e5m2>();
      return true;
    default:
      return false;
  }
}

// n values from element `first` of a buffer of type t to floats; i32 and u8 convert by value.
UMBEL_INLINE void read_floats(DType t, const void* buffer, int64_t first, float* out, int64_t n) {
  const bool done = with_float_type(t, [&]<DType type>() __attribute__((always_inline)) {
    row_to_float<type>(static_cast<const Storage<type>*>(buffer) + first, out, n);
  });
  if (done) return;
  if (t == DType::i32) {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(static_cast<const int32_t*>(buffer)[first + i]);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(static_cast<const uint8_t*>(buffer)[first + i]);
  }
}
// The reverse, for float types only; false when t is an integer type.
UMBEL_INLINE bool write_floats(DType t, void* buffer, int64_t first, const float* in, int64_t n) {
  return with_float_type(t, [&]<DType type>() __attribute__((always_inline)) {
    row_from_float<type>(in, static_cast<Storage<type>*>(buffer) + first, n);
  });
}

}  // namespace
}  // namespace umbel
