// 3D convolution on Hopper, channels last, bfloat16 with float32 sums: an implicit matrix product, output pixels x (taps *
// input channels) x output channels, whose pixels are read once for all taps of a frame.
//
// A tile is 16 x 16 pixels of an output frame by 8, 96 or 128 output channels; as many blocks of threads as there are
// multiprocessors go over all tiles. Two threads of the producer warpgroup drive the copy engine: one brings, for each
// frame under the kernel and each 64 (or 32) input channels, the 18 x 18 pixels that the tile's taps touch, zeros where
// they lie outside the frame; the other the weights, one tap (or a row of three) at a time. Frames in front of the first
// are left out. Two consumer warpgroups own 8 rows of 16 pixels each, as two blocks of 64 pixels: a tap is a shift of the
// rows that ldmatrix reads, so the left operand goes to wgmma in registers and the weights from shared memory. The next
// 16 channels are read while the product of the last is under way.
// For 256 pixels x 128 channels, 64 input channels and 9 taps that brings 189 KB through L2 for 38 MFLOP, where a box of
// pixels for every tap would bring 442 KB.
//
// Pixels of a stage are rows of 128 (64) bytes with the copy engine's swizzle of that width, 1024-byte aligned. Doubled
// input: the 10 x 10 pixels that lie under the tile, and two lanes of four read the same row.
// Epilogue: output channels are a multiple of 8 (or at most 8) and aligned; four lanes trade the sums of four groups of
// eight channels, so that each stores 16 bytes; bias and residual are added in float32.
// Shared memory: two stages of pixels of 41 KiB (21 KiB), the rest weights. H200, 3 x 3 x 3: 529 TFLOP/s for 96 channels
// at 768 x 1280, 523 for 192 at 384 x 640, 589 for 384 at 192 x 320.
#include <cuda.h>

#include "core/tensor.h"
#include "cuda/conv3d.h"
#include "cuda/portable/vector.cuh"
#include "cuda/ptx/mbarrier.cuh"
#include "cuda/ptx/mma.cuh"
#include "cuda/ptx/setmaxnreg.cuh"
#include "cuda/ptx/shared_descriptor.cuh"
#include "cuda/ptx/tensor_map.cuh"
#include "cuda/ptx/tma.cuh"
#include "cuda/ptx/wgmma.cuh"
#include "cuda/ptx/wgmma_onto.cuh"

namespace umbel::cuda {
namespace {

constexpr int kTile = 16;
constexpr int kMostHalo = kTile + 2;
constexpr int kThreads = 384;
constexpr int kPixelStages = 2;
constexpr int kBlocks = 2;  // of 64 pixels, a consumer's
constexpr int kSharedBudget = 220 * 1024;

struct Work {
  ConvGeometry g;
  Elements bias, residual, out;
  bool has_bias, has_residual;
  int tiles_h, tiles_w, tiles_n, tiles;
  int chunks;                            // of input channels
  int group_taps, groups;                // taps that come together; groups of them in a frame
  int halo_h, halo_w, halo_bytes;        // pixels under a tile
  int first_h, first_w, odd_h, odd_w;    // halo's first pixel; taps start at the second of a doubled pair
};

// channels: of the input in a stage. columns: output channels of a tile.
template <int channels, int columns>
struct alignas(1024) Shared {
  static constexpr int kRowBytes = channels * 2;
  static constexpr int kPixelBytes = (kMostHalo * kMostHalo * kRowBytes + 1023) / 1024 * 1024;
  static constexpr int kTapBytes = columns * kRowBytes;
  static constexpr int kMostTaps = channels == 32 || columns == 8 ? 3 : 1;  // in a stage
  static constexpr int kWeightBytes = (kTapBytes * kMostTaps + 1023) / 1024 * 1024;
  static constexpr int kFitting = (kSharedBudget - kPixelStages * kPixelBytes) / kWeightBytes;
  static constexpr int kWeightStages = kFitting < 8 ? kFitting : 8;
  uint8_t pixels[kPixelStages][kPixelBytes];
  uint8_t weights[kWeightStages][kWeightBytes];
  uint64_t pixels_full[kPixelStages], pixels_empty[kPixelStages];
  uint64_t weights_full[kWeightStages], weights_empty[kWeightStages];
};

struct Tile {
  int t, h, w, channel;  // the first output pixel and channel

  __device__ __forceinline__ Tile(const Work& work, int index) {
    const int place = index / work.tiles_n;
    channel = index - place * work.tiles_n;
    const int line = place / work.tiles_w;
    w = (place - line * work.tiles_w) * kTile;
    t = line / work.tiles_h;
    h = (line - t * work.tiles_h) * kTile;
  }
  // The input frame under tap dt, counted from the first of `older`, or -1: zeros.
  __device__ __forceinline__ int frame(const ConvGeometry& g, int dt) const {
    const int at = t * g.stride_t - g.pad_t + dt;
    return at < g.frames() ? at : -1;
  }
};

// Counts through the stages of a ring.
template <int stages>
struct Ring {
  int stage = 0;
  uint32_t phase = 0;
  __device__ __forceinline__ void next() {
    if (++stage == stages) {
      stage = 0;
      phase ^= 1;
    }
  }
};

template <int channels, int columns>
__device__ __forceinline__ void produce_pixels(Shared<channels, columns>& shared, const CUtensorMap& x_map,
                                               const CUtensorMap& before_map, const CUtensorMap& older_map,
                                               const Work& work) {
  Ring<kPixelStages> ring;
  const int shift = work.g.doubled;
  const uint64_t policy = ptx::policy_evict_first();
  for (int index = blockIdx.x; index < work.tiles; index += gridDim.x) {
    const Tile tile(work, index);
    for (int dt = 0; dt < work.g.kernel_t; ++dt) {
      const int frame = tile.frame(work.g, dt);
      if (frame < 0) continue;
      const auto [source, place] = find_frame(work.g, frame);
      const CUtensorMap& map = source == ConvSource::x ? x_map : source == ConvSource::before ? before_map : older_map;
      for (int chunk = 0; chunk < work.chunks; ++chunk) {
        const uint32_t full = ptx::shared_address(&shared.pixels_full[ring.stage]);
        ptx::mbarrier_wait(ptx::shared_address(&shared.pixels_empty[ring.stage]), ring.phase ^ 1);
        ptx::mbarrier_arrive_expect(full, static_cast<uint32_t>(work.halo_bytes));
        ptx::tma_load(ptx::shared_address(shared.pixels[ring.stage]), map,
                      {0, (tile.w >> shift) + work.first_w, (tile.h >> shift) + work.first_h, place, chunk}, full, policy);
        ring.next();
      }
    }
  }
}

template <int channels, int columns>
__device__ __forceinline__ void produce_weights(Shared<channels, columns>& shared, const CUtensorMap& weight_map,
                                                const Work& work) {
  using Memory = Shared<channels, columns>;
  Ring<Memory::kWeightStages> ring;
  const uint64_t policy = ptx::policy_evict_last();
  const int frame_taps = work.g.kernel_h * work.g.kernel_w;
  for (int index = blockIdx.x; index < work.tiles; index += gridDim.x) {
    const Tile tile(work, index);
    for (int dt = 0; dt < work.g.kernel_t; ++dt) {
      if (tile.frame(work.g, dt) < 0) continue;
      for (int chunk = 0; chunk < work.chunks; ++chunk) {
        for (int group = 0; group < work.groups; ++group) {
          const uint32_t full = ptx::shared_address(&shared.weights_full[ring.stage]);
          ptx::mbarrier_wait(ptx::shared_address(&shared.weights_empty[ring.stage]), ring.phase ^ 1);
          ptx::mbarrier_arrive_expect(full, static_cast<uint32_t>(work.group_taps * Memory::kTapBytes));
          ptx::tma_load(ptx::shared_address(shared.weights[ring.stage]), weight_map,
                        {0, tile.channel * columns, dt * frame_taps + group * work.group_taps, chunk, 0}, full, policy);
          ring.next();
        }
      }
    }
  }
}

// Where piece `piece` (16 bytes) of a row of a stage lies, `row` given by row * kRowBytes: the copy engine's swizzle.
template <int channels>
__device__ __forceinline__ uint32_t piece_of(uint32_t row_bytes, uint32_t piece) {
  constexpr uint32_t kMask = channels == 64 ? 0x70 : 0x30;
  return row_bytes + (piece * 16 ^ (row_bytes >> 3 & kMask));
}

// The right operand's descriptor (shared_descriptor.cuh) for rows of 128 or 64 bytes: eight rows follow eight rows.
template <int channels>
constexpr uint64_t kWeightLayout = channels == 64 ? ptx::kKMajor : uint64_t{2} << 62 | uint64_t{512 >> 4} << 32 | 1 << 16;

// Eight aligned elements, float32 or bfloat16.
struct Wide8 {
  uint4 a, b;
};
__device__ __forceinline__ Wide8 load_wide(const Elements& e, int64_t i) {
  Wide8 wide;
  const char* from = static_cast<const char*>(e.data);
  if (e.type == DType::f32) {
    wide.a = __ldg(reinterpret_cast<const uint4*>(from + i * 4));
    wide.b = __ldg(reinterpret_cast<const uint4*>(from + i * 4 + 16));
  } else {
    wide.a = __ldg(reinterpret_cast<const uint4*>(from + i * 2));
  }
  return wide;
}
__device__ __forceinline__ void add_wide(float (&x)[8], const Wide8& wide, DType type) {
  const uint32_t a[4] = {wide.a.x, wide.a.y, wide.a.z, wide.a.w}, b[4] = {wide.b.x, wide.b.y, wide.b.z, wide.b.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (type == DType::f32) {
      x[i] += __uint_as_float(a[i]);
      x[4 + i] += __uint_as_float(b[i]);
    } else {
      x[2 * i] += __uint_as_float(a[i] << 16);
      x[2 * i + 1] += __uint_as_float(a[i] & 0xFFFF0000u);
    }
  }
}
__device__ __forceinline__ void store_wide(const Elements& e, int64_t i, const float (&x)[8]) {
  if (e.type == DType::f32) {
    auto* to = reinterpret_cast<float4*>(static_cast<float*>(e.data) + i);
    to[0] = make_float4(x[0], x[1], x[2], x[3]);
    to[1] = make_float4(x[4], x[5], x[6], x[7]);
  } else {
    *reinterpret_cast<uint4*>(static_cast<uint16_t*>(e.data) + i) =
        make_uint4(pack_bf16(x[0], x[1]), pack_bf16(x[2], x[3]), pack_bf16(x[4], x[5]), pack_bf16(x[6], x[7]));
  }
}

// Four lanes hold pairs of columns 2 q, 2 q + 1 of four groups of eight columns each; afterwards lane q holds all of group q.
__device__ __forceinline__ void trade(float (&v)[8], int lane) {
  const bool odd = lane & 1, upper = lane & 2;
  float mixed[8];
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const float first = v[4 * m + i], second = v[4 * m + 2 + i];
      const float got = __shfl_xor_sync(0xFFFFFFFF, odd ? first : second, 1), kept = odd ? second : first;
      mixed[4 * m + i] = odd ? got : kept;
      mixed[4 * m + 2 + i] = odd ? kept : got;
    }
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float first = mixed[i], second = mixed[4 + i];
    const float got = __shfl_xor_sync(0xFFFFFFFF, upper ? first : second, 2), kept = upper ? second : first;
    v[i] = upper ? got : kept;
    v[4 + i] = upper ? kept : got;
  }
}

template <int channels, int columns>
struct Consumer {
  using Memory = Shared<channels, columns>;
  Memory& shared;
  const Work& work;
  int row;   // the warp's first row of pixels in the tile
  int lane;
  float sums[kBlocks][columns / 2];
  Ring<kPixelStages> pixels{};
  Ring<Memory::kWeightStages> weights{};

  __device__ __forceinline__ void arrive(uint64_t& barrier) {
    __syncwarp();
    if (lane == 0) ptx::mbarrier_arrive(ptx::shared_address(&barrier));
  }
  // Rows of a block's left operand: byte offsets in a stage of the pixels under a tap.
  __device__ __forceinline__ void taps(uint32_t (&rows)[kBlocks], int kh, int kw) {
    const int shift = work.g.doubled;
    const int column = (lane % 16 + kw + work.odd_w) >> shift;
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      const int line = (row + 4 * b + kh + work.odd_h) >> shift;
      rows[b] = static_cast<uint32_t>((line * work.halo_w + column) * Memory::kRowBytes);
    }
  }

  __device__ __forceinline__ void multiply(const Tile& tile) {
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < columns / 2; ++i) sums[b][i] = 0.0f;
    }
    uint32_t a[2][kBlocks][4];
    // What the product before the current one read; its stages are given back once that is over.
    int used_pixels = -1, used_weights = -1;
    for (int dt = 0; dt < work.g.kernel_t; ++dt) {
      if (tile.frame(work.g, dt) < 0) continue;
      for (int chunk = 0; chunk < work.chunks; ++chunk) {
        ptx::mbarrier_wait(ptx::shared_address(&shared.pixels_full[pixels.stage]), pixels.phase);
        const uint32_t from = ptx::shared_address(shared.pixels[pixels.stage]);
        int kh = 0, kw = 0;
        for (int group = 0; group < work.groups; ++group) {
          ptx::mbarrier_wait(ptx::shared_address(&shared.weights_full[weights.stage]), weights.phase);
          uint64_t right = ptx::descriptor(ptx::shared_address(shared.weights[weights.stage]), kWeightLayout<channels>);
          for (int tap = 0; tap < work.group_taps; ++tap) {
            uint32_t rows[kBlocks];
            taps(rows, kh, kw);
            if (++kw == work.g.kernel_w) kw = 0, ++kh;
#pragma unroll 1
            for (int pair = 0; pair < channels / 32; ++pair) {
#pragma unroll
              for (int step = 0; step < 2; ++step) {
                const int piece = pair * 4 + step * 2;
#pragma unroll
                for (int b = 0; b < kBlocks; ++b) {
                  ptx::load_matrices(a[step][b], from + piece_of<channels>(rows[b], piece + lane / 16));
                }
                ptx::wgmma_fence();
#pragma unroll
                for (int b = 0; b < kBlocks; ++b) ptx::wgmma_onto(sums[b], a[step][b], right + piece);
                ptx::wgmma_commit();
                ptx::wgmma_wait<1>();
                if (step == 0 && pair == 0 && tap == 0) {
                  if (used_weights >= 0) arrive(shared.weights_empty[used_weights]);
                  if (group == 0 && used_pixels >= 0) arrive(shared.pixels_empty[used_pixels]);
                }
              }
            }
            right += Memory::kTapBytes >> 4;
          }
          used_weights = weights.stage;
          weights.next();
        }
        used_pixels = pixels.stage;
        pixels.next();
      }
    }
    ptx::wgmma_wait<0>();
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) ptx::pin(sums[b]);
    if (used_weights >= 0) {
      arrive(shared.weights_empty[used_weights]);
      arrive(shared.pixels_empty[used_pixels]);
    }
  }

  // The lane's pixel in half 0 or 1 of a block's rows, or -1.
  __device__ __forceinline__ int64_t pixel(const Tile& tile, int b, int half) const {
    const int h = tile.h + row + 4 * b, w = tile.w + lane / 4 + 8 * half;
    if (h >= work.g.out_height || w >= work.g.out_width) return -1;
    return (static_cast<int64_t>(tile.t) * work.g.out_height + h) * work.g.out_width + w;
  }

  // Brings the residual to L2 while the products run: four lanes a pixel, a line each.
  __device__ __forceinline__ void prefetch_residual(const Tile& tile) {
    const int64_t size = work.residual.type == DType::f32 ? 4 : 2;
    const int width = min(columns, work.g.out_channels - tile.channel * columns);
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int64_t at = pixel(tile, b, half);
        if (at < 0) continue;
        const char* from = static_cast<const char*>(work.residual.data) +
                           (at * work.g.out_channels + tile.channel * columns) * size;
        for (int64_t line = lane % 4 * 128; line < width * size; line += 512) {
          asm volatile("prefetch.global.L2 [%0];" ::"l"(from + line) : "memory");
        }
      }
    }
  }

  // Few output channels: each lane has two of eight.
  __device__ __forceinline__ void store_few(const Tile& tile) {
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int64_t at = pixel(tile, b, i / 2);
        const int column = tile.channel * columns + lane % 4 * 2 + i % 2;
        if (at < 0 || column >= work.g.out_channels) continue;
        float v = sums[b][i];
        const int64_t to = at * work.g.out_channels + column;
        if (work.has_bias) v += load_one(work.bias.data, work.bias.type, column);
        if (work.has_residual) v += load_one(work.residual.data, work.residual.type, to);
        store_one(work.out.data, work.out.type, to, v);
      }
    }
  }

  // A pixel's columns in units of 32, of which each lane gets eight after the trade.
  __device__ __forceinline__ void store_units(const Tile& tile, const float (&v)[columns / 2], int64_t at, int half) {
    constexpr int kUnits = columns / 32, kAhead = kUnits % 2 == 0 ? 2 : kUnits;  // whose residual is on its way
    const int first = tile.channel * columns + lane % 4 * 8;
    const int64_t to = at * work.g.out_channels;
#pragma unroll
    for (int begin = 0; begin < kUnits; begin += kAhead) {
      Wide8 residual[kAhead];
#pragma unroll
      for (int u = 0; u < kAhead; ++u) {
        const int column = first + (begin + u) * 32;
        if (work.has_residual && at >= 0 && column < work.g.out_channels) {
          residual[u] = load_wide(work.residual, to + column);
        }
      }
#pragma unroll
      for (int u = 0; u < kAhead; ++u) {
        const int column = first + (begin + u) * 32;
        float x[8];
#pragma unroll
        for (int i = 0; i < 8; ++i) x[i] = v[(begin + u) * 16 + i / 2 * 4 + half * 2 + i % 2];
        trade(x, lane);
        if (at < 0 || column >= work.g.out_channels) continue;
        if (work.has_bias) add_wide(x, load_wide(work.bias, column), work.bias.type);
        if (work.has_residual) add_wide(x, residual[u], work.residual.type);
        store_wide(work.out, to + column, x);
      }
    }
  }

  __device__ __forceinline__ void store(const Tile& tile) {
    if constexpr (columns == 8) {
      store_few(tile);
    } else {
#pragma unroll
      for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
        for (int half = 0; half < 2; ++half) store_units(tile, sums[b], pixel(tile, b, half), half);
      }
    }
  }

  __device__ __forceinline__ void run() {
    for (int index = blockIdx.x; index < work.tiles; index += gridDim.x) {
      const Tile tile(work, index);
      if (columns > 8 && work.has_residual) prefetch_residual(tile);
      multiply(tile);
      store(tile);
    }
  }
};

template <int channels, int columns>
__global__ void __launch_bounds__(kThreads, 1)
    conv3d_kernel(const __grid_constant__ CUtensorMap x_map, const __grid_constant__ CUtensorMap before_map,
                  const __grid_constant__ CUtensorMap older_map, const __grid_constant__ CUtensorMap weight_map, const __grid_constant__ Work work) {
  using Memory = Shared<channels, columns>;
  extern __shared__ __align__(128) uint8_t shared[];
  // The launch asks for 1023 bytes more than Shared.
  auto& memory = *reinterpret_cast<Memory*>(shared + (-ptx::shared_address(shared) & 1023));
  // Uniform in a warp, and known to be.
  const int warp = __shfl_sync(0xFFFFFFFF, static_cast<int>(threadIdx.x / 32), 0);
  const int lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int i = 0; i < kPixelStages; ++i) {
      ptx::mbarrier_init(ptx::shared_address(&memory.pixels_full[i]), 1);
      ptx::mbarrier_init(ptx::shared_address(&memory.pixels_empty[i]), 8);
    }
    for (int i = 0; i < Memory::kWeightStages; ++i) {
      ptx::mbarrier_init(ptx::shared_address(&memory.weights_full[i]), 1);
      ptx::mbarrier_init(ptx::shared_address(&memory.weights_empty[i]), 8);
    }
    ptx::fence_barrier_init();
    ptx::prefetch_tensor_map(x_map);
    ptx::prefetch_tensor_map(before_map);
    ptx::prefetch_tensor_map(older_map);
    ptx::prefetch_tensor_map(weight_map);
  }
  __syncthreads();
  if (warp < 4) {
    ptx::release_registers<40>();
    if (threadIdx.x == 0) produce_weights<channels, columns>(memory, weight_map, work);
    if (threadIdx.x == 32) produce_pixels<channels, columns>(memory, x_map, before_map, older_map, work);
  } else {
    ptx::claim_registers<232>();
    const int consumer = warp / 4 - 1;
    Consumer<channels, columns>{memory, work, consumer * 4 * kBlocks + warp % 4, lane}.run();
  }
}

bool encode(CUtensorMap& map, const void* data, const cuuint64_t (&shape)[5], const cuuint64_t (&elements)[4],
            const cuuint32_t (&box)[5]) {
  const cuuint32_t unit[5] = {1, 1, 1, 1, 1};
  cuuint64_t bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = elements[i] * 2;
  return ptx::encode_tiled()(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 5, const_cast<void*>(data), shape, bytes, box, unit,
                             CU_TENSOR_MAP_INTERLEAVE_NONE,
                             box[0] == 64 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
                             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) == CUDA_SUCCESS;
}

// Frames as {channels of a chunk, W, H, frame, chunk}; a box is the pixels under a tile.
bool encode_frames(CUtensorMap& map, const ConvGeometry& g, const Work& work, const void* data, int frames, int channels) {
  const auto c = static_cast<cuuint64_t>(g.channels), w = static_cast<cuuint64_t>(g.width),
             h = static_cast<cuuint64_t>(g.height);
  return encode(map, data,
                {static_cast<cuuint64_t>(channels), w, h, static_cast<cuuint64_t>(frames),
                 static_cast<cuuint64_t>(work.chunks)},
                {c, w * c, h * w * c, static_cast<cuuint64_t>(channels)},
                {static_cast<cuuint32_t>(channels), static_cast<cuuint32_t>(work.halo_w),
                 static_cast<cuuint32_t>(work.halo_h), 1, 1});
}

template <int channels, int columns>
cudaError_t launch(const ConvArguments& a, int multiprocessors, cudaStream_t stream) {
  using Memory = Shared<channels, columns>;
  if (!ptx::encode_tiled()) return cudaErrorNotSupported;
  const ConvGeometry& g = a.g;
  Work work{};
  work.g = g;
  work.out = rows_of(a.out, g.out_channels);
  work.has_bias = a.bias != nullptr;
  work.has_residual = a.residual != nullptr;
  if (a.bias) work.bias = rows_of(*a.bias, g.out_channels);
  if (a.residual) work.residual = rows_of(*a.residual, g.out_channels);
  work.tiles_h = (g.out_height + kTile - 1) / kTile;
  work.tiles_w = (g.out_width + kTile - 1) / kTile;
  work.tiles_n = (g.out_channels + columns - 1) / columns;
  const int64_t tiles = static_cast<int64_t>(g.out_frames) * work.tiles_h * work.tiles_w * work.tiles_n;
  if (tiles > INT32_MAX / 2) return cudaErrorInvalidValue;
  work.tiles = static_cast<int>(tiles);
  work.chunks = g.channels / channels;
  work.group_taps = Memory::kMostTaps == 3 && g.kernel_w == 3 ? 3 : 1;
  work.groups = g.kernel_h * g.kernel_w / work.group_taps;
  // Output pixel p and tap k read input pixel floor((p + k - pad) / 2) when doubled: -pad = 2 first + odd.
  const auto place = [&](int pad, int kernel, int& first, int& odd, int& halo) {
    first = g.doubled ? -((pad + 1) / 2) : -pad;
    odd = g.doubled ? -pad - 2 * first : 0;
    halo = ((kTile - 1 + kernel - 1 + odd) >> static_cast<int>(g.doubled)) + 1;
  };
  place(g.pad_h, g.kernel_h, work.first_h, work.odd_h, work.halo_h);
  place(g.pad_w, g.kernel_w, work.first_w, work.odd_w, work.halo_w);
  work.halo_bytes = work.halo_h * work.halo_w * Memory::kRowBytes;
  CUtensorMap x_map, before_map, older_map, weight_map;
  const auto taps = static_cast<cuuint64_t>(g.kernel_t * g.kernel_h * g.kernel_w);
  const auto c = static_cast<cuuint64_t>(g.channels);
  // A map of nothing is never read but must be valid.
  const auto frames = [&](CUtensorMap& map, const void* data, int count) {
    return encode_frames(map, g, work, count > 0 ? data : a.x, count > 0 ? count : g.x_frames, channels);
  };
  if (!frames(x_map, a.x, g.x_frames) || !frames(before_map, a.before, g.before_frames) ||
      !frames(older_map, a.older, g.older_frames) ||
      // {channels of a chunk, output channel, tap, chunk}
      !encode(weight_map, a.weight,
              {static_cast<cuuint64_t>(channels), static_cast<cuuint64_t>(g.out_channels), taps,
               static_cast<cuuint64_t>(work.chunks), 1},
              {taps * c, c, static_cast<cuuint64_t>(channels), taps * c},
              {static_cast<cuuint32_t>(channels), static_cast<cuuint32_t>(columns),
               static_cast<cuuint32_t>(work.group_taps), 1, 1})) {
    return cudaErrorInvalidValue;
  }
  const auto kernel = conv3d_kernel<channels, columns>;
  constexpr int bytes = sizeof(Memory) + 1023;
  static_assert(bytes <= 227 * 1024);
  if (const cudaError_t e = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)) return e;
  const int blocks = work.tiles < multiprocessors ? work.tiles : multiprocessors;
  kernel<<<blocks, kThreads, bytes, stream>>>(x_map, before_map, older_map, weight_map, work);
  return cudaGetLastError();
}

template <int channels>
cudaError_t launch(const ConvArguments& a, int multiprocessors, cudaStream_t stream) {
  const int n = a.g.out_channels;
  if (n <= 8) return launch<channels, 8>(a, multiprocessors, stream);
  const auto padded = [n](int columns) { return (n + columns - 1) / columns * columns; };
  // The wider tile unless it computes more in vain.
  return padded(128) <= padded(96) ? launch<channels, 128>(a, multiprocessors, stream)
                                   : launch<channels, 96>(a, multiprocessors, stream);
}

cudaError_t conv3d_hopper(const ConvArguments& a, int multiprocessors, cudaStream_t stream) {
  return a.g.channels % 64 == 0 ? launch<64>(a, multiprocessors, stream) : launch<32>(a, multiprocessors, stream);
}

const int registered = register_conv3d_sm90(&conv3d_hopper);

}  // namespace
}  // namespace umbel::cuda
