// Causal-cache 3D convolution, channels last, as an implicit matrix product: output pixels x (taps * input channels) x
// output channels. bfloat16 mode: mma_gemm.cuh, whose rows of `a` are gathered pixel by pixel, eight channels of a tap at
// a time, from the frames before x and from x itself, zeros outside; tiles of 128 pixels by 128, 96 or 32 channels.
// float32 mode: float_gemm.cuh with the same gather. Bias and residual are added in the epilogue.
// H100 SXM, 3x3x3, TFLOP/s, before the epilogue went through shared memory (PyTorch 2.11, channels last, in brackets): 96
// channels at 768 x 1280 96 (243), 192 at 384 x 640 128 (580), 384 at 192 x 320 169 (540). Not measured since.
#include "core/fail.h"
#include "cuda/conv3d.h"
#include "cuda/portable/as_type.h"
#include "cuda/portable/float_gemm.cuh"
#include "cuda/portable/mma_gemm.cuh"

namespace umbel {
namespace {

using Geometry = cuda::ConvGeometry;

// Offset of a pixel's first channel in `before` or, counted on, in x; -1 outside.
__device__ __forceinline__ int64_t pixel_offset(const Geometry& g, int t, int h, int w, bool* is_before) {
  const int shift = g.doubled;
  if (t < 0 || t >= g.before_frames + g.x_frames || h < 0 || h >= g.height << shift || w < 0 || w >= g.width << shift) {
    return -1;
  }
  *is_before = t < g.before_frames;
  const int64_t frame = *is_before ? t : t - g.before_frames;
  return ((frame * g.height + (h >> shift)) * g.width + (w >> shift)) * g.channels;
}

// Patches of output pixels.
struct ConvRows {
  Geometry g;
  const __nv_bfloat16* x;
  const __nv_bfloat16* before;
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
    bool is_before = false;
    const int64_t offset = pixel_offset(g, row.t + c.t, row.h + c.h, row.w + c.w, &is_before);
    return offset < 0 ? nullptr : (is_before ? before : x) + offset + c.channel;
  }
};

struct FloatConvRows {
  Geometry g;
  Elements x, before;
  __device__ __forceinline__ float at(int64_t i, int64_t k) const {
    const ConvRows same{g, nullptr, nullptr, i + 1};
    const ConvRows::Row row = same.row(i);
    const ConvRows::Cursor c = same.cursor(k);
    bool is_before = false;
    const int64_t offset = pixel_offset(g, row.t + c.t, row.h + c.h, row.w + c.w, &is_before);
    if (offset < 0) return 0.0f;
    const Elements& from = is_before ? before : x;
    return load_one(from.data, from.type, offset + c.channel);
  }
};

Geometry describe(const Tensor& x, const Tensor* before, const Tensor& weight, std::span<const int64_t> stride,
                  std::span<const int64_t> padding, const Tensor& out) {
  const auto of = [](int64_t v) { return static_cast<int>(v); };
  Geometry g{};
  g.x_frames = of(x.dim(0)), g.height = of(x.dim(1)), g.width = of(x.dim(2)), g.channels = of(x.dim(3));
  g.before_frames = before ? of(before->dim(0)) : 0;
  g.out_frames = of(out.dim(0)), g.out_height = of(out.dim(1)), g.out_width = of(out.dim(2)), g.out_channels = of(out.dim(3));
  g.kernel_t = of(weight.dim(1)), g.kernel_h = of(weight.dim(2)), g.kernel_w = of(weight.dim(3));
  g.stride_t = of(stride[0]), g.stride_h = of(stride[1]), g.stride_w = of(stride[2]);
  g.pad_t = of(padding[0]), g.pad_h = of(padding[2]), g.pad_w = of(padding[4]);
  return g;
}

bool is_aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

void conv3d(CudaContext& ctx, const Tensor& x, const Tensor* before, const Tensor& weight, const Tensor* bias,
            std::span<const int64_t> stride, std::span<const int64_t> padding, const Tensor* residual,
            const Tensor& out) {
  if (out.numel() == 0) return;
  const int64_t n = weight.dim(0), pixels = out.numel() / n;
  const Geometry geometry = describe(x, before, weight, stride, padding, out);
  const int64_t depth = weight.numel() / n;
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
    g.rows = {geometry, elements_of(x), before ? elements_of(*before) : Elements{}};
    g.w = elements_of(weight);
    g.m = pixels, g.n = n, g.depth = depth;
    g.epilogue = epilogue;
    return launch_float_gemm(ctx, g, "conv3d");
  }
  const Tensor input = as_type(ctx, x, DType::bf16), w = as_type(ctx, weight, DType::bf16);
  const void* past = before ? as_type(ctx, *before, DType::bf16).data : nullptr;
  const cuda::ConvArguments arguments{geometry, input.data, past, w.data, bias, residual, out};
  if (!cuda::conv3d_sm90_obstacle(arguments, ctx.capability())) {
    return check_cuda(cuda::conv3d_sm90(arguments, ctx.multiprocessors(), ctx.stream()), "conv3d");
  }
  GemmArguments<ConvRows> g{};
  g.rows = {geometry, static_cast<const __nv_bfloat16*>(input.data), static_cast<const __nv_bfloat16*>(past), pixels};
  g.w = static_cast<const __nv_bfloat16*>(w.data);
  g.m = pixels, g.n = n, g.depth = depth;
  g.epilogue = epilogue;
  const bool vectors = geometry.channels % 8 == 0 && is_aligned(input.data) && is_aligned(past) && is_aligned(w.data);
  if (n <= 32) {
    launch_mma_gemm<ConvRows, 32, 8>(ctx, g, vectors, "conv3d");
  } else if (n % 96 == 0 && n % 128 != 0) {
    launch_mma_gemm<ConvRows, 96, 4>(ctx, g, vectors, "conv3d");
  } else {
    launch_mma_gemm<ConvRows, 128, 4>(ctx, g, vectors, "conv3d");
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, conv3d, umbel::conv3d)
