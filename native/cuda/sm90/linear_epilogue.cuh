#pragma once
// From the sums of warpgroup products to memory: scales, bias, activation, residual + gate * value.
#include <cuda_bf16.h>

#include <cstdint>

#include "cuda/linear.h"

namespace umbel::cuda {
namespace {

// What LinearArguments say about the epilogue, rows of n columns.
struct Finish {
  LinearOperand bias, residual, gate;
  const float *x_scales, *w_scales;
  void* out;
  DType out_type;
  bool gate_rows;
  int activation;
};

inline Finish finish_of(const LinearArguments& a) {
  return {a.bias, a.residual, a.gate, a.x_scales, a.w_scales, a.out, a.out_type, a.gate_rows, a.activation};
}

// Sums on their way through shared memory: 16 rows of 32 columns of a warp. With this pitch the four rows that half a warp
// writes at once (eight floats each) lie in different banks.
constexpr int kPassingColumns = 32;
constexpr int kPassingPitch = 40;
constexpr int kPassingFloats = 16 * kPassingPitch;
static_assert(kPassingPitch % 32 == 8);

// Eight values as they lie in memory, so that loads are under way before any is used.
struct Raw {
  uint4 low, high;
};
__device__ __forceinline__ Raw load_raw(const LinearOperand& o, int64_t at) {
  Raw raw;
  if (o.type == DType::f32) {
    const auto* from = reinterpret_cast<const uint4*>(static_cast<const float*>(o.data) + at);
    raw.low = __ldg(from);
    raw.high = __ldg(from + 1);
  } else {
    raw.low = __ldg(reinterpret_cast<const uint4*>(static_cast<const uint16_t*>(o.data) + at));
  }
  return raw;
}
__device__ __forceinline__ void unpack(const LinearOperand& o, const Raw& raw, float (&v)[8]) {
  const uint32_t low[4] = {raw.low.x, raw.low.y, raw.low.z, raw.low.w};
  const uint32_t high[4] = {raw.high.x, raw.high.y, raw.high.z, raw.high.w};
  const bool wide = o.type == DType::f32;
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    if (wide) {
      v[j] = __uint_as_float(low[j]);
      v[j + 4] = __uint_as_float(high[j]);
    } else {
      v[2 * j] = __uint_as_float(low[j] << 16);
      v[2 * j + 1] = __uint_as_float(low[j] & 0xffff0000u);
    }
  }
}

__device__ __forceinline__ float logistic(float x) { return __fdividef(1.0f, 1.0f + __expf(-x)); }

__device__ __forceinline__ void activate(float (&v)[8], int activation) {
  if (activation == 1) {
    // x / 2 (1 + tanh u) = x / (1 + exp(-2u))
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      v[j] *= logistic(2.0f * 0.7978845608028654f * (v[j] + 0.044715f * v[j] * v[j] * v[j]));
    }
  } else if (activation == 2) {
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] *= logistic(v[j]);
  } else if (activation == 3) {
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] *= 0.5f * erfcf(-0.7071067811865476f * v[j]);
  }
}

__device__ __forceinline__ uint32_t pack_pair(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

__device__ __forceinline__ void store(const Finish& f, int64_t at, const float (&v)[8]) {
  if (f.out_type == DType::f32) {
    auto* to = reinterpret_cast<float4*>(static_cast<float*>(f.out) + at);
    to[0] = make_float4(v[0], v[1], v[2], v[3]);
    to[1] = make_float4(v[4], v[5], v[6], v[7]);
  } else {
    *reinterpret_cast<uint4*>(static_cast<uint16_t*>(f.out) + at) =
        make_uint4(pack_pair(v[0], v[1]), pack_pair(v[2], v[3]), pack_pair(v[4], v[5]), pack_pair(v[6], v[7]));
  }
}

// Sums 16 chunk .. 16 chunk + 15 of each lane, columns 32 chunk .. 32 chunk + 31 (fragments: ptx/wgmma.cuh).
template <int sums>
__device__ __forceinline__ void pass(const float (&d)[sums], int chunk, float* passing, int lane) {
  float* to = passing + lane / 4 * kPassingPitch + lane % 4 * 2;
#pragma unroll
  for (int c = 0; c < sums / 16; ++c) {
    if (c != chunk) continue;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int i = 16 * c + 4 * j;
      *reinterpret_cast<float2*>(to + 8 * j) = make_float2(d[i], d[i + 1]);
      *reinterpret_cast<float2*>(to + 8 * j + 8 * kPassingPitch) = make_float2(d[i + 2], d[i + 3]);
    }
  }
}

// Columns within .. within + 7 of one of the rows that were passed. Odd rows take their halves the other way round, which
// keeps eight lanes in different banks.
__device__ __forceinline__ void take_passed(const float* passing, int row, int within, float (&v)[8]) {
  const float* from = passing + row * kPassingPitch + within;
  const int odd = row % 2 * 4;
  const float4 one = *reinterpret_cast<const float4*>(from + odd), two = *reinterpret_cast<const float4*>(from + 4 - odd);
  const float4 low = odd ? two : one, high = odd ? one : two;
  v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
  v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
}

// A warp's 16 rows from `row0` on; every lane finishes eight columns of two rows at a time.
template <int sums>
__device__ __forceinline__ void finish_any_rows(const Finish& f, const float (&d)[sums], float* passing, int64_t row0,
                                            int64_t m, int column0, int n, int lane) {
  const int within = lane % 4 * 8;
#pragma unroll 1
  for (int chunk = 0; chunk < sums / 16; ++chunk) {
    const int begin = column0 + chunk * kPassingColumns;
    if (begin >= n || row0 >= m) return;
    const int column = begin + within;
    bool there[2];
    int64_t at[2];
    Raw bias{}, residual[2]{}, gate[2]{};
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int64_t row = row0 + lane / 4 + 8 * r;
      there[r] = row < m && column < n;
      at[r] = row * n + column;
      if (f.residual.data && there[r]) residual[r] = load_raw(f.residual, at[r]);
      if (f.gate.data && there[r]) gate[r] = load_raw(f.gate, f.gate_rows ? at[r] : column);
    }
    if (f.bias.data && column < n) bias = load_raw(f.bias, column);
    __syncwarp();
    pass(d, chunk, passing, lane);
    __syncwarp();
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = lane / 4 + 8 * r;
      float v[8], b[8];
      take_passed(passing, row, within, v);
      if (!there[r]) continue;
      if (f.x_scales) {
        const float x_scale = __ldg(f.x_scales + row0 + row);
        unpack({f.w_scales, DType::f32}, load_raw({f.w_scales, DType::f32}, column), b);
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] *= x_scale * b[j];
      }
      if (f.bias.data) {
        unpack(f.bias, bias, b);
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] += b[j];
      }
      activate(v, f.activation);
      if (f.residual.data) {
        float g[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        unpack(f.residual, residual[r], b);
        if (f.gate.data) unpack(f.gate, gate[r], g);
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] = fmaf(g[j], v[j], b[j]);
      }
      store(f, at[r], v);
    }
  }
}

// What a chunk's lanes read beside the sums; of kinds of epilogues that are known at compile time.
enum class Kind { plain, gelu_tanh, gated, any };

struct Beside {
  Raw bias, w_scales, gate[2], residual[2];
};
template <Kind kind, bool scaled>
__device__ __forceinline__ Beside load_beside(const Finish& f, int64_t row, int64_t m, int column, int n) {
  Beside b{};
  if (column >= n) return b;
  if (f.bias.data) b.bias = load_raw(f.bias, column);
  if constexpr (scaled) b.w_scales = load_raw({f.w_scales, DType::f32}, column);
  if constexpr (kind == Kind::gated) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if (row + 8 * r < m) b.residual[r] = load_raw(f.residual, (row + 8 * r) * n + column);
    }
    b.gate[0] = load_raw(f.gate, column);
  }
  return b;
}

// As finish_any_rows, with all chunks unrolled and the next chunk's operands under way.
template <Kind kind, bool scaled, int sums>
__device__ __forceinline__ void finish_rows_ahead(const Finish& f, const float (&d)[sums], float* passing, int64_t row0,
                                                  int64_t m, int column0, int n, int lane) {
  const int within = lane % 4 * 8;
  const int64_t row = row0 + lane / 4;
  float x_scale[2] = {1, 1};
  if constexpr (scaled) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if (row + 8 * r < m) x_scale[r] = __ldg(f.x_scales + row + 8 * r);
    }
  }
  Beside next = load_beside<kind, scaled>(f, row, m, column0 + within, n);
#pragma unroll
  for (int chunk = 0; chunk < sums / 16; ++chunk) {
    const int column = column0 + chunk * kPassingColumns + within;
    const Beside now = next;
    if (chunk + 1 < sums / 16) next = load_beside<kind, scaled>(f, row, m, column + kPassingColumns, n);
    __syncwarp();
    pass(d, chunk, passing, lane);
    __syncwarp();
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float v[8], b[8];
      take_passed(passing, lane / 4 + 8 * r, within, v);
      if (row + 8 * r >= m || column >= n) continue;
      if constexpr (scaled) {
        unpack({f.w_scales, DType::f32}, now.w_scales, b);
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] *= x_scale[r] * b[j];
      }
      if (f.bias.data) {
        unpack(f.bias, now.bias, b);
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] += b[j];
      }
      if constexpr (kind == Kind::gelu_tanh) activate(v, 1);
      if constexpr (kind == Kind::gated) {
        float g[8];
        unpack(f.residual, now.residual[r], b);
        unpack(f.gate, now.gate[0], g);
#pragma unroll
        for (int j = 0; j < 8; ++j) v[j] = fmaf(g[j], v[j], b[j]);
      }
      store(f, (row + 8 * r) * n + column, v);
    }
  }
}

template <Kind kind, bool scaled, int sums>
__device__ __forceinline__ void finish_rows(const Finish& f, const float (&d)[sums], float* passing, int64_t row0,
                                            int64_t m, int column0, int n, int lane) {
  if constexpr (kind == Kind::any) {
    finish_any_rows(f, d, passing, row0, m, column0, n, lane);
  } else {
    finish_rows_ahead<kind, scaled>(f, d, passing, row0, m, column0, n, lane);
  }
}

inline Kind kind_of(const LinearArguments& a) {
  if (!a.residual.data && a.activation == 0) return Kind::plain;
  if (!a.residual.data && a.activation == 1) return Kind::gelu_tanh;
  if (a.residual.data && a.gate.data && !a.gate_rows && a.activation == 0) return Kind::gated;
  return Kind::any;
}

}  // namespace
}  // namespace umbel::cuda
