#pragma once
// The running softmax of both tensor-core attention kernels.
//
// Exponents are base 2 with the scale folded into one multiply-add. The reference point of a row only moves when the
// row's maximum has grown by more than 2^8 over it: any reference point gives the same quotient, and the sums are
// rescaled a few times a row instead of at most tiles.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

namespace umbel::cuda {

constexpr float kLog2E = 1.44269504088896341f;
constexpr float kLn2 = 0.69314718055994531f;
// Growth of the maximum, in powers of two, that the sums take without being rescaled.
constexpr float kSlack = 8.0f;
// The reference point before any key: finite, so that differences are numbers, and far below any score.
constexpr float kNoKey = -1e30f;

__device__ __forceinline__ float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

template <class T>
__device__ __forceinline__ uint32_t pack(float low, float high) {
  uint32_t packed;
  if constexpr (std::is_same_v<T, __nv_bfloat16>)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}

// Over the four lanes that share a row.
__device__ __forceinline__ float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xFFFFFFFF, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xFFFFFFFF, x, 2));
}
__device__ __forceinline__ float row_sum(float x) {
  x += __shfl_xor_sync(0xFFFFFFFF, x, 1);
  return x + __shfl_xor_sync(0xFFFFFFFF, x, 2);
}

// The state of the two rows of a thread in a fragment: sums s[4 j + 2 r], s[4 j + 2 r + 1] belong to row r.
struct RowPair {
  float maximum[2] = {kNoKey, kNoKey};  // reference point, in scores
  float sum[2] = {0.0f, 0.0f};          // of this thread's columns

  // Scores become probabilities; `shrink` is what earlier sums are to be multiplied with.
  template <int count>
  __device__ __forceinline__ void softmax(float (&s)[count], float scale, float (&shrink)[2]) {
    float origin[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float top[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) top[j] = fmaxf(s[4 * j + 2 * r], s[4 * j + 2 * r + 1]);
#pragma unroll
      for (int j = 4; j < count / 4; ++j) top[j % 4] = fmaxf(top[j % 4], fmaxf(s[4 * j + 2 * r], s[4 * j + 2 * r + 1]));
      const float most = row_max(fmaxf(fmaxf(top[0], top[1]), fmaxf(top[2], top[3])));
      // Always true for the first key of a row.
      const float next = (most - maximum[r]) * scale > kSlack ? most : maximum[r];
      shrink[r] = exp2_fast((maximum[r] - next) * scale);
      maximum[r] = next;
      sum[r] *= shrink[r];
      origin[r] = next * scale;
    }
#pragma unroll
    for (int j = 0; j < count; ++j) s[j] = exp2_fast(fmaf(s[j], scale, -origin[j / 2 % 2]));
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float part[2] = {s[2 * r], s[2 * r + 1]};
#pragma unroll
      for (int j = 1; j < count / 4; ++j) {
        part[0] += s[4 * j + 2 * r];
        part[1] += s[4 * j + 2 * r + 1];
      }
      sum[r] += part[0] + part[1];
    }
  }
  __device__ __forceinline__ bool empty(int r) const { return maximum[r] == kNoKey; }
  // `total`: the sum over the row.
  __device__ __forceinline__ float log_sum_exp(int r, float total, float scale) const {
    return empty(r) ? -INFINITY : (maximum[r] * scale + log2f(total)) * kLn2;
  }
};

}  // namespace umbel::cuda
