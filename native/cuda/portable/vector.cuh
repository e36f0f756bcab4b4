#pragma once
// Eight consecutive elements of a contiguous tensor of any storage type as floats, and back. The type is a value and not a
// template argument: its branches are the same for all threads and cost nothing beside the memory they wait for, and each
// kernel is compiled once. Loads are issued (Raw8) before any of them is converted, so that a thread's operands travel
// together; 16-byte loads where pointers allow it, else element by element.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "core/tensor.h"

namespace umbel {
namespace {

// A contiguous tensor. `aligned`: groups of eight elements that start at a multiple of eight may be moved 16 bytes at a
// time.
struct Elements {
  void* data;
  DType type;
  bool aligned;
};

inline Elements elements_of(const Tensor& x) {
  return {x.data, x.dtype, reinterpret_cast<uintptr_t>(x.data) % 16 == 0};
}
// For rows of `width` elements that are addressed row by row.
inline Elements rows_of(const Tensor& x, int64_t width) {
  Elements e = elements_of(x);
  e.aligned = e.aligned && width % 8 == 0;
  return e;
}

__device__ __forceinline__ float bf16_to_float(uint16_t bits) { return __uint_as_float(static_cast<uint32_t>(bits) << 16); }

__device__ __forceinline__ float f8_to_float(uint8_t code, bool e4m3) {
  const uint32_t sign = static_cast<uint32_t>(code & 0x80) << 24;
  if (e4m3) {
    const uint32_t exponent = (code >> 3) & 15, mantissa = code & 7;
    if ((code & 0x7f) == 0x7f) return __uint_as_float(sign | 0x7fc00000u);
    const float value = exponent == 0 ? static_cast<float>(mantissa) * 0x1p-9f
                                      : __uint_as_float(((exponent + 120) << 23) | (mantissa << 20));
    return __uint_as_float(__float_as_uint(value) | sign);
  }
  // The upper byte of a half.
  return __half2float(__ushort_as_half(static_cast<unsigned short>(code << 8)));
}

// Round to nearest even, saturating (infinities included); NaN stays NaN.
__device__ __forceinline__ uint8_t float_to_f8(float x, bool e4m3) {
  const uint32_t bits = __float_as_uint(x);
  const uint8_t sign = static_cast<uint8_t>((bits >> 24) & 0x80);
  if (isnan(x)) return sign | 0x7f;
  const float most = e4m3 ? 448.0f : 57344.0f;
  float magnitude = fabsf(x);
  const int mantissa_bits = e4m3 ? 3 : 2, bias = e4m3 ? 7 : 15;
  const uint8_t largest = e4m3 ? 0x7e : 0x7b;
  if (magnitude >= most) return sign | largest;
  const float least_normal = e4m3 ? 0x1p-6f : 0x1p-14f;
  if (magnitude < least_normal) {
    // Multiples of the smallest subnormal; the largest rounds up to the smallest normal number, whose code follows.
    const float steps = magnitude * (e4m3 ? 0x1p9f : 0x1p16f);
    return sign | static_cast<uint8_t>(__float2int_rn(steps));
  }
  const uint32_t shift = 23 - mantissa_bits;
  uint32_t rounded = __float_as_uint(magnitude);
  rounded += ((1u << (shift - 1)) - 1) + ((rounded >> shift) & 1);
  const uint32_t code = (rounded >> shift) - (static_cast<uint32_t>(127 - bias) << mantissa_bits);
  return sign | static_cast<uint8_t>(code > largest ? largest : code);
}

__device__ __forceinline__ float load_one(const void* data, DType type, int64_t i) {
  switch (type) {
    case DType::f32:
      return static_cast<const float*>(data)[i];
    case DType::bf16:
      return bf16_to_float(static_cast<const uint16_t*>(data)[i]);
    case DType::f16:
      return __half2float(static_cast<const __half*>(data)[i]);
    case DType::f8_e4m3:
      return f8_to_float(static_cast<const uint8_t*>(data)[i], true);
    case DType::f8_e5m2:
      return f8_to_float(static_cast<const uint8_t*>(data)[i], false);
    case DType::i32:
      return static_cast<float>(static_cast<const int32_t*>(data)[i]);
    default:
      return static_cast<float>(static_cast<const uint8_t*>(data)[i]);
  }
}

// Float types only.
__device__ __forceinline__ void store_one(void* data, DType type, int64_t i, float x) {
  switch (type) {
    case DType::f32:
      static_cast<float*>(data)[i] = x;
      break;
    case DType::bf16:
      static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(x);
      break;
    case DType::f16:
      static_cast<__half*>(data)[i] = __float2half_rn(x);
      break;
    default:
      static_cast<uint8_t*>(data)[i] = float_to_f8(x, type == DType::f8_e4m3);
      break;
  }
}

struct Raw8 {
  uint4 a, b;
};

// Elements [i, i + n), n at most 8; what is beyond n stays unset.
__device__ __forceinline__ Raw8 load_raw8(const Elements& e, int64_t i, int n) {
  Raw8 raw;
  if (e.aligned && n == 8) {
    if (e.type == DType::f32) {
      const auto* p = reinterpret_cast<const uint4*>(static_cast<const float*>(e.data) + i);
      raw.a = __ldg(p);
      raw.b = __ldg(p + 1);
      return raw;
    }
    if (e.type == DType::bf16 || e.type == DType::f16) {
      raw.a = __ldg(reinterpret_cast<const uint4*>(static_cast<const uint16_t*>(e.data) + i));
      return raw;
    }
  }
  float v[8];
#pragma unroll
  for (int j = 0; j < 8; ++j) v[j] = j < n ? load_one(e.data, e.type, i + j) : 0.0f;
  raw.a = make_uint4(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]), __float_as_uint(v[3]));
  raw.b = make_uint4(__float_as_uint(v[4]), __float_as_uint(v[5]), __float_as_uint(v[6]), __float_as_uint(v[7]));
  return raw;
}

__device__ __forceinline__ void unpack_bf16(uint32_t pair, float* v) {
  v[0] = __uint_as_float(pair << 16);
  v[1] = __uint_as_float(pair & 0xffff0000u);
}

__device__ __forceinline__ void unpack_f16(uint32_t pair, float* v) {
  const float2 f = __half22float2(*reinterpret_cast<const __half2*>(&pair));
  v[0] = f.x;
  v[1] = f.y;
}

// What load_raw8 of the same arguments gave.
__device__ __forceinline__ void to_floats(const Elements& e, const Raw8& raw, int n, float (&v)[8]) {
  const uint32_t words[4] = {raw.a.x, raw.a.y, raw.a.z, raw.a.w};
  if (e.aligned && n == 8 && e.type == DType::bf16) {
#pragma unroll
    for (int j = 0; j < 4; ++j) unpack_bf16(words[j], v + 2 * j);
  } else if (e.aligned && n == 8 && e.type == DType::f16) {
#pragma unroll
    for (int j = 0; j < 4; ++j) unpack_f16(words[j], v + 2 * j);
  } else {
    v[0] = __uint_as_float(raw.a.x), v[1] = __uint_as_float(raw.a.y);
    v[2] = __uint_as_float(raw.a.z), v[3] = __uint_as_float(raw.a.w);
    v[4] = __uint_as_float(raw.b.x), v[5] = __uint_as_float(raw.b.y);
    v[6] = __uint_as_float(raw.b.z), v[7] = __uint_as_float(raw.b.w);
  }
}

__device__ __forceinline__ void load8(const Elements& e, int64_t i, int n, float (&v)[8]) {
  to_floats(e, load_raw8(e, i, n), n, v);
}

__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

__device__ __forceinline__ void store8(const Elements& e, int64_t i, int n, const float (&v)[8]) {
  if (e.aligned && n == 8) {
    if (e.type == DType::f32) {
      auto* p = reinterpret_cast<float4*>(static_cast<float*>(e.data) + i);
      p[0] = make_float4(v[0], v[1], v[2], v[3]);
      p[1] = make_float4(v[4], v[5], v[6], v[7]);
      return;
    }
    if (e.type == DType::bf16) {
      *reinterpret_cast<uint4*>(static_cast<uint16_t*>(e.data) + i) =
          make_uint4(pack_bf16(v[0], v[1]), pack_bf16(v[2], v[3]), pack_bf16(v[4], v[5]), pack_bf16(v[6], v[7]));
      return;
    }
  }
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    if (j < n) store_one(e.data, e.type, i + j, v[j]);
  }
}

// Activations of linear and conv3d: as in include/ops.h.
__device__ __forceinline__ float gelu_tanh(float x) {
  // x / 2 (1 + tanh u) = x / (1 + exp(-2u)), which keeps its precision where tanh u is near -1.
  const float u = 0.7978845608028654f * (x + 0.044715f * x * x * x);
  return x / (1.0f + expf(-2.0f * u));
}
__device__ __forceinline__ float gelu_erf(float x) { return 0.5f * x * erfcf(-0.7071067811865476f * x); }
__device__ __forceinline__ float silu(float x) { return x / (1.0f + expf(-x)); }
// For results that are rounded to bfloat16: a few units in the last place of float32.
__device__ __forceinline__ float fast_silu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }
__device__ __forceinline__ float fast_gelu_tanh(float x) {
  const float u = x * fmaf(-2.0f * 0.7978845608028654f * 0.044715f * x, x, -2.0f * 0.7978845608028654f);
  return __fdividef(x, 1.0f + __expf(u));
}

__device__ __forceinline__ float activate(float x, int activation) {
  switch (activation) {
    case 1:
      return gelu_tanh(x);
    case 2:
      return silu(x);
    case 3:
      return gelu_erf(x);
    default:
      return x;
  }
}

// Blocks for `items` pieces of work, a few waves of them at most: kernels step over the rest.
inline unsigned grid_of(int64_t items, int per_block, int multiprocessors, int blocks_each = 16) {
  const int64_t blocks = (items + per_block - 1) / per_block;
  const int64_t most = static_cast<int64_t>(multiprocessors) * blocks_each;
  return static_cast<unsigned>(blocks < most ? (blocks < 1 ? 1 : blocks) : most);
}

}  // namespace
}  // namespace umbel
