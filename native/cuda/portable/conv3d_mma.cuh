#pragma once
// 3D convolution, channels last, on the bfloat16 tensor cores of sm_80 and later (mma.sync m16n8k16, float32 sums): an
// implicit matrix product, output pixels x (taps * input channels) x output channels, whose pixels are read once for all
// taps of a frame.
//
// A block of 256 threads owns 8 x 16 pixels of an output frame by 128, 96 or 16 output channels. For each frame under the
// kernel and each 32 input channels cp.async brings the pixels that the tile's taps touch (10 x 18 for a 3 x 3 kernel; zeros
// where they lie outside) into one of two buffers while the other is worked on, and the weights of a tap into one of
// three, two taps ahead. A tap is a shift of the rows that ldmatrix reads, so the loop over taps has next to no index
// arithmetic. Rows of both are 64 bytes; their 16-byte pieces are permuted by piece ^ (row / 2 % 4), which keeps ldmatrix
// and cp.async free of bank conflicts (at stride 1). Strides and doubled input change which pixels lie under the tile.
// Channels are a multiple of 8 (conv3d.cu pads them). Shared memory: 47 KB for 3 x 3 and 128 channels, so two blocks fit a
// multiprocessor of any of these GPUs. H200, 3 x 3 x 3: 207 TFLOP/s for 96
// channels at 768 x 1280, 213 for 192 at 384 x 640, 122 for 384 at 192 x 320.
#include "cuda/conv3d.h"
#include "cuda/portable/mma_gemm.cuh"
#include "cuda/ptx/mma.cuh"

namespace umbel {
namespace {

constexpr int kConvThreads = 256;
constexpr int kConvTileH = 8, kConvTileW = 16;
constexpr int kConvDepth = 32;  // input channels of a step
constexpr int kConvWeightStages = 3;

struct ConvTiles {
  cuda::ConvGeometry g;
  const __nv_bfloat16 *x, *before, *older, *weight;
  Epilogue epilogue;
  int tiles_h, tiles_w, tiles_n, chunks;
  int halo_h, halo_w, halo_bytes;      // pixels under a tile
  int first_h, first_w, odd_h, odd_w;  // halo's first pixel; taps start at the second of a doubled pair
};

__device__ __forceinline__ uint32_t conv_piece(int row, int piece) {
  return static_cast<uint32_t>(row * 64 + ((piece ^ (row >> 1 & 3)) << 4));
}

// Where the next step's operands lie: steps go through taps, then chunks of channels, then frames.
struct ConvCursor {
  int dt, chunk, tap;
  __device__ __forceinline__ void next_chunk(int chunks) {
    if (++chunk == chunks) chunk = 0, ++dt;
  }
  __device__ __forceinline__ void next(int taps, int chunks) {
    if (++tap == taps) {
      tap = 0;
      next_chunk(chunks);
    }
  }
};

template <int columns, int warps_m>
__global__ void __launch_bounds__(kConvThreads, 2) conv3d_mma_kernel(ConvTiles c) {
  constexpr int warps_n = 8 / warps_m, rows = kConvTileH / warps_m, fragments = columns / warps_n / 8;
  static_assert(fragments % 2 == 0 && rows >= 1);
  constexpr int weight_bytes = columns * kConvDepth * 2;
  extern __shared__ __align__(128) uint8_t shared[];
  const cuda::ConvGeometry& g = c.g;
  const int place = blockIdx.x / c.tiles_n, n0 = static_cast<int>(blockIdx.x - place * c.tiles_n) * columns;
  const int line = place / c.tiles_w, t = line / c.tiles_h;
  const int w0 = (place - line * c.tiles_w) * kConvTileW, h0 = (line - t * c.tiles_h) * kConvTileH;
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32, shift = g.doubled;
  const int taps = g.kernel_h * g.kernel_w, depth = g.kernel_t * taps * g.channels;
  const int source_h = (h0 * g.stride_h >> shift) + c.first_h, source_w = (w0 * g.stride_w >> shift) + c.first_w;
  // Frames under the kernel that there are.
  const int first_frame = t * g.stride_t - g.pad_t;
  const int first_dt = max(0, -first_frame), last_dt = min(g.kernel_t, g.frames() - first_frame);
  const int blocks = max(0, last_dt - first_dt) * c.chunks, steps = blocks * taps;
  uint8_t* const weights = shared + 2 * c.halo_bytes;

  const auto fetch_pixels = [&](const ConvCursor& at, int stage) {
    const cuda::ConvFrame frame = cuda::find_frame(g, first_frame + at.dt);
    const __nv_bfloat16* from =
        frame.source == cuda::ConvSource::x ? c.x : frame.source == cuda::ConvSource::before ? c.before : c.older;
    from += static_cast<int64_t>(frame.index) * g.height * g.width * g.channels + at.chunk * kConvDepth;
    const int channels_left = g.channels - at.chunk * kConvDepth, pieces = c.halo_h * c.halo_w * 4;
    const uint32_t to = shared_address(shared + stage * c.halo_bytes);
    for (int i = thread; i < pieces; i += kConvThreads) {
      const int row = i / 4, piece = i % 4, y = row / c.halo_w, x = row - y * c.halo_w;
      const int h = source_h + y, w = source_w + x;
      const bool there = h >= 0 && h < g.height && w >= 0 && w < g.width && piece * 8 < channels_left;
      ptx::copy_async(to + conv_piece(row, piece), there ? from + (h * g.width + w) * g.channels + piece * 8 : c.weight,
                      there);
    }
  };
  const auto fetch_weights = [&](const ConvCursor& at, int stage) {
    const int offset = (at.dt * taps + at.tap) * g.channels + at.chunk * kConvDepth;
    const uint32_t to = shared_address(weights + stage * weight_bytes);
    const int piece = thread % 4;
    const bool inside = at.chunk * kConvDepth + piece * 8 < g.channels;
#pragma unroll
    for (int i = 0; i < (columns * 4 + kConvThreads - 1) / kConvThreads; ++i) {
      const int row = thread / 4 + i * (kConvThreads / 4);
      if (row >= columns) continue;
      const bool there = inside && n0 + row < g.out_channels;
      ptx::copy_async(to + conv_piece(row, piece),
                      there ? c.weight + static_cast<int64_t>(n0 + row) * depth + offset + piece * 8 : c.weight, there);
    }
  };

  float sums[rows][fragments][4] = {};
  const int warp_row = warp % warps_m * rows, warp_column = warp / warps_m * (columns / warps_n);
  ConvCursor pixel_cursor{first_dt, 0, 0}, weight_cursor{first_dt, 0, 0};
  if (steps > 0) {
    fetch_pixels(pixel_cursor, 0);
    pixel_cursor.next_chunk(c.chunks);
  }
#pragma unroll
  for (int s = 0; s < kConvWeightStages - 1; ++s) {
    if (s < steps) {
      fetch_weights(weight_cursor, s);
      weight_cursor.next(taps, c.chunks);
    }
    ptx::copy_async_commit();
  }
  int kh = 0, kw = 0, block = 0, weight_stage = 0;
  for (int step = 0; step < steps; ++step) {
    // The pixels that the step before asked for are needed at once when a frame has one tap.
    if (taps == 1) {
      ptx::copy_async_wait<0>();
    } else {
      ptx::copy_async_wait<kConvWeightStages - 2>();
    }
    __syncthreads();
    if (kh == 0 && kw == 0 && block + 1 < blocks) {
      fetch_pixels(pixel_cursor, (block + 1) & 1);
      pixel_cursor.next_chunk(c.chunks);
    }
    if (step + kConvWeightStages - 1 < steps) {
      fetch_weights(weight_cursor, weight_stage == 0 ? kConvWeightStages - 1 : weight_stage - 1);
      weight_cursor.next(taps, c.chunks);
    }
    ptx::copy_async_commit();

    const uint32_t a_base = shared_address(shared + (block & 1) * c.halo_bytes);
    const uint32_t b_base = shared_address(weights + weight_stage * weight_bytes);
    const int column = (lane % 16 * g.stride_w + kw + c.odd_w) >> shift;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      uint32_t a[rows][4];
#pragma unroll
      for (int i = 0; i < rows; ++i) {
        const int y = ((warp_row + i) * g.stride_h + kh + c.odd_h) >> shift;
        ptx::load_matrices(a[i], a_base + conv_piece(y * c.halo_w + column, half * 2 + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < fragments; j += 2) {
        uint32_t b[4];
        ptx::load_matrices(b, b_base + conv_piece(warp_column + j * 8 + lane / 16 * 8 + lane % 8, half * 2 + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < rows; ++i) {
          ptx::mma<__nv_bfloat16>(sums[i][j], a[i], b[0], b[1]);
          ptx::mma<__nv_bfloat16>(sums[i][j + 1], a[i], b[2], b[3]);
        }
      }
    }
    if (++weight_stage == kConvWeightStages) weight_stage = 0;
    if (++kw == g.kernel_w) kw = 0, ++kh;
    if (kh == g.kernel_h) kh = 0, ++block;
  }

  // Through shared memory, half of the tile's rows at a time, so that threads write eight channels each.
  ptx::copy_async_wait<0>();
  constexpr int pitch = columns + 4, pass_rows = kConvTileH / 2;
  auto* tile = reinterpret_cast<float*>(shared);
#pragma unroll 1
  for (int pass = 0; pass < 2; ++pass) {
    __syncthreads();
    if (warp_row / pass_rows == pass) {
#pragma unroll
      for (int i = 0; i < rows; ++i) {
#pragma unroll
        for (int j = 0; j < fragments; ++j) {
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            const int pixel = (warp_row % pass_rows + i) * kConvTileW + lane / 4 + 8 * half;
            *reinterpret_cast<float2*>(tile + pixel * pitch + warp_column + j * 8 + lane % 4 * 2) =
                make_float2(sums[i][j][2 * half], sums[i][j][2 * half + 1]);
          }
        }
      }
    }
    __syncthreads();
#pragma unroll 1
    for (int item = thread; item < pass_rows * kConvTileW * (columns / 8); item += kConvThreads) {
      const int pixel = item / (columns / 8), first = item % (columns / 8) * 8;
      const int h = h0 + pass * pass_rows + pixel / kConvTileW, w = w0 + pixel % kConvTileW;
      if (h >= g.out_height || w >= g.out_width || n0 + first >= g.out_channels) continue;
      const auto* from = reinterpret_cast<const float4*>(tile + pixel * pitch + first);
      const float4 low = from[0], high = from[1];
      float v[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
      c.epilogue.finish8(v, (static_cast<int64_t>(t) * g.out_height + h) * g.out_width + w, n0 + first,
                         min(8, g.out_channels - n0 - first));
    }
  }
}

template <int columns, int warps_m>
bool launch_conv3d_mma(CudaContext& ctx, ConvTiles c) {
  const cuda::ConvGeometry& g = c.g;
  c.tiles_h = (g.out_height + kConvTileH - 1) / kConvTileH;
  c.tiles_w = (g.out_width + kConvTileW - 1) / kConvTileW;
  c.tiles_n = (g.out_channels + columns - 1) / columns;
  c.chunks = (g.channels + kConvDepth - 1) / kConvDepth;
  // Output pixel p and tap k read input pixel floor((p stride + k - pad) / 2) when doubled: -pad = 2 first + odd.
  const auto place = [&](int tile, int stride, int pad, int kernel, int& first, int& odd, int& halo) {
    first = g.doubled ? -((pad + 1) / 2) : -pad;
    odd = g.doubled ? -pad - 2 * first : 0;
    halo = (((tile - 1) * stride + kernel - 1 + odd) >> static_cast<int>(g.doubled)) + 1;
  };
  place(kConvTileH, g.stride_h, g.pad_h, g.kernel_h, c.first_h, c.odd_h, c.halo_h);
  place(kConvTileW, g.stride_w, g.pad_w, g.kernel_w, c.first_w, c.odd_w, c.halo_w);
  const int64_t halo = (static_cast<int64_t>(c.halo_h) * c.halo_w * 64 + 127) / 128 * 128;
  const int64_t tiles = static_cast<int64_t>(g.out_frames) * c.tiles_h * c.tiles_w * c.tiles_n;
  const int64_t needed = 2 * halo + kConvWeightStages * columns * kConvDepth * 2;
  const int64_t staging = static_cast<int64_t>(kConvTileH / 2 * kConvTileW) * (columns + 4) * 4;
  const int64_t bytes = needed < staging ? staging : needed;
  if (bytes > static_cast<int64_t>(ctx.shared_memory()) || tiles > INT32_MAX) return false;
  if (static_cast<int64_t>(g.height) * g.width * g.channels > INT32_MAX) return false;
  c.halo_bytes = static_cast<int>(halo);
  const auto kernel = conv3d_mma_kernel<columns, warps_m>;
  check_cuda(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(bytes)),
             "conv3d");
  kernel<<<static_cast<unsigned>(tiles), kConvThreads, static_cast<size_t>(bytes), ctx.stream()>>>(c);
  check_launch("conv3d");
  return true;
}

}  // namespace
}  // namespace umbel
