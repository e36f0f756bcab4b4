// Causal-cache 3D convolution, channels last, of frames that lie in up to three tensors. Which kernel does it:
// - bfloat16 mode: operands of other types are rounded to bfloat16 and channels filled up to a multiple of eight first;
//   then ../sm90/conv3d.cu where it can (conv3d.cc), else conv3d_mma.cuh; where a tile's pixels do not fit in shared memory
//   (kernels wider than some 7 pixels) mma_gemm.cuh, whose rows of `a` are gathered pixel by pixel;
// - float32 mode: float_gemm.cuh with the same gather.
// Bias and residual are added in the epilogue.
// H200, 3x3x3, TFLOP/s of conv3d_mma.cuh (PyTorch 2.11, channels last, in brackets; sm90/conv3d.cu has its own): 96
// channels at 768 x 1280 207 (243), 192 at 384 x 640 213 (580), 384 at 192 x 320 122 (540).
#include "core/fail.h"
#include "cuda/conv3d.h"
#include "cuda/portable/as_type.h"
#include "cuda/portable/conv3d_mma.cuh"
#include "cuda/portable/float_gemm.cuh"
#include "cuda/portable/mma_gemm.cuh"

namespace umbel {
namespace {

using Geometry = cuda::ConvGeometry;

// Offset of a pixel's first channel in the tensor that `source` becomes; -1 outside.
__device__ __forceinline__ int64_t pixel_offset(const Geometry& g, int t, int h, int w, cuda::ConvSource* source) {
  const int shift = g.doubled;
  if (t < 0 || t >= g.frames() || h < 0 || h >= g.height << shift || w < 0 || w >= g.width << shift) return -1;
  const cuda::ConvFrame frame = cuda::find_frame(g, t);
  *source = frame.source;
  return ((static_cast<int64_t>(frame.index) * g.height + (h >> shift)) * g.width + (w >> shift)) * g.channels;
}

// Patches of output pixels.
struct ConvRows {
  Geometry g;
  const __nv_bfloat16 *x, *before, *older;
  int64_t pixels;

  struct Row {
    int t, h, w;  // where the patch begins; t is out of reach past the last pixel
  };
  struct Cursor {
    int t, h, w, channel;
  };
  __device__ __forceinline__ Row row(int64_t i) const {
    if (i >= pixels) return {-(1 << 30), 0, 0};
    const int64_t line = i / g.out_width;
    const int w = static_cast<int>(i - line * g.out_width);
    const int64_t t = line / g.out_height;
    const int h = static_cast<int>(line - t * g.out_height);
    return {static_cast<int>(t) * g.stride_t - g.pad_t, h * g.stride_h - g.pad_h, w * g.stride_w - g.pad_w};
  }
  __device__ __forceinline__ Cursor cursor(int64_t k) const {
    const int tap = static_cast<int>(k / g.channels);
    const int line = tap / g.kernel_w;
    return {line / g.kernel_h, line % g.kernel_h, tap % g.kernel_w, static_cast<int>(k - static_cast<int64_t>(tap) * g.channels)};
  }
  __device__ __forceinline__ void advance(Cursor& c) const {
    c.channel += kTileDepth;
    while (c.channel >= g.channels) {
      c.channel -= g.channels;
      if (++c.w == g.kernel_w) {
        c.w = 0;
        if (++c.h == g.kernel_h) {
          c.h = 0;
          ++c.t;
        }
      }
    }
  }
  __device__ __forceinline__ const __nv_bfloat16* at(const Row& row, const Cursor& c) const {
    if (c.t >= g.kernel_t) return nullptr;
    cuda::ConvSource source{};
    const int64_t offset = pixel_offset(g, row.t + c.t, row.h + c.h, row.w + c.w, &source);
    const __nv_bfloat16* from = source == cuda::ConvSource::x ? x : source == cuda::ConvSource::before ? before : older;
    return offset < 0 ? nullptr : from + offset + c.channel;
  }
};

struct FloatConvRows {
  Geometry g;
  Elements x, before, older;
  __device__ __forceinline__ float at(int64_t i, int64_t k) const {
    const ConvRows same{g, nullptr, nullptr, nullptr, i + 1};
    const ConvRows::Row row = same.row(i);
    const ConvRows::Cursor c = same.cursor(k);
    cuda::ConvSource source{};
    const int64_t offset = pixel_offset(g, row.t + c.t, row.h + c.h, row.w + c.w, &source);
    if (offset < 0) return 0.0f;
    const Elements& from = source == cuda::ConvSource::x ? x : source == cuda::ConvSource::before ? before : older;
    return load_one(from.data, from.type, offset + c.channel);
  }
};

struct Frames {
  const Tensor& x;
  const Tensor *before, *older;
  bool doubled;
};

Geometry describe(const Frames& frames, const Tensor& weight, std::span<const int64_t> stride,
                  std::span<const int64_t> padding, const Tensor& out) {
  const auto& [x, before, older, doubled] = frames;
  const auto of = [](int64_t v) { return static_cast<int>(v); };
  Geometry g{};
  g.x_frames = of(x.dim(0)), g.height = of(x.dim(1)), g.width = of(x.dim(2)), g.channels = of(x.dim(3));
  g.before_frames = before ? of(before->dim(0)) : 0;
  g.older_frames = older ? of(older->dim(0)) : 0;
  g.doubled = doubled;
  g.out_frames = of(out.dim(0)), g.out_height = of(out.dim(1)), g.out_width = of(out.dim(2)), g.out_channels = of(out.dim(3));
  g.kernel_t = of(weight.dim(1)), g.kernel_h = of(weight.dim(2)), g.kernel_w = of(weight.dim(3));
  g.stride_t = of(stride[0]), g.stride_h = of(stride[1]), g.stride_w = of(stride[2]);
  g.pad_t = of(padding[0]), g.pad_h = of(padding[2]), g.pad_w = of(padding[4]);
  return g;
}

bool is_aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

int padded_channels(int channels) { return (channels + 7) / 8 * 8; }

__global__ void __launch_bounds__(256)
    pad_channels_kernel(const uint16_t* x, uint16_t* out, int channels, int padded, int64_t count) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const int64_t pixel = i / padded;
    const auto channel = static_cast<int>(i - pixel * padded);
    out[i] = channel < channels ? x[pixel * channels + channel] : uint16_t{0};
  }
}

// bfloat16 [..., C] with zeros behind the channels up to a multiple of eight, in scratch memory unless C is one.
const void* pad_channels(CudaContext& ctx, const Tensor& x) {
  const int channels = static_cast<int>(x.dim(-1)), padded = padded_channels(channels);
  if (padded == channels || x.numel() == 0) return x.data;
  const int64_t count = x.numel() / channels * padded;
  void* out = ctx.scratch(static_cast<size_t>(count) * 2);
  pad_channels_kernel<<<grid_of(count, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(
      x.u16(), static_cast<uint16_t*>(out), channels, padded, count);
  check_launch("conv3d");
  return out;
}

void conv3d(CudaContext& ctx, const Tensor& x, const Tensor* before, const Tensor* older, const Tensor& weight,
            const Tensor* bias, std::span<const int64_t> stride, std::span<const int64_t> padding,
            const Tensor* residual, bool doubled, const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t n = weight.dim(0), pixels = out.numel() / n;
  Geometry geometry = describe({x, before, older, doubled}, weight, stride, padding, out);
  Epilogue epilogue;
  epilogue.out = rows_of(out, n);
  epilogue.width = n;
  if (bias) {
    epilogue.bias = rows_of(*bias, n);
    epilogue.has_bias = true;
  }
  if (residual) {
    epilogue.residual = rows_of(*residual, n);
    epilogue.has_residual = true;
  }
  if (!ctx.bf16_compute()) {
    FloatGemmArguments<FloatConvRows> g{};
    const auto elements = [](const Tensor* t) { return t ? elements_of(*t) : Elements{}; };
    g.rows = {geometry, elements_of(x), elements(before), elements(older)};
    g.w = elements_of(weight);
    g.m = pixels, g.n = n, g.depth = weight.numel() / n;
    g.epilogue = epilogue;
    return launch_float_gemm(ctx, g, "conv3d");
  }
  const auto rounded = [&](const Tensor* t) -> const void* {
    return t ? pad_channels(ctx, as_type(ctx, *t, DType::bf16)) : nullptr;
  };
  geometry.channels = padded_channels(geometry.channels);
  const cuda::ConvArguments arguments{geometry, rounded(&x), rounded(before), rounded(older), rounded(&weight),
                                      bias,     residual,    out};
  if (!cuda::conv3d_sm90_obstacle(arguments, ctx.capability())) {
    return check_cuda(cuda::conv3d_sm90(arguments, ctx.multiprocessors(), ctx.stream()), "conv3d");
  }
  const auto data = [](const void* p) { return static_cast<const __nv_bfloat16*>(p); };
  ConvTiles tiles{};
  tiles.g = geometry;
  tiles.x = data(arguments.x), tiles.before = data(arguments.before), tiles.older = data(arguments.older);
  tiles.weight = data(arguments.weight);
  tiles.epilogue = epilogue;
  const bool aligned = is_aligned(tiles.x) && is_aligned(tiles.before) && is_aligned(tiles.older) && is_aligned(tiles.weight);
  const auto wasted = [n](int64_t columns) { return (n + columns - 1) / columns * columns; };
  if (aligned && (n <= 16                         ? launch_conv3d_mma<16, 8>(ctx, tiles)
                  : wasted(128) <= wasted(96) ? launch_conv3d_mma<128, 4>(ctx, tiles)
                                                  : launch_conv3d_mma<96, 4>(ctx, tiles))) {
    return;
  }
  GemmArguments<ConvRows> g{};
  g.rows = {geometry, tiles.x, tiles.before, tiles.older, pixels};
  g.w = tiles.weight;
  g.m = pixels, g.n = n, g.depth = static_cast<int64_t>(geometry.kernel_t) * geometry.kernel_h * geometry.kernel_w * geometry.channels;
  g.epilogue = epilogue;
  launch_mma_gemm<ConvRows, 128, 4>(ctx, g, aligned, "conv3d");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, conv3d, umbel::conv3d)
