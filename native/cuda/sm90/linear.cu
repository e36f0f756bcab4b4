// Matrix products on Hopper with their epilogues: epilogue(x w^T), x [m, k], w [n, k] bfloat16, or float8 e4m3 with a scale
// for each row of x and of w; bias, GELU, SiLU, residual + gate * value.
//
// Persistent blocks of 384 threads walk over tiles of 128 rows by 256 columns (float8: 192). A producer warp brings 128
// bytes of each row of x and w at a time with the copy engine through a ring of four stages (float8: five); two consumer
// warpgroups own 64 rows each (wgmma m64n256k16, m64n192k32) and hand a stage back as soon as the product behind it is
// done. While a tile is finished, the producer fills the ring for the next. Tiles are numbered so that all blocks together
// work on about 2,048 by 2,048.
// float8: the tensor cores keep 14 bits of a sum while they add to it, so every 512 elements of depth sums go into float32
// totals (ptx/wgmma_wide.cuh).
//
// Epilogue: a warp hands its 16 rows through shared memory, 32 columns at a time, so that every lane finishes eight
// columns with 16-byte loads and stores, the next columns' operands under way meanwhile; the residual was asked for (L2)
// while the product was under way. Ragged ends: the copy engine fills up with zeros, stores are left out. n must be a
// multiple of 8, rows of x and w of 16 bytes.
//
// Shared memory: 192 KiB (float8: 200) of stages, 20 KiB of sums on their way. Registers: 232 a consumer thread.
// H200, TFLOP/s, at its power limit, mean of two turns with cuBLASLt 13.1 in between (in brackets, with a pass for what it
// lacks), bias: bfloat16 69,120 x 5,120 x 5,120 620 (734), gated onto a float32 residual 526 (569), 69,120 x 13,824 x 5,120
// with GELU 549 (675), 69,120 x 5,120 x 13,824 gated 530 (639); float8, in the same order, 1,062 (1,268), 853 (890), 989
// (1,114), 965 (1,053). Pairs of blocks that shared what they read of w made 0.98 to 1.09 of that, which was not worth
// their second protocol. scripts/cuda-emulate.js follows the protocol on the CPU.
#include <cuda.h>
#include <cuda_bf16.h>

#include "cuda/linear.h"
#include "cuda/ptx/mbarrier.cuh"
#include "cuda/ptx/setmaxnreg.cuh"
#include "cuda/ptx/shared_descriptor.cuh"
#include "cuda/ptx/tensor_map.cuh"
#include "cuda/ptx/tma.cuh"
#include "cuda/ptx/wgmma.cuh"
#include "cuda/ptx/wgmma_wide.cuh"
#include "cuda/sm90/linear_epilogue.cuh"

namespace umbel::cuda {
namespace {

using namespace umbel::ptx;

constexpr int kTileRows = 128;
constexpr int kGroupRows = 64;    // rows of one consumer warpgroup
constexpr int kDepthBytes = 128;  // of a row in a stage
constexpr int kThreads = 384;
constexpr int kConsumerWarps = 8;
constexpr int kWindowRows = 2048;  // rows that blocks work on together

// promote_every: stages between additions to the totals, 0: none.
template <DType type_, int columns_, int stages_, int promote_every_, Kind kind_>
struct Plan {
  static constexpr Kind kind = kind_;
  static constexpr DType type = type_;
  static constexpr int columns = columns_, stages = stages_, promote_every = promote_every_;
  static constexpr int depth = kDepthBytes / static_cast<int>(type == DType::bf16 ? 2 : 1);
  static constexpr int sums = columns / 2;  // a thread
  static constexpr int x_bytes = kTileRows * kDepthBytes, w_bytes = columns * kDepthBytes;
};

template <class P>
struct alignas(1024) Shared {
  uint8_t x[P::stages][P::x_bytes];
  uint8_t w[P::stages][P::w_bytes];
  float passing[kConsumerWarps][kPassingFloats];
  uint64_t full[P::stages], empty[P::stages];
};

struct Work {
  Finish finish;
  int64_t m;
  int n, steps;                 // steps: stages that a tile takes
  int row_tiles, column_tiles;
  int prefetch_step;            // -1: no prefetching
};

// Rows fastest within a window, window by window.
struct Tile {
  int row_tile, column_tile;

  static __device__ __forceinline__ Tile of(const Work& work, int i) {
    constexpr int window = kWindowRows / kTileRows;
    const int per_window = window * work.column_tiles, first = i / per_window * window, within = i % per_window;
    const int height = min(window, work.row_tiles - first);
    return {first + within % height, within / height};
  }
};

template <class P>
struct Ring {
  int stage = 0;
  uint32_t parity = 0;
  __device__ __forceinline__ void advance() {
    if (++stage == P::stages) stage = 0, parity ^= 1;
  }
};

template <class P>
__device__ __forceinline__ void prefetch_residual(const Work& work, int64_t row0, int column0, int lane) {
  const Finish& f = work.finish;
  const int size = f.residual.type == DType::f32 ? 4 : 2, lines = P::columns * size / 128;
  for (int i = lane; i < kTileRows * lines; i += 32) {
    const int64_t row = row0 + i / lines, column = column0 + i % lines * (128 / size);
    if (row < work.m && column < work.n) {
      prefetch_line(static_cast<const uint8_t*>(f.residual.data) + (row * work.n + column) * size);
    }
  }
}

// The producer warp: one lane asks, all of them prefetch.
template <class P>
__device__ __forceinline__ void produce(Shared<P>& shared, const CUtensorMap& x_map, const CUtensorMap& w_map,
                                        const Work& work, int lane) {
  Ring<P> ring;
  const int tiles = work.row_tiles * work.column_tiles;
  for (int i = blockIdx.x; i < tiles; i += gridDim.x) {
    const Tile tile = Tile::of(work, i);
    const int row0 = tile.row_tile * kTileRows, column0 = tile.column_tile * P::columns;
    for (int k = 0; k < work.steps; ++k, ring.advance()) {
      if (k == work.prefetch_step) {
        __syncwarp();
        prefetch_residual<P>(work, row0, column0, lane);
      }
      if (lane != 0) continue;
      mbarrier_wait(ptx::shared_address(&shared.empty[ring.stage]), ring.parity ^ 1);
      const uint32_t full = ptx::shared_address(&shared.full[ring.stage]);
      mbarrier_arrive_expect(full, P::x_bytes + P::w_bytes);
      tma_load_matrix(ptx::shared_address(shared.x[ring.stage]), x_map, k * P::depth, row0, full);
      tma_load_matrix(ptx::shared_address(shared.w[ring.stage]), w_map, k * P::depth, column0, full);
    }
  }
  __syncwarp();
}

// The products of one stage; `add` 0 begins a new sum.
template <class P>
__device__ __forceinline__ void multiply(float (&d)[P::sums], uint64_t x, uint64_t w, uint32_t add) {
#pragma unroll
  for (int step = 0; step < kDepthBytes / 32; ++step) {
    const uint64_t offset = step * 32 >> 4;
    const uint32_t onto = step == 0 ? add : 1;
    if constexpr (P::type == DType::bf16) {
      wgmma_bf16(d, x + offset, w + offset, onto);
    } else {
      wgmma_e4m3(d, x + offset, w + offset, onto);
    }
  }
  wgmma_commit();
}

template <class P>
__device__ __forceinline__ void release(Shared<P>& shared, int stage, int lane) {
  __syncwarp();
  if (lane == 0) mbarrier_arrive(ptx::shared_address(&shared.empty[stage]));
}

// Sums of a tile in `d`.
template <class P>
__device__ __forceinline__ void accumulate(Shared<P>& shared, Ring<P>& ring, int steps, int group, int lane,
                                           float (&d)[P::sums]) {
  const auto x_at = [&](int stage) {
    return descriptor(ptx::shared_address(shared.x[stage]) + group * kGroupRows * kDepthBytes, kKMajor);
  };
  const auto w_at = [&](int stage) { return descriptor(ptx::shared_address(shared.w[stage]), kKMajor); };
  if constexpr (P::promote_every == 0) {
    int previous = 0;
    for (int k = 0; k < steps; ++k) {
      mbarrier_wait(ptx::shared_address(&shared.full[ring.stage]), ring.parity);
      wgmma_fence();
      multiply<P>(d, x_at(ring.stage), w_at(ring.stage), k > 0);
      if (k > 0) {
        wgmma_wait<1>();
        release<P>(shared, previous, lane);
      }
      previous = ring.stage;
      ring.advance();
    }
    wgmma_wait<0>();
    pin(d);
    release<P>(shared, previous, lane);
  } else {
    // Whole groups of stages (launch() rounds up), so that nothing in a group depends on a count.
    float part[P::sums];
#pragma unroll
    for (int j = 0; j < P::sums; ++j) d[j] = part[j] = 0.0f;
#pragma unroll 1
    for (int k = 0; k < steps; k += P::promote_every) {
      int previous = 0;
#pragma unroll
      for (int i = 0; i < P::promote_every; ++i) {
        mbarrier_wait(ptx::shared_address(&shared.full[ring.stage]), ring.parity);
        wgmma_fence();
        multiply<P>(part, x_at(ring.stage), w_at(ring.stage), i > 0);
        if (i > 0) {
          wgmma_wait<1>();
          release<P>(shared, previous, lane);
        }
        previous = ring.stage;
        ring.advance();
      }
      wgmma_wait<0>();
      pin(part);
      release<P>(shared, previous, lane);
#pragma unroll
      for (int j = 0; j < P::sums; ++j) d[j] += part[j];
    }
  }
}

template <class P>
__global__ void __launch_bounds__(kThreads, 1)
    linear_kernel(const __grid_constant__ CUtensorMap x_map, const __grid_constant__ CUtensorMap w_map,
                  const __grid_constant__ Work work) {
  extern __shared__ uint8_t shared_bytes[];
  // The launch asks for 1023 bytes more than Shared.
  auto& shared = *reinterpret_cast<Shared<P>*>(shared_bytes + (-ptx::shared_address(shared_bytes) & 1023));
  // Uniform in a warp, and known to be.
  const int warp = __shfl_sync(0xFFFFFFFF, threadIdx.x / 32, 0);
  const int lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int i = 0; i < P::stages; ++i) {
      mbarrier_init(ptx::shared_address(&shared.full[i]), 1);
      mbarrier_init(ptx::shared_address(&shared.empty[i]), kConsumerWarps);
    }
    fence_barrier_init();
    prefetch_tensor_map(x_map);
    prefetch_tensor_map(w_map);
  }
  __syncthreads();
  if (warp < 4) {
    release_registers<40>();
    if (warp == 0) produce<P>(shared, x_map, w_map, work, lane);
  } else {
    claim_registers<232>();
    const int group = warp / 4 - 1;
    Ring<P> ring;
    const int tiles = work.row_tiles * work.column_tiles;
    for (int i = blockIdx.x; i < tiles; i += gridDim.x) {
      const Tile tile = Tile::of(work, i);
      float d[P::sums];
      accumulate<P>(shared, ring, work.steps, group, lane, d);
      const int64_t row0 = static_cast<int64_t>(tile.row_tile) * kTileRows + group * kGroupRows;
      finish_rows<P::kind, P::type == DType::f8_e4m3>(work.finish, d, shared.passing[warp - 4], row0 + warp % 4 * 16,
                                                      work.m, tile.column_tile * P::columns, work.n, lane);
    }
  }
}

// A matrix [rows, k]; boxes of 128 bytes by `box_rows`.
bool make_map(CUtensorMap& map, DType type, const void* data, int64_t rows, int64_t k, int box_rows) {
  const int size = static_cast<int>(dtype_size(type));
  const cuuint64_t shape[2] = {static_cast<cuuint64_t>(k), static_cast<cuuint64_t>(rows)};
  const cuuint64_t pitch[1] = {static_cast<cuuint64_t>(k) * size};
  const cuuint32_t box[2] = {static_cast<cuuint32_t>(kDepthBytes / size), static_cast<cuuint32_t>(box_rows)};
  const cuuint32_t unit[2] = {1, 1};
  return encode_tiled()(&map, size == 2 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_UINT8, 2,
                        const_cast<void*>(data), shape, pitch, box, unit, CU_TENSOR_MAP_INTERLEAVE_NONE,
                        CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

template <class P>
cudaError_t launch(const LinearArguments& a, const LinearTuning& tuning, int multiprocessors, cudaStream_t stream) {
  CUtensorMap x_map, w_map;
  if (!make_map(x_map, a.type, a.x, a.m, a.k, kTileRows) ||
      !make_map(w_map, a.type, a.w, a.n, a.k, P::columns)) {
    return cudaErrorInvalidValue;
  }
  const auto tiles_of = [](int64_t size, int tile) { return static_cast<int>((size + tile - 1) / tile); };
  Work work{};
  work.finish = finish_of(a);
  work.m = a.m;
  work.n = static_cast<int>(a.n);
  constexpr int group = P::promote_every ? P::promote_every : 1;
  work.steps = tiles_of(a.k, P::depth * group) * group;
  work.row_tiles = tiles_of(a.m, kTileRows);
  work.column_tiles = tiles_of(a.n, P::columns);
  // About sixteen stages before the end of the product; the ring runs ahead of it by its own length.
  work.prefetch_step = tuning.prefetch && a.residual.data ? max(0, work.steps - 16) : -1;
  const auto kernel = linear_kernel<P>;
  constexpr int bytes = sizeof(Shared<P>) + 1023;
  static_assert(bytes <= 227 * 1024);
  if (const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)) return e;
  const int blocks = min(multiprocessors, work.row_tiles * work.column_tiles);
  kernel<<<blocks, kThreads, bytes, stream>>>(x_map, w_map, work);
  return cudaGetLastError();
}

template <Kind kind>
cudaError_t launch_in(const LinearArguments& a, const LinearTuning& tuning, int multiprocessors, cudaStream_t stream) {
  if (a.type == DType::bf16) {
    // Operands of the next columns of a gated product have no room in registers beside 128 sums.
    constexpr Kind own = kind == Kind::gated ? Kind::any : kind;
    return launch<Plan<DType::bf16, 256, 4, 0, own>>(a, tuning, multiprocessors, stream);
  }
  return launch<Plan<DType::f8_e4m3, 192, 5, 4, kind>>(a, tuning, multiprocessors, stream);
}

cudaError_t launch_linear_sm90(const LinearArguments& a, const LinearTuning& tuning, int multiprocessors,
                               cudaStream_t stream) {
  if (!encode_tiled()) return cudaErrorNotSupported;
  switch (kind_of(a)) {
    case Kind::plain:
      return launch_in<Kind::plain>(a, tuning, multiprocessors, stream);
    case Kind::gelu_tanh:
      return launch_in<Kind::gelu_tanh>(a, tuning, multiprocessors, stream);
    case Kind::gated:
      return launch_in<Kind::gated>(a, tuning, multiprocessors, stream);
    default:
      return launch_in<Kind::any>(a, tuning, multiprocessors, stream);
  }
}

const int registered = register_linear_sm90(&launch_linear_sm90);

}  // namespace
}  // namespace umbel::cuda
