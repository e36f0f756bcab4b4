#pragma once
// Attention in float64, a query at a time: what the kernels are checked against. Also random inputs and the comparison.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>

#include "cuda/attention.h"

namespace umbel::cuda::check {

__device__ inline double to_double(float x) {
  return x;
}
__device__ inline double to_double(__half x) {
  return __half2float(x);
}
__device__ inline double to_double(__nv_bfloat16 x) {
  return __bfloat162float(x);
}
__device__ inline void from_float(float& to, float x) {
  to = x;
}
__device__ inline void from_float(__half& to, float x) {
  to = __float2half_rn(x);
}
__device__ inline void from_float(__nv_bfloat16& to, float x) {
  to = __float2bfloat16_rn(x);
}

__device__ inline uint32_t hash(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  return static_cast<uint32_t>(x >> 32);
}
__device__ inline float normal(uint64_t index, uint32_t seed) {
  const float u = (hash(index * 2 + (uint64_t{seed} << 40)) + 1.0f) * 0x1p-32f;
  const float angle = hash(index * 2 + 1 + (uint64_t{seed} << 40)) * 0x1p-32f * 6.2831853f;
  return sqrtf(-2.0f * logf(fminf(u, 1.0f))) * cosf(angle);
}

// Normal numbers times scale, growing to 1 + rise times that with the token.
template <class T>
__global__ void fill_normal(T* data, AttentionStrides strides, int batch, int tokens, int heads, int width, float scale,
                            float rise, uint32_t seed) {
  const int64_t count = static_cast<int64_t>(batch) * tokens * heads * width;
  for (int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t d = i % width, h = i / width % heads, t = i / width / heads % tokens, b = i / width / heads / tokens;
    const float growth = 1.0f + rise * t / tokens;
    from_float(data[b * strides.batch + t * strides.token + h * strides.head + d], normal(i, seed) * scale * growth);
  }
}
__global__ void fill_bias(float* data, int64_t count, uint32_t seed) {
  for (int64_t i = blockIdx.x * int64_t{blockDim.x} + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    data[i] = hash(i + (uint64_t{seed} << 40)) % 16 == 0 ? -INFINITY : 2.0f * normal(i, seed);
  }
}

struct Errors {
  double difference2, reference2;  // sums of squares
  float largest, largest_reference;
  float lse;
  int wrong;  // not a number, or empty on one side alone
};

__device__ inline void atomic_max(float* to, float x) {
  atomicMax(reinterpret_cast<int*>(to), __float_as_int(x));  // for numbers from 0 on
}

// One block of 128 threads a query; queries first, first + step, ...
template <class T>
__global__ void compare(AttentionArguments a, int first, int step, Errors* errors) {
  __shared__ double shared[128];
  const int query = first + blockIdx.x * step, head = blockIdx.y, item = blockIdx.z, me = threadIdx.x;
  const T* q =
      static_cast<const T*>(a.q) + item * a.q_strides.batch + head * a.q_strides.head + query * a.q_strides.token;
  const T* k = static_cast<const T*>(a.k) + item * a.k_strides.batch + head * a.k_strides.head;
  const T* v = static_cast<const T*>(a.v) + item * a.v_strides.batch + head * a.v_strides.head;
  const int64_t out_at = item * a.out_strides.batch + head * a.out_strides.head + query * a.out_strides.token;
  const bool wide_out = a.out_element == AttentionElement::f32;
  const int group = a.groups == 1 ? 0 : head, rows = a.block ? (a.queries + a.block - 1) / a.block : 0;
  const int32_t *row_ptr = a.row_ptr + group * (rows + 1), *col = a.col + group * a.entries;
  const int row = a.block ? query / a.block : 0;
  const int ranges = a.block ? row_ptr[row + 1] - row_ptr[row] : 1, begin = a.block ? row_ptr[row] : 0;
  const auto range = [&](int i, int& from, int& to) {
    from = a.block ? col[begin + i] * a.block : 0;
    to = min(a.block ? from + a.block : a.keys, a.valid_keys);
  };
  const auto score = [&](int key) {
    double s = 0;
    for (int d = 0; d < a.head_dim; ++d) s += to_double(q[d]) * to_double(k[key * a.k_strides.token + d]);
    s *= a.scale;
    if (a.bias) s += a.bias[head * a.bias_head_stride + query * a.bias_row_stride + key];
    return s;
  };
  const auto reduce = [&](double x, bool most) {
    shared[me] = x;
    __syncthreads();
    for (int n = 64; n > 0; n /= 2) {
      if (me < n) shared[me] = most ? fmax(shared[me], shared[me + n]) : shared[me] + shared[me + n];
      __syncthreads();
    }
    const double result = shared[0];
    __syncthreads();
    return result;
  };
  double most = -INFINITY;
  for (int i = 0; i < ranges; ++i) {
    int from, to;
    range(i, from, to);
    for (int key = from + me; key < to; key += 128) most = fmax(most, score(key));
  }
  most = reduce(most, true);
  const bool empty = most == -INFINITY;
  double sum = 0, o[4] = {};
  for (int i = 0; i < ranges && !empty; ++i) {
    int from, to;
    range(i, from, to);
    for (int key = from; key < to; key += 128) {
      __syncthreads();
      shared[me] = key + me < to ? exp(score(key + me) - most) : 0;
      sum += shared[me];
      __syncthreads();
      for (int c = 0; c < 4; ++c) {
        const int d = c * 128 + me;
        for (int j = 0; d < a.head_dim && j < min(128, to - key); ++j) {
          o[c] += shared[j] * to_double(v[(key + j) * a.v_strides.token + d]);
        }
      }
    }
  }
  __syncthreads();
  sum = reduce(sum, false);
  double difference2 = 0, reference2 = 0;
  for (int c = 0; c < 4; ++c) {
    const int d = c * 128 + me;
    if (d >= a.head_dim) continue;
    const double expected = empty ? 0 : o[c] / sum, got = wide_out
                                                              ? static_cast<const float*>(a.out)[out_at + d]
                                                              : to_double(static_cast<const T*>(a.out)[out_at + d]);
    if (!isfinite(got) || (empty && got != 0)) {
      atomicAdd(&errors->wrong, 1);
      continue;
    }
    difference2 += (got - expected) * (got - expected);
    reference2 += expected * expected;
    atomic_max(&errors->largest, static_cast<float>(fabs(got - expected)));
    atomic_max(&errors->largest_reference, static_cast<float>(fabs(expected)));
  }
  difference2 = reduce(difference2, false);
  reference2 = reduce(reference2, false);
  if (me != 0) return;
  atomicAdd(&errors->difference2, difference2);
  atomicAdd(&errors->reference2, reference2);
  if (!a.lse) return;
  const float got = a.lse[(static_cast<int64_t>(item) * a.heads + head) * a.queries + query];
  if (empty != (got == -INFINITY) || isnan(got)) {
    atomicAdd(&errors->wrong, 1);
  } else if (!empty) {
    atomic_max(&errors->lse, static_cast<float>(fabs(got - (most + log(sum))) / fmax(1.0, fabs(most))));
  }
}

}  // namespace umbel::cuda::check
