// Attention in float32 for any head width, with a bias or a block list: what the float32 mode uses, and what stands in
// where no tensor-core kernel takes the shape.
//
// A block of 256 threads owns `tile` queries of a head (32, or 16 for heads wider than 192), keeps them and their sums in
// shared memory and walks the keys in tiles of the same size with the running maximum and sum of the softmax. Rows are
// padded by one float against bank conflicts. Not measured yet.
#include <cmath>

#include "core/fail.h"
#include "cuda/portable/float_attention.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

struct Arguments {
  Elements q, k, v, bias, out;
  float* lse;
  int64_t queries, keys, heads, width, valid;
  int64_t bias_head_stride, bias_row_stride;
  bool has_bias;
  float scale;
  const int32_t* row_ptr;
  const int32_t* col;
  int64_t block, rows, entries;  // rows: of blocks
  bool shared_list;
};

template <int tile>
__global__ void __launch_bounds__(256) float_attention_kernel(Arguments a) {
  extern __shared__ float memory[];
  const int width = static_cast<int>(a.width), pitch = width + 1;
  float* q = memory;
  float* sums = q + tile * pitch;
  float* kv = sums + tile * pitch;
  float* p = kv + tile * pitch;  // [tile][tile + 1]
  float* most = p + tile * (tile + 1);
  float* total = most + tile;
  float* factor = total + tile;
  const int thread = threadIdx.x;
  const int64_t head = blockIdx.y % a.heads, batch = blockIdx.y / a.heads;
  const int64_t q0 = static_cast<int64_t>(blockIdx.x) * tile;
  const int64_t row_stride = a.heads * a.width;
  const int64_t q_base = (batch * a.queries + q0) * row_stride + head * a.width;
  const int64_t k_base = batch * a.keys * row_stride + head * a.width;
  for (int i = thread; i < tile * width; i += 256) {
    const int r = i / width, c = i % width;
    q[r * pitch + c] = q0 + r < a.queries ? load_one(a.q.data, a.q.type, q_base + r * row_stride + c) : 0.0f;
    sums[r * pitch + c] = 0.0f;
  }
  if (thread < tile) {
    most[thread] = -INFINITY;
    total[thread] = 0.0f;
  }

  const int64_t list = a.shared_list ? 0 : head;
  int64_t first = 0, last = 1;
  if (a.row_ptr != nullptr) {
    const int64_t block_row = q0 / a.block;
    first = a.row_ptr[list * (a.rows + 1) + block_row];
    last = a.row_ptr[list * (a.rows + 1) + block_row + 1];
    // A faulty list is reported (block_sparse_attention.cu) and must not be followed.
    if (first < 0 || last > a.entries) last = first;
  }
  for (int64_t entry = first; entry < last; ++entry) {
    int64_t begin = 0, end = a.valid;
    if (a.row_ptr != nullptr) {
      begin = a.col[list * a.entries + entry] * a.block;
      end = begin + a.block < a.valid ? begin + a.block : a.valid;
      if (begin < 0) end = begin;
    }
    for (int64_t k0 = begin; k0 < end; k0 += tile) {
      const int count = static_cast<int>(end - k0 < tile ? end - k0 : tile);
      __syncthreads();
      for (int i = thread; i < tile * width; i += 256) {
        const int r = i / width, c = i % width;
        kv[r * pitch + c] = r < count ? load_one(a.k.data, a.k.type, k_base + (k0 + r) * row_stride + c) : 0.0f;
      }
      __syncthreads();
      for (int i = thread; i < tile * tile; i += 256) {
        const int r = i / tile, c = i % tile;
        float s = 0;
        for (int d = 0; d < width; ++d) s = fmaf(q[r * pitch + d], kv[c * pitch + d], s);
        s *= a.scale;
        if (a.has_bias && c < count && q0 + r < a.queries) {
          s += load_one(a.bias.data, a.bias.type,
                        head * a.bias_head_stride + (q0 + r) * a.bias_row_stride + k0 + c);
        }
        p[r * (tile + 1) + c] = c < count ? s : -INFINITY;
      }
      __syncthreads();
      if (thread < tile) {
        float* row = p + thread * (tile + 1);
        float highest = most[thread];
        bool spoiled = false;
        for (int c = 0; c < count; ++c) {
          highest = fmaxf(highest, row[c]);
          spoiled = spoiled || isnan(row[c]);
        }
        if (spoiled) highest = NAN;
        const float kept = highest == -INFINITY ? 0.0f : highest;  // a row of nothing but -inf
        factor[thread] = most[thread] == -INFINITY ? 0.0f : expf(most[thread] - kept);
        float sum = 0;
        for (int c = 0; c < tile; ++c) {
          const float e = c < count ? expf(row[c] - kept) : 0.0f;
          row[c] = e;
          sum += e;
        }
        total[thread] = total[thread] * factor[thread] + sum;
        most[thread] = highest;
      }
      for (int i = thread; i < tile * width; i += 256) {
        const int r = i / width, c = i % width;
        kv[r * pitch + c] = r < count ? load_one(a.v.data, a.v.type, k_base + (k0 + r) * row_stride + c) : 0.0f;
      }
      __syncthreads();
      for (int i = thread; i < tile * width; i += 256) {
        const int r = i / width, c = i % width;
        float s = sums[r * pitch + c] * factor[r];
        for (int j = 0; j < tile; ++j) s = fmaf(p[r * (tile + 1) + j], kv[j * pitch + c], s);
        sums[r * pitch + c] = s;
      }
    }
  }
  __syncthreads();
  for (int i = thread; i < tile * width; i += 256) {
    const int r = i / width, c = i % width;
    if (q0 + r >= a.queries) continue;
    const float value = total[r] == 0.0f ? 0.0f : sums[r * pitch + c] / total[r];
    store_one(a.out.data, a.out.type, q_base + r * row_stride + c, value);
  }
  if (a.lse != nullptr && thread < tile && q0 + thread < a.queries) {
    a.lse[(batch * a.heads + head) * a.queries + q0 + thread] =
        total[thread] == 0.0f ? -INFINITY : most[thread] + logf(total[thread]);
  }
}

template <int tile>
void launch(CudaContext& ctx, const Arguments& a, int64_t batches) {
  const size_t bytes =
      sizeof(float) * static_cast<size_t>(3 * tile * (a.width + 1) + tile * (tile + 1) + 3 * tile);
  if (bytes > ctx.shared_memory()) {
    fail("ERR_SHAPE", "Expected heads that fit the GPU's shared memory, got a width of %lld.",
         static_cast<long long>(a.width));
  }
  check_cuda(cudaFuncSetAttribute(float_attention_kernel<tile>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(bytes)),
             "attention");
  const dim3 grid(static_cast<unsigned>((a.queries + tile - 1) / tile), static_cast<unsigned>(batches * a.heads));
  float_attention_kernel<tile><<<grid, 256, bytes, ctx.stream()>>>(a);
  check_launch("attention");
}

}  // namespace

void launch_float_attention(CudaContext& ctx, const FloatAttention& at, const Tensor& out, const Tensor* lse) {
  if (out.numel() == 0) return;
  Arguments a{};
  a.q = elements_of(at.q);
  a.k = elements_of(at.k);
  a.v = elements_of(at.v);
  a.out = elements_of(out);
  a.lse = lse ? lse->f32() : nullptr;
  a.queries = at.q.dim(-3);
  a.keys = at.k.dim(-3);
  a.heads = at.q.dim(-2);
  a.width = at.q.dim(-1);
  a.valid = at.valid_keys;
  a.scale = static_cast<float>(at.scale);
  if (at.bias) {
    a.has_bias = true;
    a.bias = elements_of(*at.bias);
    a.bias_row_stride = at.bias->dim(1) == 1 ? 0 : a.keys;
    a.bias_head_stride = at.bias->dim(0) == 1 ? 0 : at.bias->dim(1) * a.keys;
  }
  if (at.row_ptr) {
    a.row_ptr = at.row_ptr->i32();
    a.col = at.col->i32();
    a.block = at.block;
    a.rows = at.row_ptr->dim(1) - 1;
    a.entries = at.col->dim(1);
    a.shared_list = at.row_ptr->dim(0) == 1;
  }
  const int64_t batches = at.q.rank == 4 ? at.q.dim(0) : 1;
  if (a.width > 192) {
    launch<16>(ctx, a, batches);
  } else {
    launch<32>(ctx, a, batches);
  }
}

}  // namespace umbel
