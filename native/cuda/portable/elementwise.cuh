#pragma once
// Element-wise kernels of one operand: each thread moves groups of eight elements, 16 bytes at a time, one pass. Where
// input and output are float32 or bfloat16 and end with a group, a thread asks for the groups of a whole tile before it
// works on the first.
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

template <class F>
__global__ void __launch_bounds__(256) map_kernel(Elements x, Elements out, int64_t count, F f) {
  const int64_t groups = (count + 7) / 8, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t g = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += step) {
    const int64_t at = g * 8;
    const int n = static_cast<int>(count - at < 8 ? count - at : 8);
    float v[8];
    load8(x, at, n, v);
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] = f(v[j]);
    store8(out, at, n, v);
  }
}

constexpr int kTileGroups = 4;  // a thread's

template <bool wide_in, bool wide_out, class F>
__global__ void __launch_bounds__(256) map_tiles_kernel(const uint4* x, uint4* out, int64_t groups, F f) {
  constexpr int words_in = wide_in ? 2 : 1;
  constexpr int tile = 256 * kTileGroups;
  for (int64_t from = static_cast<int64_t>(blockIdx.x) * tile; from < groups; from += static_cast<int64_t>(gridDim.x) * tile) {
    uint4 raw[kTileGroups][words_in];
#pragma unroll
    for (int k = 0; k < kTileGroups; ++k) {
      const int64_t at = from + k * 256 + threadIdx.x;
      if (at >= groups) continue;
#pragma unroll
      for (int i = 0; i < words_in; ++i) raw[k][i] = __ldg(x + at * words_in + i);
    }
#pragma unroll
    for (int k = 0; k < kTileGroups; ++k) {
      const int64_t at = from + k * 256 + threadIdx.x;
      if (at >= groups) continue;
      float v[8];
#pragma unroll
      for (int i = 0; i < words_in; ++i) {
        const uint32_t words[4] = {raw[k][i].x, raw[k][i].y, raw[k][i].z, raw[k][i].w};
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          if constexpr (wide_in) {
            v[4 * i + j] = __uint_as_float(words[j]);
          } else {
            unpack_bf16(words[j], v + 2 * j);
          }
        }
      }
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] = f(v[j]);
      if constexpr (wide_out) {
        auto* to = reinterpret_cast<float4*>(out + at * 2);
        to[0] = make_float4(v[0], v[1], v[2], v[3]);
        to[1] = make_float4(v[4], v[5], v[6], v[7]);
      } else {
        out[at] = make_uint4(pack_bf16(v[0], v[1]), pack_bf16(v[2], v[3]), pack_bf16(v[4], v[5]), pack_bf16(v[6], v[7]));
      }
    }
  }
}

template <bool wide_in, bool wide_out, class F>
void launch_map_tiles(CudaContext& ctx, const Tensor& x, const Tensor& out, F f) {
  const int64_t groups = out.numel() / 8;
  map_tiles_kernel<wide_in, wide_out><<<grid_of(groups, 256 * kTileGroups, ctx.multiprocessors(), 1 << 16), 256, 0, ctx.stream()>>>(
      static_cast<const uint4*>(x.data), static_cast<uint4*>(out.data), groups, f);
}

// out = f(x); a bfloat16 result takes `rounded`, whose error may be far below a step of bfloat16.
template <class F, class G>
void map_elements(CudaContext& ctx, const Tensor& x, const Tensor& out, F f, G rounded, const char* name) {
  const int64_t count = out.numel();
  if (count == 0) return;
  const bool wide_in = x.dtype == DType::f32, wide_out = out.dtype == DType::f32;
  const bool tiles = count % 8 == 0 && elements_of(x).aligned && elements_of(out).aligned &&
                     (wide_in || x.dtype == DType::bf16) && (wide_out || out.dtype == DType::bf16);
  if (!tiles) {
    map_kernel<<<grid_of((count + 7) / 8, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(
        elements_of(x), elements_of(out), count, f);
  } else if (wide_out) {
    wide_in ? launch_map_tiles<true, true>(ctx, x, out, f) : launch_map_tiles<false, true>(ctx, x, out, f);
  } else {
    wide_in ? launch_map_tiles<true, false>(ctx, x, out, rounded) : launch_map_tiles<false, false>(ctx, x, out, rounded);
  }
  check_launch(name);
}
template <class F>
void map_elements(CudaContext& ctx, const Tensor& x, const Tensor& out, F f, const char* name) {
  map_elements(ctx, x, out, f, f, name);
}

}  // namespace
}  // namespace umbel
