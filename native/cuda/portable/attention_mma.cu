// Attention on tensor cores of sm_80 and later: dense and block-sparse, 16-bit operands, head widths 64 and 128.
//
// Four warps own 128 queries of one head (or 64, for blocks of 64 and for few queries), 32 (16) each, and go over tiles
// of 64 keys (32 where two blocks of threads would not fit on a multiprocessor otherwise). Q, one tile of K and one of
// V lie in shared memory, rows of `width` elements whose 16-byte pieces p lie at p ^ (row % 8). V of a tile arrives
// under S = Q K, the next K under the softmax and O += P V. A right operand that was loaded serves both 16-row halves
// of a warp's queries. P stays in registers (ptx/mma.cuh). Softmax: softmax.cuh. Shared memory at width 128: 64 KiB,
// with 32 keys 48 KiB.
//
// Measured on an H200, bfloat16, TFLOP/s of the tiles that count: 40 heads x 69,120 tokens, width 128, dense 392
// (FlashAttention-2 of PyTorch 2.11 in the same run 358), radial with 128 blocks (density 0.287) 386, with 64 blocks
// (0.261) 296. On an H100 80GB: 24 x 115,456 dense 366, radial (0.278) 345; width 64 dense 40 x 32,768 302.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda/attention.h"
#include "cuda/portable/attention_wide.h"
#include "cuda/ptx/mma.cuh"
#include "cuda/softmax.cuh"

namespace umbel::cuda {
namespace {

using namespace umbel::ptx;

constexpr int kThreads = 128;
constexpr int kWarps = 4;

constexpr int shared_bytes(int rows, int tile_keys, int width) {
  return (rows + 2 * tile_keys) * width * 2;
}

struct Work {
  AttentionArguments a;
  int list_rows;
};

// The tiles of `tile_keys` keys that a block of queries sees.
template <int tile_keys>
struct TileList {
  const int32_t* col = nullptr;
  int count, block, valid;

  __device__ __forceinline__ TileList(const AttentionArguments& a, int list_rows, int row, int head)
      : block(a.block), valid(a.valid_keys) {
    if (block == 0) {
      count = (valid + tile_keys - 1) / tile_keys;
      return;
    }
    const int64_t group = a.groups == 1 ? 0 : head;
    const int32_t* row_ptr = a.row_ptr + group * (list_rows + 1);
    // Whatever the lists hold, nothing outside them is read.
    const int last = static_cast<int>(a.entries);
    const int begin = min(max(row_ptr[row], 0), last), end = min(max(row_ptr[row + 1], begin), last);
    col = a.col + group * a.entries + begin;
    count = (end - begin) * (block / tile_keys);
  }
  // First key of tile i; `valid` where there is none.
  __device__ __forceinline__ int key(int i) const {
    if (block == 0) return i * tile_keys;
    const int per = block / tile_keys;
    const int64_t at = static_cast<int64_t>(__ldg(col + i / per)) * block + i % per * tile_keys;
    return at < 0 || at > valid ? valid : static_cast<int>(at);
  }
};

// Rows of `width` elements to and from shared memory, 16 bytes a thread.
template <class T, int width>
struct RowCopy {
  static constexpr int kPieces = width / 8;
  static constexpr int kRowsAtOnce = kThreads / kPieces;  // a multiple of 8: a thread's swizzle is the same in all
  int piece = threadIdx.x % kPieces, row = threadIdx.x / kPieces;

  template <int rows>
  __device__ __forceinline__ void load(uint32_t shared, const T* base, int64_t stride, int first, int end) const {
    const uint32_t target = shared + row * width * 2 + (piece ^ row % 8) * 16;
    const T* from = base + (first + row) * stride + piece * 8;
#pragma unroll
    for (int i = 0; i < rows / kRowsAtOnce; ++i) {
      const bool there = first + row + i * kRowsAtOnce < end;
      copy_async(target + i * kRowsAtOnce * width * 2, from + i * kRowsAtOnce * stride, there);
    }
  }
};

template <class T, int width, int rows, int tile_keys, bool kBias>
__global__ void __launch_bounds__(kThreads, 2) attention_kernel(const __grid_constant__ Work work) {
  constexpr int kMiddles = rows / kWarps / 16;  // 16-row parts of a warp
  constexpr int kRowBytes = width * 2;
  extern __shared__ __align__(1024) uint8_t shared[];
  const AttentionArguments& a = work.a;
  const int tile = blockIdx.x, head = blockIdx.y, item = blockIdx.z;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const uint32_t q_shared = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  const uint32_t k_shared = q_shared + rows * kRowBytes, v_shared = k_shared + tile_keys * kRowBytes;
  const auto base = [&](const void* data, const AttentionStrides& s) {
    return static_cast<const T*>(data) + item * s.batch + head * s.head;
  };
  const T *q = base(a.q, a.q_strides), *k = base(a.k, a.k_strides), *v = base(a.v, a.v_strides);
  const TileList<tile_keys> list(a, work.list_rows, tile, head);
  const RowCopy<T, width> copy;
  const int first_query = tile * rows;

  float o[kMiddles][width / 8][4];
#pragma unroll
  for (int m = 0; m < kMiddles; ++m) {
#pragma unroll
    for (int n = 0; n < width / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) o[m][n][i] = 0.0f;
    }
  }
  RowPair state[kMiddles];
  // With a bias the scores are scaled before it is added.
  const float exponent_scale = kBias ? kLog2E : a.scale * kLog2E;

  copy.template load<rows>(q_shared, q, a.q_strides.token, first_query, a.queries);
  int key = list.count ? list.key(0) : 0;
  if (list.count) copy.template load<tile_keys>(k_shared, k, a.k_strides.token, key, a.valid_keys);
  copy_async_commit();

  // Addresses of this lane's rows for ldmatrix at the first piece. A row begins at a multiple of its bytes and its
  // swizzle depends on the lane alone, so two pieces further are an exclusive or away.
  const int swizzle = lane % 8;
  const uint32_t q_at = q_shared + (warp * kMiddles * 16 + lane % 16) * kRowBytes + (lane / 16 ^ swizzle) * 16;
  const uint32_t k_at = k_shared + (lane / 16 * 8 + lane % 8) * kRowBytes + (lane / 8 % 2 ^ swizzle) * 16;
  const uint32_t v_at = v_shared + (lane / 8 % 2 * 8 + lane % 8) * kRowBytes + (lane / 16 ^ swizzle) * 16;

  for (int i = 0; i < list.count; ++i) {
    const int next_key = i + 1 < list.count ? list.key(i + 1) : 0;
    copy_async_wait<0>();
    __syncthreads();
    copy.template load<tile_keys>(v_shared, v, a.v_strides.token, key, a.valid_keys);
    copy_async_commit();

    float s[kMiddles][tile_keys / 8 * 4];
#pragma unroll
    for (int m = 0; m < kMiddles; ++m) {
#pragma unroll
      for (int j = 0; j < tile_keys / 2; ++j) s[m][j] = 0.0f;
    }
#pragma unroll
    for (int step = 0; step < width / 16; ++step) {
      uint32_t left[kMiddles][4];
#pragma unroll
      for (int m = 0; m < kMiddles; ++m) {
        load_matrices(left[m], (q_at ^ step * 32) + m * 16 * kRowBytes);
      }
#pragma unroll
      for (int n = 0; n < tile_keys / 16; ++n) {
        uint32_t right[4];
        load_matrices(right, (k_at ^ step * 32) + n * 16 * kRowBytes);
#pragma unroll
        for (int m = 0; m < kMiddles; ++m) {
          mma<T>(reinterpret_cast<float (&)[4]>(s[m][8 * n]), left[m], right[0], right[1]);
          mma<T>(reinterpret_cast<float (&)[4]>(s[m][8 * n + 4]), left[m], right[2], right[3]);
        }
      }
    }
    copy_async_wait<0>();
    __syncthreads();
    if (i + 1 < list.count) {
      copy.template load<tile_keys>(k_shared, k, a.k_strides.token, next_key, a.valid_keys);
      copy_async_commit();
    }

    if constexpr (kBias) {
      const float* bias = a.bias + head * a.bias_head_stride + key;
#pragma unroll
      for (int m = 0; m < kMiddles; ++m) {
#pragma unroll
        for (int j = 0; j < tile_keys / 2; ++j) {
          const int column = j / 4 * 8 + lane % 4 * 2 + j % 2;
          const int query = first_query + (warp * kMiddles + m) * 16 + lane / 4 + j / 2 % 2 * 8;
          const bool there = key + column < a.valid_keys && query < a.queries;
          s[m][j] = fmaf(s[m][j], a.scale, there ? bias[query * a.bias_row_stride + column] : 0.0f);
        }
      }
    }
    if (a.valid_keys - key < tile_keys) {
      const int limit = a.valid_keys - key - lane % 4 * 2;
#pragma unroll
      for (int m = 0; m < kMiddles; ++m) {
#pragma unroll
        for (int j = 0; j < tile_keys / 2; ++j) {
          if (j / 4 * 8 + j % 2 >= limit) s[m][j] = -INFINITY;
        }
      }
    }
    uint32_t p[kMiddles][tile_keys / 4];
#pragma unroll
    for (int m = 0; m < kMiddles; ++m) {
      float shrink[2];
      state[m].softmax(s[m], exponent_scale, shrink);
      if (__any_sync(0xFFFFFFFF, shrink[0] != 1.0f || shrink[1] != 1.0f)) {
#pragma unroll
        for (int n = 0; n < width / 8; ++n) {
#pragma unroll
          for (int j = 0; j < 4; ++j) o[m][n][j] *= shrink[j / 2];
        }
      }
#pragma unroll
      for (int j = 0; j < tile_keys / 4; ++j) p[m][j] = pack<T>(s[m][2 * j], s[m][2 * j + 1]);
    }
#pragma unroll
    for (int step = 0; step < tile_keys / 16; ++step) {
#pragma unroll
      for (int n = 0; n < width / 16; ++n) {
        uint32_t right[4];
        load_matrices_transposed(right, (v_at ^ n * 32) + step * 16 * kRowBytes);
#pragma unroll
        for (int m = 0; m < kMiddles; ++m) {
          const uint32_t (&left)[4] = reinterpret_cast<const uint32_t (&)[4]>(p[m][4 * step]);
          mma<T>(o[m][2 * n], left, right[0], right[1]);
          mma<T>(o[m][2 * n + 1], left, right[2], right[3]);
        }
      }
    }
    key = next_key;
  }
  copy_async_wait<0>();
  __syncthreads();

  const int64_t out_base = item * a.out_strides.batch + head * a.out_strides.head;
#pragma unroll
  for (int m = 0; m < kMiddles; ++m) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = (warp * kMiddles + m) * 16 + lane / 4 + 8 * r, query = first_query + row;
      const float sum = row_sum(state[m].sum[r]), factor = state[m].empty(r) ? 0.0f : 1.0f / sum;
      if (a.lse && lane % 4 == 0 && query < a.queries) {
        const int64_t at = (static_cast<int64_t>(item) * a.heads + head) * a.queries + query;
        a.lse[at] = state[m].log_sum_exp(r, sum, exponent_scale);
      }
      if (a.out_element == AttentionElement::f32) {
        float* out = static_cast<float*>(a.out) + out_base + query * a.out_strides.token + lane % 4 * 2;
#pragma unroll
        for (int n = 0; n < width / 8; ++n) {
          const float2 pair = {o[m][n][2 * r] * factor, o[m][n][2 * r + 1] * factor};
          if (query < a.queries) *reinterpret_cast<float2*>(out + n * 8) = pair;
        }
        continue;
      }
      // Through the warp's own rows of Q, then 16 bytes a lane.
#pragma unroll
      for (int n = 0; n < width / 8; ++n) {
        const uint32_t at = q_shared + row * kRowBytes + (n ^ row % 8) * 16 + lane % 4 * 4;
        asm volatile("st.shared.b32 [%0], %1;" ::"r"(at),
                     "r"(pack<T>(o[m][n][2 * r] * factor, o[m][n][2 * r + 1] * factor))
                     : "memory");
      }
    }
  }
  if (a.out_element == AttentionElement::f32) return;
  __syncwarp();
  constexpr int kPieces = width / 8, kWarpRows = kMiddles * 16;
  T* out = static_cast<T*>(a.out) + out_base;
#pragma unroll
  for (int i = 0; i < kWarpRows * kPieces / 32; ++i) {
    const int at = i * 32 + lane, row = warp * kWarpRows + at / kPieces, piece = at % kPieces;
    const int query = first_query + row;
    if (query < a.queries) {
      *reinterpret_cast<uint4*>(out + query * a.out_strides.token + piece * 8) =
          *reinterpret_cast<const uint4*>(shared + row * kRowBytes + (piece ^ row % 8) * 16);
    }
  }
}

template <class T, int width, int rows, int tile_keys, bool kBias>
cudaError_t launch(const AttentionArguments& a, cudaStream_t stream) {
  const auto kernel = attention_kernel<T, width, rows, tile_keys, kBias>;
  constexpr int bytes = shared_bytes(rows, tile_keys, width);
  if (const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)) return e;
  const Work work{a, a.block ? (a.queries + a.block - 1) / a.block : 0};
  const dim3 grid((a.queries + rows - 1) / rows, a.heads, a.batch);
  kernel<<<grid, kThreads, bytes, stream>>>(work);
  return cudaGetLastError();
}

template <class T, int width>
cudaError_t launch(const AttentionArguments& a, cudaStream_t stream) {
  if (a.bias) return launch<T, width, 64, 64, true>(a, stream);
  // Few queries make too few blocks of threads of 128.
  const int64_t blocks = static_cast<int64_t>((a.queries + 127) / 128) * a.heads * a.batch;
  if (a.block == 64 || (a.block == 0 && blocks < 256)) return launch<T, width, 64, 64, false>(a, stream);
  if constexpr (width == 128) {
    int device = 0, shared = 0;
    if (const cudaError_t e = cudaGetDevice(&device)) return e;
    if (const cudaError_t e = cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerMultiprocessor, device)) {
      return e;
    }
    // Two blocks of threads, with the 1 KiB that the system takes for each.
    if (shared < 2 * (shared_bytes(128, 64, width) + 1024)) return launch<T, width, 128, 32, false>(a, stream);
  }
  return launch<T, width, 128, 64, false>(a, stream);
}

cudaError_t attention_portable(const AttentionArguments& a, cudaStream_t stream) {
  if (a.head_dim > 128) return attention_wide(a, stream);
  if (a.element == AttentionElement::bf16) {
    return a.head_dim == 128 ? launch<__nv_bfloat16, 128>(a, stream) : launch<__nv_bfloat16, 64>(a, stream);
  }
  return a.head_dim == 128 ? launch<__half, 128>(a, stream) : launch<__half, 64>(a, stream);
}

const int registered = register_attention(AttentionPath::portable, &attention_portable);

}  // namespace
}  // namespace umbel::cuda
