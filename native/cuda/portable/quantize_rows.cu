// Rows as float8 e4m3 with a scale each. A block of 256 threads takes a row: it finds the largest magnitude, then divides
// and rounds. A thread keeps its first one to eight groups of eight elements in registers between the two, which covers
// rows of up to 16,384; longer ones are read again from L2. Bound by memory: one read of x, half as many bytes (of
// bfloat16) written. H200, bfloat16: 69,120 x 5,120 3.35 TB/s, x 13,824 3.26.
#include "cuda/portable/quantize_rows.h"

#include <cuda_fp8.h>

#include <type_traits>

#include "core/fail.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

constexpr int kRowThreads = 256;
constexpr int kMostKept = 8;
constexpr float kLargestE4m3 = 448.0f;

__device__ __forceinline__ uint16_t pack_e4m3(float low, float high) {
  return __nv_cvt_float2_to_fp8x2(make_float2(low, high), __NV_SATFINITE, __NV_E4M3);
}

// A maximum that keeps NaN, as magnitudes compare like their bits.
__device__ __forceinline__ float greater(float a, float b) {
  return __float_as_uint(a) > __float_as_uint(b) ? a : b;
}
__device__ __forceinline__ float magnitude_of(const float (&v)[8], int n, float most) {
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    if (j < n) most = greater(most, fabsf(v[j]));
  }
  return most;
}

// Whole groups of bfloat16 take half the registers (3.01 and 2.80 TB/s when they did not); any others.
__device__ __forceinline__ void floats_of(const Elements&, const uint4& raw, int, float (&v)[8]) {
  const uint32_t pairs[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    v[2 * j] = __uint_as_float(pairs[j] << 16);
    v[2 * j + 1] = __uint_as_float(pairs[j] & 0xffff0000u);
  }
}
__device__ __forceinline__ void floats_of(const Elements& x, const Raw8& raw, int n, float (&v)[8]) {
  to_floats(x, raw, n, v);
}

__device__ __forceinline__ void write_group(uint8_t* values, int64_t at, bool whole, int n, float inverse,
                                            const float (&v)[8]) {
  uint16_t pairs[4];
#pragma unroll
  for (int j = 0; j < 4; ++j) pairs[j] = pack_e4m3(v[2 * j] * inverse, v[2 * j + 1] * inverse);
  if (whole) {
    *reinterpret_cast<uint2*>(values + at) =
        make_uint2(pairs[0] | static_cast<uint32_t>(pairs[1]) << 16, pairs[2] | static_cast<uint32_t>(pairs[3]) << 16);
    return;
  }
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    if (j < n) values[at + j] = static_cast<uint8_t>(pairs[j / 2] >> (j % 2 * 8));
  }
}

template <int kKept, bool narrow>
__global__ void __launch_bounds__(kRowThreads)
    quantize_rows_kernel(Elements x, uint8_t* values, float* scales, int64_t rows, int width) {
  const int groups = (width + 7) / 8;
  int turn = 0;
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x, turn ^= 1) {
    const int64_t from = row * width;
    const auto length = [&](int group) { return width - group * 8 < 8 ? width - group * 8 : 8; };
    std::conditional_t<narrow, uint4, Raw8> raw[kKept];
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
      const int group = threadIdx.x + k * kRowThreads;
      if (group >= groups) continue;
      if constexpr (narrow) {
        raw[k] = __ldg(reinterpret_cast<const uint4*>(static_cast<const uint16_t*>(x.data) + from + group * 8));
      } else {
        raw[k] = load_raw8(x, from + group * 8, length(group));
      }
    }
    float most = 0, v[8];
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
      const int group = threadIdx.x + k * kRowThreads;
      if (group >= groups) continue;
      floats_of(x, raw[k], length(group), v);
      most = magnitude_of(v, length(group), most);
    }
    for (int group = threadIdx.x + kKept * kRowThreads; group < groups; group += kRowThreads) {
      load8(x, from + group * 8, length(group), v);
      most = magnitude_of(v, length(group), most);
    }
    for (int offset = 16; offset > 0; offset /= 2) most = greater(most, __shfl_xor_sync(0xffffffffu, most, offset));
    // In turns, so that a row's are not overwritten before all threads have read them.
    __shared__ float warps[2][kRowThreads / 32];
    if (threadIdx.x % 32 == 0) warps[turn][threadIdx.x / 32] = most;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kRowThreads / 32; ++i) most = greater(most, warps[turn][i]);
    if (threadIdx.x == 0) scales[row] = most == 0 ? 1.0f : most / kLargestE4m3;
    const float inverse = most == 0 ? 1.0f : kLargestE4m3 / most;
    const bool whole = width % 8 == 0;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
      const int group = threadIdx.x + k * kRowThreads;
      if (group >= groups) continue;
      floats_of(x, raw[k], length(group), v);
      write_group(values, from + group * 8, whole, length(group), inverse, v);
    }
    for (int group = threadIdx.x + kKept * kRowThreads; group < groups; group += kRowThreads) {
      load8(x, from + group * 8, length(group), v);
      write_group(values, from + group * 8, whole, length(group), inverse, v);
    }
  }
}

void launch(CudaContext& ctx, const Tensor& x, void* values, float* scales, int64_t rows) {
  const int64_t width = x.dim(-1);
  if (rows == 0) return;
  if (width > INT32_MAX - 8) fail("ERR_SHAPE", "Expected rows of fewer than 2^31 elements.");
  // As few registers as the width asks for, so that more rows are under way at a time.
  const int64_t groups = (width + 7) / 8;
  const Elements elements = rows_of(x, width);
  const bool narrow = elements.type == DType::bf16 && elements.aligned && width % 8 == 0;
  const auto pick = [&]<bool kNarrow>() {
    return groups <= kRowThreads       ? quantize_rows_kernel<1, kNarrow>
           : groups <= 3 * kRowThreads ? quantize_rows_kernel<3, kNarrow>
           : groups <= 5 * kRowThreads ? quantize_rows_kernel<5, kNarrow>
                                       : quantize_rows_kernel<kMostKept, kNarrow>;
  };
  const auto kernel = narrow ? pick.operator()<true>() : pick.operator()<false>();
  kernel<<<grid_of(rows, 1, ctx.multiprocessors()), kRowThreads, 0, ctx.stream()>>>(
      elements, static_cast<uint8_t*>(values), scales, rows, static_cast<int>(width));
  check_launch("quantize_rows");
}

void quantize_rows(CudaContext& ctx, const Tensor& x, const Tensor& values, const Tensor& scales) {
  launch(ctx, x, values.data, scales.f32(), scales.numel());
}

}  // namespace

QuantizedRows quantize_rows_of(CudaContext& ctx, const Tensor& x) {
  const int64_t width = x.dim(-1), rows = width == 0 ? 0 : x.numel() / width;
  QuantizedRows result{ctx.scratch(static_cast<size_t>(x.numel())),
                       static_cast<float*>(ctx.scratch(static_cast<size_t>(rows) * sizeof(float)))};
  launch(ctx, x, result.values, result.scales, rows);
  return result;
}

}  // namespace umbel

UMBEL_KERNEL(cuda, quantize_rows, umbel::quantize_rows)
