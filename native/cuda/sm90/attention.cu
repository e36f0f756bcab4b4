// Attention on Hopper: dense and block-sparse, 16-bit operands, head widths 64 and 128.
//
// One block of threads owns 128 queries of one head and goes over tiles of 128 keys. A producer warpgroup (one thread)
// brings Q, K and V with the copy engine, K and V in two stages each; two consumer warpgroups own 64 queries each.
// Consumer, per tile i: issue S = Q K_i, issue O += P V_(i-1), then take the softmax of S while the second product
// runs. The consumers fall into turns by themselves, so that one's softmax runs under the other's products. P stays in
// registers: the sums of one product are the left operand of the next (ptx/wgmma.cuh).
// Softmax: softmax.cuh. K and V stay in L2: a head at a time, and all blocks of threads sweep its keys in the same
// order.
//
// Tiles of a CSR list with 128 blocks are its entries. With 64 blocks the lists of the two rows of query blocks are
// merged and each pair of their key blocks makes a tile; a consumer masks the halves that its row does not list.
// Ragged ends: the tensor maps end at valid_keys, so the copy engine fills up with zeros, and the producer passes the
// number of keys that count with each tile; without a ragged end and with 128 blocks that code is not compiled in.
//
// Shared memory for width 128: Q 32 KiB (later O), K and V 2 x 32 KiB each.
// H200 (at its 700 W), bfloat16, TFLOP/s of the tiles that count (heads x tokens): width 128 dense 40 x 69,120 691, a
// ragged 40 x 69,000 631, 40 x 8,192 610, 40 x 69,120 over 512 keys 427; radial 40 x 69,120 with 128 blocks (density
// 0.287) 657, with 64 blocks (0.261) 600; 24 x 115,456 dense 682, radial (0.278) 615; 24 x 460,800 radial (0.109) 610;
// width 64 dense 40 x 32,768 485. Beside PyTorch 2.11 in another run: 1.10 times as fast as cuDNN (dense 40 x 69,120),
// 1.60, 1.54 and 1.58 times as FlexAttention (radial 40 x 69,120, 24 x 115,456, 24 x 460,800). Bound by
// the tensor pipe (80 to 83 % busy) and the power that it draws. Tried without gain: named barriers that force the
// turns, and keeping the wait for P V behind the exponentials (more overlap, lower clock: 3 to 6 % slower).
#include <cuda.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "cuda/attention.h"
#include "cuda/ptx/mbarrier.cuh"
#include "cuda/ptx/mma.cuh"
#include "cuda/ptx/setmaxnreg.cuh"
#include "cuda/ptx/tensor_map.cuh"
#include "cuda/ptx/tma.cuh"
#include "cuda/ptx/wgmma.cuh"
#include "cuda/softmax.cuh"

namespace umbel::cuda {
namespace {

using namespace umbel::ptx;

constexpr int kTileQueries = 128;
constexpr int kTileKeys = 128;
constexpr int kStages = 2;
constexpr int kThreads = 384;
constexpr int kGroupRows = 64;              // queries of one consumer warpgroup
constexpr int kHalfBytes = 128 * 64 * 2;    // 128 tokens of 64 channels
constexpr uint32_t kLastTile = 0x80000000;  // beside the limits of a tile

struct Work {
  const int32_t *row_ptr, *col;
  int64_t entries;
  int rows;    // rows of a list: blocks of queries
  int groups;  // lists
  int block;   // 0: dense
  int queries, valid_keys, heads;
  float exponent_scale;  // scale * log2 e
  float* lse;
  float* out;  // null where the output is 16-bit and goes through its tensor map
  AttentionStrides out_strides;
};

template <int width>
struct alignas(1024) Shared {
  static constexpr int kTileBytes = kHalfBytes * (width / 64);
  uint8_t q[kTileBytes];
  uint8_t k[kStages][kTileBytes];
  uint8_t v[kStages][kTileBytes];
  uint64_t q_full, k_full[kStages], k_empty[kStages], v_full[kStages], v_empty[kStages];
  uint32_t limits[kStages];
};

// Keys that count in both halves of a tile, seven bits each, for both consumers.
__device__ __forceinline__ uint32_t pack_limits(int first, int second, int first_b, int second_b) {
  return static_cast<uint32_t>(first | second << 7 | first_b << 14 | second_b << 21);
}
__device__ __forceinline__ int clamp64(int keys) {
  return max(0, min(64, keys));
}

// Which tiles a block of 128 queries sees.
struct TileList {
  const int32_t *first, *second;  // entries of the one or (64 blocks) two rows
  int count, second_count;

  __device__ __forceinline__ TileList(const Work& w, int tile, int head) : first{}, second{}, second_count(0) {
    if (w.block == 0) {
      count = (w.valid_keys + kTileKeys - 1) / kTileKeys;
      return;
    }
    const int64_t group = w.groups == 1 ? 0 : head;
    const int32_t* row_ptr = w.row_ptr + group * (w.rows + 1);
    const int32_t* col = w.col + group * w.entries;
    const int row = w.block == kTileKeys ? tile : 2 * tile;
    // Whatever the lists hold, nothing outside them is read.
    const int last = static_cast<int>(w.entries);
    const int begin = min(max(row_ptr[row], 0), last), middle = min(max(row_ptr[row + 1], begin), last);
    first = col + begin;
    count = middle - begin;
    if (w.block != kTileKeys && row + 1 < w.rows) {
      second = col + middle;
      second_count = min(max(row_ptr[row + 2], middle), last) - middle;
    }
  }
};

template <int width>
struct Producer {
  Shared<width>& shared;
  const CUtensorMap &k_map, &v_map;
  const Work& work;
  int head, item;
  uint64_t policy = policy_evict_last();

  // Where tile i lies: the first key of either half.
  struct Tile {
    int key0, key1;
    uint32_t limits;
  };

  __device__ __forceinline__ void load(const CUtensorMap& map, uint8_t* target, const Tile& tile, uint64_t& full) {
    const uint32_t at = shared_address(target), barrier = shared_address(&full);
    if (work.block != 64) {
      tma_load(at, map, {0, tile.key0, 0, head, item}, barrier, policy);
      return;
    }
#pragma unroll
    for (int half = 0; half < width / 64; ++half) {
      tma_load(at + half * kHalfBytes, map, {0, tile.key0, half, head, item}, barrier, policy);
      tma_load(at + half * kHalfBytes + kHalfBytes / 2, map, {0, tile.key1, half, head, item}, barrier, policy);
    }
  }
  __device__ __forceinline__ void load_k(int i, const Tile& tile) {
    const int stage = i % kStages;
    mbarrier_wait(shared_address(&shared.k_empty[stage]), (i / kStages + 1) & 1);
    shared.limits[stage] = tile.limits;
    mbarrier_arrive_expect(shared_address(&shared.k_full[stage]), Shared<width>::kTileBytes);
    load(k_map, shared.k[stage], tile, shared.k_full[stage]);
  }
  __device__ __forceinline__ void load_v(int i, const Tile& tile) {
    const int stage = i % kStages;
    mbarrier_wait(shared_address(&shared.v_empty[stage]), (i / kStages + 1) & 1);
    mbarrier_arrive_expect(shared_address(&shared.v_full[stage]), Shared<width>::kTileBytes);
    load(v_map, shared.v[stage], tile, shared.v_full[stage]);
  }
  // K of a tile leads V by one.
  __device__ __forceinline__ void run(const TileList& list) {
    Tile before{};
    int i = 0;
    const auto put = [&](const Tile& tile) {
      load_k(i, tile);
      if (i > 0) load_v(i - 1, before);
      before = tile;
      ++i;
    };
    if (work.block == 64) {
      run_merged(list, put);
    } else {
      // The next column is asked for before the waits.
      int next = work.block && list.count ? __ldg(list.first) : 0;
      for (int n = 0; n < list.count; ++n) {
        const int key = (work.block ? next : n) * kTileKeys, left = work.valid_keys - key;
        if (work.block && n + 1 < list.count) next = __ldg(list.first + n + 1);
        const int low = clamp64(left), high = clamp64(left - 64);
        put({key, key, pack_limits(low, high, low, high) | (n + 1 == list.count ? kLastTile : 0)});
      }
    }
    if (i > 0) load_v(i - 1, before);
  }
  // Two rows of 64 blocks: takes the smaller column of either list, or both when equal. Each entry is taken once
  // whatever the order; lists that rise share most of their tiles.
  template <class Put>
  __device__ __forceinline__ void run_merged(const TileList& list, const Put& put) {
    constexpr int kNone = 0x7FFFFFFF;
    int a = 0, b = 0;
    int next_a = list.count ? __ldg(list.first) : kNone, next_b = list.second_count ? __ldg(list.second) : kNone;
    Tile tile{};
    bool half = false;
    while (next_a != kNone || next_b != kNone) {
      const int column = min(next_a, next_b), keys = clamp64(work.valid_keys - column * 64);
      const int for_a = next_a == column ? keys : 0, for_b = next_b == column ? keys : 0;
      if (next_a == column) next_a = ++a < list.count ? __ldg(list.first + a) : kNone;
      if (next_b == column) next_b = ++b < list.second_count ? __ldg(list.second + b) : kNone;
      if (half) {
        tile.key1 = column * 64;
        tile.limits |= pack_limits(0, for_a, 0, for_b);
      } else {
        tile = {column * 64, work.valid_keys, pack_limits(for_a, 0, for_b, 0)};
      }
      half = !half;
      const bool last = next_a == kNone && next_b == kNone;
      if (last) tile.limits |= kLastTile;
      if (last || !half) put(tile);
    }
  }
};

// Columns from the limits on count for nothing. `limits`: this consumer's fourteen bits.
__device__ __forceinline__ void mask_scores(float (&s)[64], uint32_t limits, int lane) {
  const int column = lane % 4 * 2;
  const int low = static_cast<int>(limits & 127) - column, high = static_cast<int>(limits >> 7 & 127) - column;
#pragma unroll
  for (int j = 0; j < 64; ++j) {
    const int at = j / 4 % 8 * 8 + j % 2;
    if (at >= (j < 32 ? low : high)) s[j] = -INFINITY;
  }
}

template <class T, int width>
__device__ __forceinline__ void issue_scores(float (&s)[64], uint64_t q, uint64_t k) {
#pragma unroll
  for (int step = 0; step < width / 16; ++step) {
    const uint64_t offset = (step / 4 * kHalfBytes + step % 4 * 32) >> 4;
    if (step == 0)
      wgmma_shared<T, false>(s, q + offset, k + offset);
    else
      wgmma_shared<T, true>(s, q + offset, k + offset);
  }
}

template <class T, int width>
__device__ __forceinline__ void issue_values(float (&o)[width / 2], const uint32_t (&p)[32], uint64_t v) {
#pragma unroll
  for (int step = 0; step < kTileKeys / 16; ++step) {
    wgmma_registers<T>(o, p[4 * step], p[4 * step + 1], p[4 * step + 2], p[4 * step + 3], v + ((step * 16 * 128) >> 4));
  }
}

template <class T, int width, bool kLimits>
struct Consumer {
  // Q in registers spares the tensor cores a third of what they read from shared memory for the scores (2 % faster
  // dense and radial; with limits 3 % slower).
  static constexpr int kQueryRegisters = width == 128 && !kLimits ? width / 4 : 0;

  Shared<width>& shared;
  const Work& work;
  int group;  // 0 or 1
  int lane, warp;
  RowPair rows{};
  float s[64];
  float o[width / 2];
  uint32_t p[32];
  uint32_t q[kQueryRegisters > 0 ? kQueryRegisters : 1];
  uint32_t limits = 0;  // of the current tile

  __device__ __forceinline__ void arrive(uint64_t& barrier) {
    __syncwarp();
    if (lane == 0) mbarrier_arrive(shared_address(&barrier));
  }
  __device__ __forceinline__ void wait_k(int i) {
    mbarrier_wait(shared_address(&shared.k_full[i % kStages]), i / kStages & 1);
  }
  __device__ __forceinline__ void wait_v(int i) {
    mbarrier_wait(shared_address(&shared.v_full[i % kStages]), i / kStages & 1);
  }
  // The products that only read shared memory and registers are under way when this is called.
  __device__ __forceinline__ void read_limits(int stage) {
    if constexpr (kLimits) limits = shared.limits[stage];
  }
  __device__ __forceinline__ void mask() {
    if constexpr (kLimits) {
      const uint32_t mine = limits >> 14 * group & 0x3FFF;
      if (mine != (64 | 64 << 7)) mask_scores(s, mine, lane);
    }
  }
  __device__ __forceinline__ void pack_probabilities() {
#pragma unroll
    for (int j = 0; j < 32; ++j) p[j] = pack<T>(s[2 * j], s[2 * j + 1]);
  }

  __device__ __forceinline__ void load_queries() {
    if constexpr (kQueryRegisters > 0) {
#pragma unroll
      for (int step = 0; step < width / 16; ++step) {
        const uint32_t at = shared_address(shared.q) + group * kGroupRows * 128 + step / 4 * kHalfBytes +
                            swizzled(warp * 16 + lane % 16, (step % 4 * 2 + lane / 16) * 8);
        load_matrices(reinterpret_cast<uint32_t (&)[4]>(q[4 * step]), at);
      }
    }
  }
  __device__ __forceinline__ void issue_scores(int stage) {
    constexpr uint64_t kStageStep = Shared<width>::kTileBytes >> 4;
    const uint64_t k = descriptor(shared_address(shared.k[0]), kKMajor) + stage * kStageStep;
    const uint64_t left = descriptor(shared_address(shared.q) + group * kGroupRows * 128, kKMajor);
    const auto product = [&](int step, auto add) {
      const uint64_t offset = (step / 4 * kHalfBytes + step % 4 * 32) >> 4;
      if constexpr (kQueryRegisters > 0) {
        const uint32_t* a = q + 4 * step;
        wgmma_registers_k_major<T, add.value>(s, a[0], a[1], a[2], a[3], k + offset);
      } else {
        wgmma_shared<T, add.value>(s, left + offset, k + offset);
      }
    };
    product(0, std::false_type{});
#pragma unroll
    for (int step = 1; step < width / 16; ++step) product(step, std::true_type{});
    wgmma_commit();
  }
  __device__ __forceinline__ void issue_values(int stage) {
    constexpr uint64_t kStageStep = Shared<width>::kTileBytes >> 4;
    const uint64_t v = descriptor(shared_address(shared.v[0]), mn_major(kHalfBytes)) + stage * kStageStep;
#pragma unroll
    for (int step = 0; step < kTileKeys / 16; ++step) {
      wgmma_registers<T>(o, p[4 * step], p[4 * step + 1], p[4 * step + 2], p[4 * step + 3],
                         v + ((step * 16 * 128) >> 4));
    }
    wgmma_commit();
  }

  // count: of the tiles, or with limits anything but 0 when there are some.
  __device__ __forceinline__ void run(int count) {
#pragma unroll
    for (int j = 0; j < width / 2; ++j) o[j] = 0.0f;
    // Also without tiles: finish() writes over Q.
    mbarrier_wait(shared_address(&shared.q_full), 0);
    if (count == 0) return;
    load_queries();
    wait_k(0);
    float shrink[2];
    wgmma_fence();
    issue_scores(0);
    read_limits(0);
    wgmma_wait<0>();
    pin(s);
    arrive(shared.k_empty[0]);
    mask();
    rows.softmax(s, work.exponent_scale, shrink);
    pack_probabilities();

    int i = 1;
    for (; kLimits ? !(limits & kLastTile) : i < count; ++i) {
      const int stage = i % kStages, previous = (i - 1) % kStages;
      wait_k(i);
      pin(o);
      pin(p);
      wgmma_fence();
      issue_scores(stage);
      wait_v(i - 1);
      wgmma_fence();
      issue_values(previous);
      read_limits(stage);
      wgmma_wait<1>();
      pin(s);
      arrive(shared.k_empty[stage]);
      mask();
      rows.softmax(s, work.exponent_scale, shrink);
      wgmma_wait<0>();
      pin(s);
      pin(o);
      arrive(shared.v_empty[previous]);
      pack_probabilities();
      if (__any_sync(0xFFFFFFFF, shrink[0] != 1.0f || shrink[1] != 1.0f)) {
#pragma unroll
        for (int j = 0; j < width / 2; ++j) o[j] *= shrink[j / 2 % 2];
      }
    }
    wait_v(i - 1);
    pin(o);
    pin(p);
    wgmma_fence();
    issue_values((i - 1) % kStages);
    wgmma_wait<0>();
    pin(o);
  }

  // Divides by the sums; out goes through this consumer's part of Q.
  __device__ __forceinline__ void finish(const CUtensorMap& out_map, int tile, int head, int item) {
    const int row = warp * 16 + lane / 4;  // within the consumer's 64
    const int first_query = tile * kTileQueries + group * kGroupRows;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float sum = row_sum(rows.sum[r]), factor = rows.empty(r) ? 0.0f : 1.0f / sum;
#pragma unroll
      for (int j = 0; j < width / 2; ++j) {
        if (j / 2 % 2 == r) o[j] *= factor;
      }
      const int query = first_query + row + 8 * r;
      if (work.lse && lane % 4 == 0 && query < work.queries) {
        const int64_t at = (static_cast<int64_t>(item) * work.heads + head) * work.queries + query;
        work.lse[at] = rows.log_sum_exp(r, sum, work.exponent_scale);
      }
    }
    if (work.out) {
      float* out = work.out + item * work.out_strides.batch + head * work.out_strides.head + lane % 4 * 2;
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        const int query = first_query + row + 8 * r;
        float* to = out + query * work.out_strides.token;
#pragma unroll
        for (int j = 0; j < width / 8; ++j) {
          const float2 pair = {o[4 * j + 2 * r], o[4 * j + 2 * r + 1]};
          if (query < work.queries) *reinterpret_cast<float2*>(to + 8 * j) = pair;
        }
      }
      return;
    }
    const uint32_t base = shared_address(shared.q) + group * kGroupRows * 128;
#pragma unroll
    for (int j = 0; j < width / 8; ++j) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        const uint32_t at = base + j / 8 * kHalfBytes + swizzled(row + 8 * r, j % 8 * 8 + lane % 4 * 2);
        asm volatile("st.shared.b32 [%0], %1;" ::"r"(at), "r"(pack<T>(o[4 * j + 2 * r], o[4 * j + 2 * r + 1]))
                     : "memory");
      }
    }
    fence_async_shared();
    named_barrier_sync(4 + group, 128);
    if (warp == 0 && lane == 0 && first_query < work.queries) {
#pragma unroll
      for (int half = 0; half < width / 64; ++half) {
        tma_store(out_map, {0, first_query, half, head, item}, base + half * kHalfBytes);
      }
      tma_store_commit();
      tma_store_wait_read();
    }
  }
};

template <class T, int width, bool kLimits>
__global__ void __launch_bounds__(kThreads, 1)
    attention_kernel(const __grid_constant__ CUtensorMap q_map, const __grid_constant__ CUtensorMap k_map,
                     const __grid_constant__ CUtensorMap v_map, const __grid_constant__ CUtensorMap out_map,
                     const __grid_constant__ Work work) {
  extern __shared__ uint8_t shared_bytes[];
  // The launch asks for 1023 bytes more than Shared.
  auto& shared = *reinterpret_cast<Shared<width>*>(shared_bytes + (-shared_address(shared_bytes) & 1023));
  const int tile = blockIdx.x, head = blockIdx.y, item = blockIdx.z;
  // Uniform in a warp, and known to be.
  const int warp = __shfl_sync(0xFFFFFFFF, threadIdx.x / 32, 0);
  const int lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    mbarrier_init(shared_address(&shared.q_full), 1);
    for (int i = 0; i < kStages; ++i) {
      mbarrier_init(shared_address(&shared.k_full[i]), 1);
      mbarrier_init(shared_address(&shared.v_full[i]), 1);
      mbarrier_init(shared_address(&shared.k_empty[i]), 8);
      mbarrier_init(shared_address(&shared.v_empty[i]), 8);
    }
    fence_barrier_init();
    prefetch_tensor_map(q_map);
    prefetch_tensor_map(k_map);
    prefetch_tensor_map(v_map);
  }
  __syncthreads();
  const TileList list(work, tile, head);
  if (warp < 4) {
    release_registers<24>();
    if (threadIdx.x == 0) {
      const uint32_t barrier = shared_address(&shared.q_full);
      mbarrier_arrive_expect(barrier, Shared<width>::kTileBytes);
      const uint64_t policy = policy_evict_first();
#pragma unroll
      for (int half = 0; half < width / 64; ++half) {
#pragma unroll
        for (int group = 0; group < 2; ++group) {
          tma_load(shared_address(shared.q) + half * kHalfBytes + group * kHalfBytes / 2, q_map,
                   {0, tile * kTileQueries + group * kGroupRows, half, head, item}, barrier, policy);
        }
      }
      Producer<width>{shared, k_map, v_map, work, head, item}.run(list);
    }
  } else {
    claim_registers<240>();
    Consumer<T, width, kLimits> consumer{shared, work, warp / 4 - 1, lane, warp % 4};
    consumer.run(list.count + list.second_count);
    consumer.finish(out_map, tile, head, item);
  }
}

// A tensor [batch, tokens, heads, width] as {64 channels, token, group of 64 channels, head, batch}: the copy engine
// walks the layout as it is. A box is `box_tokens` of one head, `box_groups` groups of channels.
bool make_map(CUtensorMap& map, const AttentionArguments& a, const void* data, const AttentionStrides& strides,
              int tokens, int box_tokens, int box_groups) {
  const auto type =
      a.element == AttentionElement::bf16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  const auto bytes = [](int64_t elements) { return static_cast<cuuint64_t>(elements) * 2; };
  const cuuint64_t shape[5] = {64, static_cast<cuuint64_t>(tokens), static_cast<cuuint64_t>(a.head_dim / 64),
                               static_cast<cuuint64_t>(a.heads), static_cast<cuuint64_t>(a.batch)};
  // The stride of an axis with one entry is never used but must be a multiple of 16.
  const cuuint64_t steps[4] = {tokens > 1 ? bytes(strides.token) : 16, 128, a.heads > 1 ? bytes(strides.head) : 16,
                               a.batch > 1 ? bytes(strides.batch) : 16};
  const cuuint32_t box[5] = {64, static_cast<cuuint32_t>(box_tokens), static_cast<cuuint32_t>(box_groups), 1, 1};
  const cuuint32_t unit[5] = {1, 1, 1, 1, 1};
  return encode_tiled()(&map, type, 5, const_cast<void*>(data), shape, steps, box, unit, CU_TENSOR_MAP_INTERLEAVE_NONE,
                        CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

template <class T, int width, bool kLimits>
cudaError_t launch(const AttentionArguments& a, cudaStream_t stream) {
  if (!encode_tiled()) return cudaErrorNotSupported;
  const int valid = max(1, a.valid_keys), box_tokens = a.block == 64 ? 64 : 128;
  const int box_groups = a.block == 64 ? 1 : width / 64;
  const bool wide_out = a.out_element == AttentionElement::f32;
  CUtensorMap q_map, k_map, v_map, out_map{};
  if (!make_map(q_map, a, a.q, a.q_strides, a.queries, kGroupRows, 1) ||
      !make_map(k_map, a, a.k, a.k_strides, valid, box_tokens, box_groups) ||
      !make_map(v_map, a, a.v, a.v_strides, valid, box_tokens, box_groups) ||
      (!wide_out && !make_map(out_map, a, a.out, a.out_strides, a.queries, kGroupRows, 1))) {
    return cudaErrorInvalidValue;
  }
  const int rows = a.block ? (a.queries + a.block - 1) / a.block : 0;
  const Work work{.row_ptr = a.row_ptr,
                  .col = a.col,
                  .entries = a.entries,
                  .rows = rows,
                  .groups = a.groups,
                  .block = a.block,
                  .queries = a.queries,
                  .valid_keys = a.valid_keys,
                  .heads = a.heads,
                  .exponent_scale = a.scale * kLog2E,
                  .lse = a.lse,
                  .out = wide_out ? static_cast<float*>(a.out) : nullptr,
                  .out_strides = a.out_strides};
  const auto kernel = attention_kernel<T, width, kLimits>;
  constexpr int bytes = sizeof(Shared<width>) + 1023;
  if (const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)) return e;
  const dim3 grid((a.queries + kTileQueries - 1) / kTileQueries, a.heads, a.batch);
  kernel<<<grid, kThreads, bytes, stream>>>(q_map, k_map, v_map, out_map, work);
  return cudaGetLastError();
}

template <class T>
cudaError_t launch(const AttentionArguments& a, cudaStream_t stream) {
  const bool limits = a.block == 64 || a.valid_keys % kTileKeys != 0 || (a.block && a.valid_keys < a.keys);
  if (a.head_dim == 128) return limits ? launch<T, 128, true>(a, stream) : launch<T, 128, false>(a, stream);
  return limits ? launch<T, 64, true>(a, stream) : launch<T, 64, false>(a, stream);
}

cudaError_t attention_sm90(const AttentionArguments& a, cudaStream_t stream) {
  return a.element == AttentionElement::bf16 ? launch<__nv_bfloat16>(a, stream) : launch<__half>(a, stream);
}

const int registered = register_attention(AttentionPath::sm90, &attention_sm90);

}  // namespace
}  // namespace umbel::cuda
