// Attention for what the tensor-core kernels do not take: float32 throughout, any head width up to 512, any alignment.
//
// 256 threads own 64 queries of one head and go over tiles of 64 keys, a thread 4 x 4 scores: q and k pass through
// shared memory 32 channels at a time with the token axis innermost, the probabilities likewise, v 64 channels at a
// time; sums stay in registers, 4 x 4 for each 64 channels. Products are float32 multiply-adds. Exponents are base 2.
//
// Measured on an H100 80GB: float32, 12 heads x 4,096 tokens, width 128, 21 TFLOP/s.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/attention.h"

namespace umbel::cuda {
namespace {

constexpr int kTile = 64;        // queries, keys and channels of a tile
constexpr int kDepth = 32;       // channels of q and k at a time
constexpr int kRow = kTile + 4;  // keeps float4 rows aligned and off each other's banks
constexpr int kThreads = 256;
constexpr float kLog2E = 1.44269504088896341f;
constexpr float kLn2 = 0.69314718055994531f;

struct Work {
  AttentionArguments a;
  int list_rows;
};

__device__ __forceinline__ float to_float(float x) {
  return x;
}
__device__ __forceinline__ float to_float(__half x) {
  return __half2float(x);
}
__device__ __forceinline__ float to_float(__nv_bfloat16 x) {
  return __bfloat162float(x);
}
__device__ __forceinline__ void store(void* to, AttentionElement element, int64_t at, float x) {
  if (element == AttentionElement::f32)
    static_cast<float*>(to)[at] = x;
  else if (element == AttentionElement::f16)
    static_cast<__half*>(to)[at] = __float2half_rn(x);
  else
    static_cast<__nv_bfloat16*>(to)[at] = __float2bfloat16_rn(x);
}

// Over the 16 lanes that share rows.
template <class Combine>
__device__ __forceinline__ float across(float x, const Combine& combine) {
#pragma unroll
  for (int offset = 8; offset > 0; offset /= 2) x = combine(x, __shfl_xor_sync(0xFFFFFFFF, x, offset));
  return x;
}

// Channels [d0, d0 + kDepth) of 64 tokens from `first` on, token innermost; zeros outside.
template <class T>
__device__ __forceinline__ void load_transposed(float (*to)[kRow], const T* base, int64_t stride, int first, int end,
                                                int d0, int width) {
  for (int i = threadIdx.x; i < kTile * kDepth; i += kThreads) {
    const int token = i / kDepth, d = i % kDepth;
    const bool there = first + token < end && d0 + d < width;
    to[d][token] = there ? to_float(base[(first + token) * stride + d0 + d]) : 0.0f;
  }
}

// a[0..3] times b[0..3] onto sums.
__device__ __forceinline__ void outer(float (&sums)[4][4], const float* a, const float* b) {
  const float4 x = *reinterpret_cast<const float4*>(a), y = *reinterpret_cast<const float4*>(b);
  const float left[4] = {x.x, x.y, x.z, x.w}, right[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) sums[i][j] = fmaf(left[i], right[j], sums[i][j]);
  }
}

template <class T, int kChunks>
__global__ void __launch_bounds__(kThreads) attention_kernel(const __grid_constant__ Work work) {
  __shared__ __align__(16) float q_or_v[kTile][kRow];  // q [kDepth][64], k [kDepth][64]; or v [64 keys][64 channels]
  __shared__ __align__(16) float probabilities[kTile][kRow];  // [key][query]
  const AttentionArguments& a = work.a;
  const int head = blockIdx.y, item = blockIdx.z, first_query = blockIdx.x * kTile;
  const int ty = threadIdx.x / 16 * 4, tx = threadIdx.x % 16 * 4;
  const auto base = [&](const void* data, const AttentionStrides& s) {
    return static_cast<const T*>(data) + item * s.batch + head * s.head;
  };
  const T *q = base(a.q, a.q_strides), *k = base(a.k, a.k_strides), *v = base(a.v, a.v_strides);

  const int32_t* col = nullptr;
  int tiles = (a.valid_keys + kTile - 1) / kTile;
  const int per = a.block / kTile;
  if (a.block) {
    const int64_t group = a.groups == 1 ? 0 : head;
    const int32_t* row_ptr = a.row_ptr + group * (work.list_rows + 1) + first_query / a.block;
    // Whatever the lists hold, nothing outside them is read.
    const int last = static_cast<int>(a.entries);
    const int begin = min(max(row_ptr[0], 0), last), end = min(max(row_ptr[1], begin), last);
    col = a.col + group * a.entries + begin;
    tiles = (end - begin) * per;
  }

  float o[kChunks][4][4] = {};
  float maximum[4], sum[4] = {};
#pragma unroll
  for (int i = 0; i < 4; ++i) maximum[i] = -INFINITY;
  for (int t = 0; t < tiles; ++t) {
    int key = t * kTile;
    if (a.block) {
      const int64_t at = static_cast<int64_t>(col[t / per]) * a.block + t % per * kTile;
      if (at < 0 || at >= a.valid_keys) continue;
      key = static_cast<int>(at);
    }
    float s[4][4] = {};
    for (int d0 = 0; d0 < a.head_dim; d0 += kDepth) {
      __syncthreads();
      load_transposed(q_or_v, q, a.q_strides.token, first_query, a.queries, d0, a.head_dim);
      load_transposed(q_or_v + kDepth, k, a.k_strides.token, key, a.valid_keys, d0, a.head_dim);
      __syncthreads();
#pragma unroll 8
      for (int d = 0; d < kDepth; ++d) outer(s, &q_or_v[d][ty], &q_or_v[kDepth + d][tx]);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int query = first_query + ty + i;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const bool there = key + tx + j < a.valid_keys && query < a.queries;
        float score = s[i][j] * a.scale;
        if (a.bias && there) {
          score += a.bias[head * a.bias_head_stride + query * a.bias_row_stride + key + tx + j];
        }
        s[i][j] = there ? score * kLog2E : -INFINITY;
      }
      const float most =
          across(fmaxf(fmaxf(s[i][0], s[i][1]), fmaxf(s[i][2], s[i][3])), [](float x, float y) { return fmaxf(x, y); });
      const float next = fmaxf(maximum[i], most), origin = next == -INFINITY ? 0.0f : next;
      const float shrink = exp2f(maximum[i] - origin);
      maximum[i] = next;
      float part = 0.0f;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        s[i][j] = exp2f(s[i][j] - origin);
        part += s[i][j];
      }
      sum[i] = sum[i] * shrink + part;  // of this thread's columns
#pragma unroll
      for (int c = 0; c < kChunks; ++c) {
#pragma unroll
        for (int j = 0; j < 4; ++j) o[c][i][j] *= shrink;
      }
#pragma unroll
      for (int j = 0; j < 4; ++j) probabilities[tx + j][ty + i] = s[i][j];
    }
#pragma unroll
    for (int c = 0; c < kChunks; ++c) {
      __syncthreads();
      for (int i = threadIdx.x; i < kTile * kTile; i += kThreads) {
        const int token = i / kTile, d = c * kTile + i % kTile;
        const bool there = key + token < a.valid_keys && d < a.head_dim;
        q_or_v[token][i % kTile] = there ? to_float(v[(key + token) * a.v_strides.token + d]) : 0.0f;
      }
      __syncthreads();
#pragma unroll 8
      for (int token = 0; token < kTile; ++token) outer(o[c], &probabilities[token][ty], &q_or_v[token][tx]);
    }
  }

  const int64_t out_base = item * a.out_strides.batch + head * a.out_strides.head;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int query = first_query + ty + i;
    const float total = across(sum[i], [](float x, float y) { return x + y; });
    const bool empty = maximum[i] == -INFINITY;
    if (query >= a.queries) continue;
#pragma unroll
    for (int c = 0; c < kChunks; ++c) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const int d = c * kTile + tx + j;
        if (d >= a.head_dim) continue;
        store(a.out, a.out_element, out_base + query * a.out_strides.token + d, empty ? 0.0f : o[c][i][j] / total);
      }
    }
    if (a.lse && tx == 0) {
      a.lse[(static_cast<int64_t>(item) * a.heads + head) * a.queries + query] =
          empty ? -INFINITY : (maximum[i] + log2f(total)) * kLn2;
    }
  }
}

template <class T, int kChunks>
cudaError_t launch(const AttentionArguments& a, cudaStream_t stream) {
  const Work work{a, a.block ? (a.queries + a.block - 1) / a.block : 0};
  const dim3 grid((a.queries + kTile - 1) / kTile, a.heads, a.batch);
  attention_kernel<T, kChunks><<<grid, kThreads, 0, stream>>>(work);
  return cudaGetLastError();
}

template <class T>
cudaError_t launch(const AttentionArguments& a, cudaStream_t stream) {
  if (a.head_dim <= 64) return launch<T, 1>(a, stream);
  if (a.head_dim <= 128) return launch<T, 2>(a, stream);
  if (a.head_dim <= 256) return launch<T, 4>(a, stream);
  return launch<T, 8>(a, stream);
}

cudaError_t attention_generic(const AttentionArguments& a, cudaStream_t stream) {
  if (a.element == AttentionElement::f32) return launch<float>(a, stream);
  if (a.element == AttentionElement::f16) return launch<__half>(a, stream);
  return launch<__nv_bfloat16>(a, stream);
}

const int registered = register_attention(AttentionPath::generic, &attention_generic);

}  // namespace
}  // namespace umbel::cuda
