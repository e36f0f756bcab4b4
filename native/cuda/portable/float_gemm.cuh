#pragma once
// out[m, n] = epilogue(sum_k a[m, k] w[n, k]) in float32 with fused multiply-adds, operands of any storage type: what the
// float32 mode multiplies with (no tensor cores, whose TF32 has 10 bits).
//
// A block of 256 threads owns 64 by 64 outputs, 4 by 4 a thread, and walks the depth in steps of 16. As in mma_gemm.cuh a
// `Rows` type says where the rows of `a` lie. H200, 8,192 x 5,120 x 5,120: 16.2 TFLOP/s.
#include "cuda/context.h"
#include "cuda/portable/epilogue.cuh"

namespace umbel {
namespace {

constexpr int kFloatTile = 64;
constexpr int kFloatDepth = 16;

// Rows of a matrix [m, depth] of any type.
struct FloatMatrixRows {
  Elements x;
  int64_t depth;
  __device__ __forceinline__ float at(int64_t row, int64_t k) const { return load_one(x.data, x.type, row * depth + k); }
};

template <class Rows>
struct FloatGemmArguments {
  Rows rows;
  Elements w;  // [n, depth]
  int64_t m, n, depth, row_tiles;
  Epilogue epilogue;
};

template <class Rows>
__global__ void __launch_bounds__(256) float_gemm_kernel(FloatGemmArguments<Rows> g) {
  __shared__ float a[kFloatDepth][kFloatTile + 4];
  __shared__ float b[kFloatDepth][kFloatTile + 4];
  __shared__ float tile[kFloatTile][kFloatTile + 1];
  const int64_t m0 = blockIdx.x % g.row_tiles * kFloatTile, n0 = blockIdx.x / g.row_tiles * kFloatTile;
  const int thread = threadIdx.x, tx = thread % 16, ty = thread / 16;
  float sums[4][4] = {};
  for (int64_t k0 = 0; k0 < g.depth; k0 += kFloatDepth) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      // 16 threads read a row of 16.
      const int row = thread / 16 + 16 * i, k = thread % 16;
      const bool inside = k0 + k < g.depth;
      a[k][row] = inside && m0 + row < g.m ? g.rows.at(m0 + row, k0 + k) : 0.0f;
      b[k][row] = inside && n0 + row < g.n ? load_one(g.w.data, g.w.type, (n0 + row) * g.depth + k0 + k) : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kFloatDepth; ++k) {
      float va[4], vb[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) va[i] = a[k][ty * 4 + i];
#pragma unroll
      for (int j = 0; j < 4; ++j) vb[j] = b[k][tx * 4 + j];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[i][j] = fmaf(va[i], vb[j], sums[i][j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) tile[ty * 4 + i][tx * 4 + j] = sums[i][j];
  }
  __syncthreads();
#pragma unroll 1
  for (int item = thread; item < kFloatTile * kFloatTile / 8; item += 256) {
    const int r = item / (kFloatTile / 8), c = item % (kFloatTile / 8) * 8;
    const int64_t row = m0 + r, column = n0 + c;
    if (row >= g.m || column >= g.n) continue;
    float v[8];
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] = tile[r][c + j];
    g.epilogue.finish8(v, row, column, static_cast<int>(g.n - column < 8 ? g.n - column : 8));
  }
}

template <class Rows>
void launch_float_gemm(CudaContext& ctx, FloatGemmArguments<Rows> g, const char* name) {
  g.row_tiles = (g.m + kFloatTile - 1) / kFloatTile;
  const int64_t column_tiles = (g.n + kFloatTile - 1) / kFloatTile;
  float_gemm_kernel<<<static_cast<unsigned>(g.row_tiles * column_tiles), 256, 0, ctx.stream()>>>(g);
  check_launch(name);
}

}  // namespace
}  // namespace umbel
