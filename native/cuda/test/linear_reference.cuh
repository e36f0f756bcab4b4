#pragma once
// Operands of the checks of matrix products, and the products in float64.
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/linear.h"

namespace umbel::cuda::check {

__device__ __forceinline__ uint32_t mixed(uint64_t i, uint32_t seed) {
  uint64_t x = i * 0x9E3779B97F4A7C15ull + seed * 0xD1B54A32D192ED03ull + 1;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ x >> 27) * 0x94D049BB133111EBull;
  return static_cast<uint32_t>(x >> 32);
}
// About normal: the sum of four uniform numbers.
__device__ __forceinline__ float random_value(uint64_t i, uint32_t seed) {
  float sum = 0;
  for (uint32_t j = 0; j < 4; ++j) sum += static_cast<float>(mixed(4 * i + j, seed)) * 0x1p-32f - 0.5f;
  return sum * 1.7320508f;
}

__global__ void fill_random(void* data, DType type, int64_t count, float scale, float shift, uint32_t seed) {
  for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < count;
       i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const float v = random_value(static_cast<uint64_t>(i), seed) * scale + shift;
    if (type == DType::f32) static_cast<float*>(data)[i] = v;
    if (type == DType::bf16) static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(v);
    if (type == DType::f8_e4m3) {
      static_cast<uint8_t*>(data)[i] = __nv_cvt_float_to_fp8(v * 100.0f, __NV_SATFINITE, __NV_E4M3);
    }
  }
}

__device__ __forceinline__ double value_at(const void* data, DType type, int64_t i) {
  if (type == DType::f32) return static_cast<const float*>(data)[i];
  if (type == DType::bf16) return __bfloat162float(static_cast<const __nv_bfloat16*>(data)[i]);
  return static_cast<double>(
      __half2float(__half(__nv_cvt_fp8_to_halfraw(static_cast<const uint8_t*>(data)[i], __NV_E4M3))));
}

struct Reference {
  double value;      // the result
  double allowance;  // what it may be off besides the rounding of its type, for an error of 1 relative to the sum's terms
};

__device__ __forceinline__ double activated(double v, int activation) {
  if (activation == 1) return v / 2 * (1 + tanh(0.7978845608028654 * (v + 0.044715 * v * v * v)));
  if (activation == 2) return v / (1 + exp(-v));
  if (activation == 3) return v / 2 * erfc(-v * 0.7071067811865476);
  return v;
}

// A warp an element: rows[i] of the result, all columns.
__global__ void __launch_bounds__(256) reference_kernel(LinearArguments a, const int64_t* rows, int64_t row_count,
                                                        Reference* out) {
  const int lane = threadIdx.x % 32;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * 8;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * 8 + threadIdx.x / 32; i < row_count * a.n; i += warps) {
    const int64_t row = rows[i / a.n], column = i % a.n;
    double sum = 0, terms = 0;
    for (int64_t k = lane; k < a.k; k += 32) {
      const double term = value_at(a.x, a.type, row * a.k + k) * value_at(a.w, a.type, column * a.k + k);
      sum += term;
      terms += fabs(term);
    }
    for (int offset = 16; offset > 0; offset /= 2) {
      sum += __shfl_xor_sync(0xFFFFFFFF, sum, offset);
      terms += __shfl_xor_sync(0xFFFFFFFF, terms, offset);
    }
    if (lane != 0) continue;
    const double scale = a.x_scales ? static_cast<double>(a.x_scales[row]) * a.w_scales[column] : 1;
    double v = sum * scale, off = terms * scale;
    if (a.bias.data) v += value_at(a.bias.data, a.bias.type, column);
    v = activated(v, a.activation);
    if (a.residual.data) {
      const double gate =
          a.gate.data ? value_at(a.gate.data, a.gate.type, a.gate_rows ? row * a.n + column : column) : 1;
      off *= fabs(gate);
      v = value_at(a.residual.data, a.residual.type, row * a.n + column) + gate * v;
    }
    out[i] = {v, off};
  }
}

}  // namespace umbel::cuda::check
