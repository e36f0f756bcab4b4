// Attention for wide heads (256, 384 and 512: the one-head attention in the middle of video autoencoders) on tensor cores
// of sm_80 and later: dense, bfloat16, no bias.
//
// Eight warps own 64 queries of one head and go over tiles of 64 keys (32 at width 512). Q and one tile of K and of V lie
// in shared memory, rows of `width` elements whose 16-byte pieces p lie at p ^ (row % 8). A pair of warps owns 16 queries:
// for S = Q K each has half of the keys, for O += P V half of the channels, so that O stays in registers; P and the maxima
// of the halves pass through shared memory. The next K arrives under the softmax and O += P V, the next V under S = Q K.
// Exponents are base 2; O is rescaled for each tile. Shared memory: 153 KiB at width 384, so for GPUs that give a block
// that much (attention.cc). H200, TFLOP/s: width 384 6,144 tokens 140,
// 15,360 tokens 178, width 512 14,400 tokens 143.
#include "cuda/portable/attention_wide.h"

#include "cuda/portable/vector.cuh"
#include "cuda/ptx/mma.cuh"

namespace umbel::cuda {
namespace {

constexpr int kWideThreads = 256;
constexpr int kWideRows = 64;  // queries

template <int width, int keys>
struct Layout {
  static constexpr int kRowBytes = width * 2;
  static constexpr int kProbabilityPitch = keys * 2 + 16;  // bytes; off each other's banks
  static constexpr int kK = kWideRows * kRowBytes;
  static constexpr int kV = kK + keys * kRowBytes;
  static constexpr int kP = kV + keys * kRowBytes;
  static constexpr int kMaxima = kP + kWideRows * kProbabilityPitch;
  static constexpr int kBytes = kMaxima + 2 * kWideRows * 4;
};

template <int width, int keys>
__global__ void __launch_bounds__(kWideThreads, 1) attention_wide_kernel(AttentionArguments a, float exponent_scale) {
  using L = Layout<width, keys>;
  constexpr int score_pieces = keys / 2 / 8, value_pieces = width / 2 / 8;  // fragments of a warp
  extern __shared__ __align__(128) uint8_t shared[];
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32, rows_at = warp / 2 * 16, half = warp % 2;
  const int head = blockIdx.y % a.heads, item = blockIdx.y / a.heads, first_query = blockIdx.x * kWideRows;
  const uint32_t base = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  auto* maxima = reinterpret_cast<float*>(shared + L::kMaxima);
  const auto place = [](int row, int piece) {
    return static_cast<uint32_t>(row * L::kRowBytes + ((piece ^ (row & 7)) << 4));
  };
  // Rows of a tensor, zeros from row `end` on.
  const auto fetch = [&](int to, const void* data, const AttentionStrides& s, int first, int count, int end) {
    const auto* from = static_cast<const __nv_bfloat16*>(data) + item * s.batch + head * s.head;
    for (int i = thread; i < count * (width / 8); i += kWideThreads) {
      const int row = i / (width / 8), piece = i % (width / 8);
      const bool there = first + row < end;
      ptx::copy_async(base + to + place(row, piece), from + (there ? (first + row) * s.token + piece * 8 : 0), there);
    }
  };

  const int tiles = (a.valid_keys + keys - 1) / keys;
  fetch(0, a.q, a.q_strides, first_query, kWideRows, a.queries);
  if (tiles > 0) fetch(L::kK, a.k, a.k_strides, 0, keys, a.valid_keys);
  ptx::copy_async_commit();

  float out[value_pieces][4] = {};
  float most[2] = {-INFINITY, -INFINITY}, sum[2] = {};  // sum: of this thread's columns
  for (int tile = 0; tile < tiles; ++tile) {
    ptx::copy_async_wait<0>();
    __syncthreads();  // K is there; nobody reads V and P of the tile before any more
    fetch(L::kV, a.v, a.v_strides, tile * keys, keys, a.valid_keys);
    ptx::copy_async_commit();

    float scores[score_pieces][4] = {};
#pragma unroll 4
    for (int k = 0; k < width / 16; ++k) {
      uint32_t q[4];
      ptx::load_matrices(q, base + place(rows_at + lane % 16, 2 * k + lane / 16));
#pragma unroll
      for (int j = 0; j < score_pieces; j += 2) {
        uint32_t b[4];
        ptx::load_matrices(b, base + L::kK + place(half * keys / 2 + j * 8 + lane / 16 * 8 + lane % 8, 2 * k + lane / 8 % 2));
        ptx::mma<__nv_bfloat16>(scores[j], q, b[0], b[1]);
        ptx::mma<__nv_bfloat16>(scores[j + 1], q, b[2], b[3]);
      }
    }
    const int left = a.valid_keys - tile * keys - half * keys / 2 - lane % 4 * 2;
    float top[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int j = 0; j < score_pieces; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        scores[j][i] = j * 8 + i % 2 < left ? scores[j][i] * exponent_scale : -INFINITY;
        top[i / 2] = fmaxf(top[i / 2], scores[j][i]);
      }
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      top[r] = fmaxf(top[r], __shfl_xor_sync(0xFFFFFFFF, top[r], 1));
      top[r] = fmaxf(top[r], __shfl_xor_sync(0xFFFFFFFF, top[r], 2));
      if (lane % 4 == 0) maxima[half * kWideRows + rows_at + lane / 4 + 8 * r] = top[r];
    }
    __syncthreads();  // the maxima are there; nobody reads this K any more
    if (tile + 1 < tiles) fetch(L::kK, a.k, a.k_strides, (tile + 1) * keys, keys, a.valid_keys);
    ptx::copy_async_commit();

    float shrink[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = rows_at + lane / 4 + 8 * r;
      // A tile holds at least one key that counts, so this is a number.
      const float next = fmaxf(most[r], fmaxf(maxima[row], maxima[kWideRows + row]));
      shrink[r] = exp2f(most[r] - next);
      most[r] = next;
      sum[r] *= shrink[r];
    }
#pragma unroll
    for (int j = 0; j < score_pieces; ++j) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        const float first = exp2f(scores[j][2 * r] - most[r]), second = exp2f(scores[j][2 * r + 1] - most[r]);
        sum[r] += first + second;
        *reinterpret_cast<uint32_t*>(shared + L::kP + (rows_at + lane / 4 + 8 * r) * L::kProbabilityPitch +
                                     (half * keys / 2 + j * 8 + lane % 4 * 2) * 2) = pack_bf16(first, second);
      }
    }
#pragma unroll
    for (int n = 0; n < value_pieces; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) out[n][i] *= shrink[i / 2];
    }
    ptx::copy_async_wait<1>();
    __syncthreads();  // V and P are there
#pragma unroll 1
    for (int k = 0; k < keys / 16; ++k) {
      uint32_t p[4];
      ptx::load_matrices(p, base + L::kP + (rows_at + lane % 16) * L::kProbabilityPitch + (2 * k + lane / 16) * 16);
#pragma unroll
      for (int n = 0; n < value_pieces; n += 2) {
        uint32_t b[4];
        ptx::load_matrices_transposed(b, base + L::kV + place(k * 16 + lane % 16, half * value_pieces + n + lane / 16));
        ptx::mma<__nv_bfloat16>(out[n], p, b[0], b[1]);
        ptx::mma<__nv_bfloat16>(out[n + 1], p, b[2], b[3]);
      }
    }
  }
  ptx::copy_async_wait<0>();
  __syncthreads();
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    sum[r] += __shfl_xor_sync(0xFFFFFFFF, sum[r], 1);
    sum[r] += __shfl_xor_sync(0xFFFFFFFF, sum[r], 2);
    if (lane % 4 == 0) maxima[half * kWideRows + rows_at + lane / 4 + 8 * r] = sum[r];
  }
  __syncthreads();
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const int row = rows_at + lane / 4 + 8 * r, query = first_query + row;
    if (query >= a.queries) continue;
    const float total = maxima[row] + maxima[kWideRows + row], factor = total > 0.0f ? 1.0f / total : 0.0f;
    if (a.lse && half == 0 && lane % 4 == 0) {
      a.lse[(static_cast<int64_t>(item) * a.heads + head) * a.queries + query] =
          total > 0.0f ? (most[r] + log2f(total)) * 0.69314718055994531f : -INFINITY;
    }
    const int64_t to = item * a.out_strides.batch + query * a.out_strides.token + head * a.out_strides.head +
                       half * (width / 2) + lane % 4 * 2;
#pragma unroll
    for (int n = 0; n < value_pieces; ++n) {
      const float first = out[n][2 * r] * factor, second = out[n][2 * r + 1] * factor;
      if (a.out_element == AttentionElement::f32) {
        *reinterpret_cast<float2*>(static_cast<float*>(a.out) + to + n * 8) = make_float2(first, second);
      } else {
        *reinterpret_cast<uint32_t*>(static_cast<uint16_t*>(a.out) + to + n * 8) = pack_bf16(first, second);
      }
    }
  }
}

template <int width, int keys>
cudaError_t launch_wide(const AttentionArguments& a, cudaStream_t stream) {
  const auto kernel = attention_wide_kernel<width, keys>;
  constexpr int bytes = Layout<width, keys>::kBytes;
  static_assert(bytes <= kWideSharedBytes);
  if (const cudaError_t e = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                                 cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)) {
    return e;
  }
  const dim3 grid(static_cast<unsigned>((a.queries + kWideRows - 1) / kWideRows), static_cast<unsigned>(a.heads * a.batch));
  kernel<<<grid, kWideThreads, bytes, stream>>>(a, a.scale * 1.44269504088896341f);
  return cudaGetLastError();
}

}  // namespace

cudaError_t attention_wide(const AttentionArguments& a, cudaStream_t stream) {
  if (a.head_dim == 256) return launch_wide<256, 64>(a, stream);
  return a.head_dim == 384 ? launch_wide<384, 64>(a, stream) : launch_wide<512, 32>(a, stream);
}

}  // namespace umbel::cuda
