#pragma once
// The block formats of GGUF files (repository ggml-org/ggml): what element `j` of a block stands for. One function a
// format, for the CPU and for CUDA. A half is widened to float first: all products below are then exact, and only the sum
// with a minimum rounds, so the order of operations does not matter.
#include <cstdint>

#include "quant/codebooks.h"

#if defined(__CUDACC__)
#define UMBEL_QUANT __device__ __forceinline__
#define UMBEL_QUANT_HOST inline
#else
#define UMBEL_QUANT __attribute__((always_inline)) inline
#define UMBEL_QUANT_HOST __attribute__((always_inline)) inline
#endif

namespace umbel {
namespace {

// Numbers of the GGUF format, which the op is called with.
enum class BlockFormat : int {
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  iq1_m = 29,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
  nvfp4 = 40,
};

struct BlockSize {
  int elements;
  int bytes;
};

// {0, 0} for a number that is no format of blocks.
constexpr BlockSize block_size(BlockFormat format) {
  switch (format) {
    case BlockFormat::q4_0:
    case BlockFormat::iq4_nl:
      return {32, 18};
    case BlockFormat::q4_1:
      return {32, 20};
    case BlockFormat::q5_0:
      return {32, 22};
    case BlockFormat::q5_1:
      return {32, 24};
    case BlockFormat::q8_0:
      return {32, 34};
    case BlockFormat::mxfp4:
      return {32, 17};
    case BlockFormat::nvfp4:
      return {64, 36};
    case BlockFormat::q2_k:
      return {256, 84};
    case BlockFormat::q3_k:
    case BlockFormat::iq3_s:
      return {256, 110};
    case BlockFormat::q4_k:
      return {256, 144};
    case BlockFormat::q5_k:
      return {256, 176};
    case BlockFormat::q6_k:
      return {256, 210};
    case BlockFormat::iq2_xxs:
    case BlockFormat::tq2_0:
      return {256, 66};
    case BlockFormat::iq2_xs:
      return {256, 74};
    case BlockFormat::iq2_s:
      return {256, 82};
    case BlockFormat::iq3_xxs:
      return {256, 98};
    case BlockFormat::iq1_s:
      return {256, 50};
    case BlockFormat::iq1_m:
      return {256, 56};
    case BlockFormat::iq4_xs:
      return {256, 136};
    case BlockFormat::tq1_0:
      return {256, 54};
  }
  return {0, 0};
}

UMBEL_QUANT_TABLE int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Twice the values of a 4-bit float (1 sign, 2 exponent, 1 mantissa).
UMBEL_QUANT_TABLE int8_t kFp4Doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
UMBEL_QUANT_TABLE int8_t kIq2Coordinates[4] = {8, 25, 43, 0};
UMBEL_QUANT_TABLE int8_t kIq3Coordinates[8] = {4, 12, 20, 28, 36, 44, 52, 62};

// --- little-endian numbers at any address ---

UMBEL_QUANT int word16(const uint8_t* p) { return p[0] | (p[1] << 8); }
UMBEL_QUANT uint32_t word32(const uint8_t* p) {
  return static_cast<uint32_t>(word16(p)) | (static_cast<uint32_t>(word16(p + 2)) << 16);
}
UMBEL_QUANT float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }
UMBEL_QUANT float half_of(int bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits) & 0x7fffu;
  const uint32_t sign = (static_cast<uint32_t>(bits) & 0x8000u) << 16;
  // Exponent and mantissa moved into place are 2^-112 of the value, subnormals included.
  const float scaled = float_of(magnitude << 13) * 0x1p112f;
  const uint32_t infinite = (magnitude << 13) | 0x7f800000u;
  return float_of((magnitude >= 0x7c00u ? infinite : __builtin_bit_cast(uint32_t, scaled)) | sign);
}
UMBEL_QUANT float half_at(const uint8_t* p) { return half_of(word16(p)); }

// --- parts that several formats have ---

// Codes of 16 bytes: the low halves are elements 0 to 15, the high ones 16 to 31.
UMBEL_QUANT int nibble_of_32(const uint8_t* codes, int j) { return j < 16 ? codes[j] & 15 : codes[j - 16] >> 4; }
UMBEL_QUANT int bit_of(const uint8_t* word, int j) { return (word[j >> 3] >> (j & 7)) & 1; }
// Codes of 64 in 32 bytes: the low halves first.
UMBEL_QUANT int nibble_of_64(const uint8_t* codes, int j) {
  const int byte = codes[(j >> 6) * 32 + (j & 31)];
  return (j & 32) == 0 ? byte & 15 : byte >> 4;
}
// Two bits of 128 in 32 bytes, 32 apart.
UMBEL_QUANT int pair_of_128(const uint8_t* codes, int j) {
  return (codes[(j >> 7) * 32 + (j & 31)] >> (2 * ((j >> 5) & 3))) & 3;
}
// Eight scales and minima of six bits each in twelve bytes.
UMBEL_QUANT int k_scale(const uint8_t* s, int i) { return i < 4 ? s[i] & 63 : (s[i + 4] & 15) | ((s[i - 4] >> 6) << 4); }
UMBEL_QUANT int k_minimum(const uint8_t* s, int i) { return i < 4 ? s[i + 4] & 63 : (s[i + 4] >> 4) | ((s[i] >> 6) << 4); }
// Seven signs; the eighth makes their number even.
UMBEL_QUANT int even_signs(int seven) {
  int parity = seven ^ (seven >> 4);
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return seven | ((parity & 1) << 7);
}
UMBEL_QUANT float signed_by(float x, int signs, int i) { return ((signs >> i) & 1) != 0 ? -x : x; }
UMBEL_QUANT float iq2_point(int packed, int i) { return kIq2Coordinates[(packed >> (2 * i)) & 3]; }
UMBEL_QUANT float iq1_point(int packed, int i) { return static_cast<float>(((packed >> (2 * i)) & 3) - 1); }

// --- formats ---

template <BlockFormat format>
UMBEL_QUANT float block_value(const uint8_t* b, int j) {
  using F = BlockFormat;
  if constexpr (format == F::q4_0) {
    return half_at(b) * static_cast<float>(nibble_of_32(b + 2, j) - 8);
  } else if constexpr (format == F::q4_1) {
    return half_at(b) * static_cast<float>(nibble_of_32(b + 4, j)) + half_at(b + 2);
  } else if constexpr (format == F::q5_0) {
    return half_at(b) * static_cast<float>((nibble_of_32(b + 6, j) | (bit_of(b + 2, j) << 4)) - 16);
  } else if constexpr (format == F::q5_1) {
    return half_at(b) * static_cast<float>(nibble_of_32(b + 8, j) | (bit_of(b + 4, j) << 4)) + half_at(b + 2);
  } else if constexpr (format == F::q8_0) {
    return half_at(b) * static_cast<float>(static_cast<int8_t>(b[2 + j]));
  } else if constexpr (format == F::iq4_nl) {
    return half_at(b) * static_cast<float>(kIq4Values[nibble_of_32(b + 2, j)]);
  } else if constexpr (format == F::mxfp4) {
    // The exponent's byte is a power of two, here of the halved scale.
    const int e = b[0];
    const float scale = float_of(e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
    return scale * static_cast<float>(kFp4Doubled[nibble_of_32(b + 1, j)]);
  } else if constexpr (format == F::nvfp4) {
    // A scale for 16 elements: 4 bits of exponent, 3 of mantissa, without a sign.
    const int s = j >> 4, i = j & 15, code = b[s] & 0x7f, exponent = code >> 3, mantissa = code & 7;
    const float subnormal = static_cast<float>(mantissa) * 0x1p-10f;
    const float normal = float_of((static_cast<uint32_t>(exponent + 119) << 23) | (static_cast<uint32_t>(mantissa) << 20));
    const float scale = code == 0x7f ? 0.0f : exponent == 0 ? subnormal : normal;
    const int byte = b[4 + 8 * s + (i & 7)];
    return scale * static_cast<float>(kFp4Doubled[i < 8 ? byte & 15 : byte >> 4]);
  } else if constexpr (format == F::q2_k) {
    const int scale = b[j >> 4];
    const float d = half_at(b + 80) * static_cast<float>(scale & 15);
    return d * static_cast<float>(pair_of_128(b + 16, j)) - half_at(b + 82) * static_cast<float>(scale >> 4);
  } else if constexpr (format == F::q3_k) {
    const int i = j >> 4, high = (b[104 + (i & 3)] >> (2 * (i >> 2))) & 3;
    const int low = i < 8 ? b[96 + i] & 15 : b[96 + i - 8] >> 4;
    const int lowered = ((b[j & 31] >> (j >> 5)) & 1) != 0 ? 0 : 4;
    const float d = half_at(b + 108) * static_cast<float>((low | (high << 4)) - 32);
    return d * static_cast<float>(pair_of_128(b + 32, j) - lowered);
  } else if constexpr (format == F::q4_k || format == F::q5_k) {
    constexpr int codes = format == F::q4_k ? 16 : 48;
    const int i = j >> 5;
    int code = nibble_of_64(b + codes, j);
    if constexpr (format == F::q5_k) code |= ((b[16 + (j & 31)] >> i) & 1) << 4;
    const float d = half_at(b) * static_cast<float>(k_scale(b + 4, i));
    return d * static_cast<float>(code) - half_at(b + 2) * static_cast<float>(k_minimum(b + 4, i));
  } else if constexpr (format == F::q6_k) {
    const int half = j >> 7, quarter = (j >> 5) & 3, l = j & 31;
    const int byte = b[64 * half + 32 * (quarter & 1) + l];
    const int low = quarter < 2 ? byte & 15 : byte >> 4, high = (b[128 + 32 * half + l] >> (2 * quarter)) & 3;
    const float d = half_at(b + 208) * static_cast<float>(static_cast<int8_t>(b[192 + (j >> 4)]));
    return d * static_cast<float>((low | (high << 4)) - 32);
  } else if constexpr (format == F::iq4_xs) {
    const int i = j >> 5, low = (b[4 + (i >> 1)] >> (4 * (i & 1))) & 15, high = (word16(b + 2) >> (2 * i)) & 3;
    const float d = half_at(b) * static_cast<float>((low | (high << 4)) - 32);
    return d * static_cast<float>(kIq4Values[nibble_of_32(b + 8 + 16 * i, j & 31)]);
  } else if constexpr (format == F::iq2_xxs) {
    const uint8_t* part = b + 2 + 8 * (j >> 5);
    const uint32_t rest = word32(part + 4);
    const int l = (j >> 3) & 3, signs = even_signs(static_cast<int>((rest >> (7 * l)) & 127));
    const float d = half_at(b) * (0.5f + static_cast<float>(rest >> 28)) * 0.25f;
    return signed_by(d * iq2_point(kGridIq2Xxs[part[l]], j & 7), signs, j & 7);
  } else if constexpr (format == F::iq2_xs) {
    const int code = word16(b + 2 + 2 * (j >> 3)), scale = (b[66 + (j >> 5)] >> (4 * ((j >> 4) & 1))) & 15;
    const float d = half_at(b) * (0.5f + static_cast<float>(scale)) * 0.25f;
    return signed_by(d * iq2_point(kGridIq2Xs[code & 511], j & 7), even_signs(code >> 9), j & 7);
  } else if constexpr (format == F::iq2_s) {
    const int l = j >> 3, point = b[2 + l] | ((b[66 + (l >> 2)] << (8 - 2 * (l & 3))) & 0x300);
    const int scale = (b[74 + (j >> 5)] >> (4 * ((j >> 4) & 1))) & 15;
    const float d = half_at(b) * (0.5f + static_cast<float>(scale)) * 0.25f;
    return signed_by(d * iq2_point(kGridIq2S[point], j & 7), b[34 + l], j & 7);
  } else if constexpr (format == F::iq3_xxs) {
    const uint32_t rest = word32(b + 66 + 4 * (j >> 5));
    const int l = (j >> 3) & 3, signs = even_signs(static_cast<int>((rest >> (7 * l)) & 127));
    const float d = half_at(b) * (0.5f + static_cast<float>(rest >> 28)) * 0.5f;
    const int point = kIq3Coordinates[(kGridIq3Xxs[b[2 + (j >> 2)]] >> (3 * (j & 3))) & 7];
    return signed_by(d * static_cast<float>(point), signs, j & 7);
  } else if constexpr (format == F::iq3_s) {
    const int i = j >> 5, code = b[2 + (j >> 2)] | (((b[66 + i] >> ((j >> 2) & 7)) & 1) << 8);
    const float d = half_at(b) * static_cast<float>(1 + 2 * ((b[106 + (i >> 1)] >> (4 * (i & 1))) & 15));
    const int point = 1 + 2 * ((kGridIq3S[code] >> (3 * (j & 3))) & 7);
    return signed_by(d * static_cast<float>(point), b[74 + (j >> 3)], j & 7);
  } else if constexpr (format == F::iq1_s) {
    const int rest = word16(b + 34 + 2 * (j >> 5)), l = (j >> 3) & 3;
    const float d = half_at(b) * static_cast<float>(2 * ((rest >> 12) & 7) + 1);
    const int code = b[2 + (j >> 3)] | (((rest >> (3 * l)) & 7) << 8);
    return d * (iq1_point(kGridIq1S[code], j & 7) + ((rest & 0x8000) != 0 ? -0.125f : 0.125f));
  } else if constexpr (format == F::iq1_m) {
    const uint8_t* scales = b + 48;
    const int whole = (word16(scales) >> 12) | ((word16(scales + 2) >> 8) & 0xf0) | ((word16(scales + 4) >> 4) & 0xf00) |
                      (word16(scales + 6) & 0xf000);
    const int i = j >> 4, scale = (word16(scales + 2 * (i >> 2)) >> (3 * (i & 3))) & 7;
    const int rest = (b[32 + i] >> (4 * ((j >> 3) & 1))) & 15;
    const float d = half_of(whole) * static_cast<float>(2 * scale + 1);
    const int code = b[j >> 3] | ((rest & 7) << 8);
    return d * (iq1_point(kGridIq1S[code], j & 7) + ((rest & 8) != 0 ? -0.125f : 0.125f));
  } else if constexpr (format == F::tq1_0) {
    // Five digits of base three in a byte, the first highest, as a fraction of 256.
    constexpr int powers[5] = {1, 3, 9, 27, 81};
    const int byte = j < 160 ? b[j & 31] : j < 240 ? b[32 + (j & 15)] : b[48 + (j & 3)];
    const int digit = j < 160 ? j >> 5 : j < 240 ? (j - 160) >> 4 : (j - 240) >> 2;
    const int code = (((byte * powers[digit]) & 255) * 3) >> 8;
    return half_at(b + 52) * static_cast<float>(code - 1);
  } else {
    static_assert(format == F::tq2_0);
    return half_at(b + 64) * static_cast<float>(pair_of_128(b, j) - 1);
  }
}

// Runs f.template operator()<format>() for a number of the GGUF format; false (and nothing run) for others.
template <class Run>
UMBEL_QUANT_HOST bool with_block_format(int64_t number, const Run& f) {
  switch (static_cast<BlockFormat>(number)) {
#define UMBEL_FORMAT(name)                      \
  case BlockFormat::name:                       \
    f.template operator()<BlockFormat::name>(); \
    return true;
    UMBEL_FORMAT(q4_0)
    UMBEL_FORMAT(q4_1)
    UMBEL_FORMAT(q5_0)
    UMBEL_FORMAT(q5_1)
    UMBEL_FORMAT(q8_0)
    UMBEL_FORMAT(q2_k)
    UMBEL_FORMAT(q3_k)
    UMBEL_FORMAT(q4_k)
    UMBEL_FORMAT(q5_k)
    UMBEL_FORMAT(q6_k)
    UMBEL_FORMAT(iq2_xxs)
    UMBEL_FORMAT(iq2_xs)
    UMBEL_FORMAT(iq3_xxs)
    UMBEL_FORMAT(iq1_s)
    UMBEL_FORMAT(iq4_nl)
    UMBEL_FORMAT(iq3_s)
    UMBEL_FORMAT(iq2_s)
    UMBEL_FORMAT(iq4_xs)
    UMBEL_FORMAT(iq1_m)
    UMBEL_FORMAT(tq1_0)
    UMBEL_FORMAT(tq2_0)
    UMBEL_FORMAT(mxfp4)
    UMBEL_FORMAT(nvfp4)
#undef UMBEL_FORMAT
  }
  return false;
}

}  // namespace
}  // namespace umbel
