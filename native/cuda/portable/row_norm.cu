// The norms over the last axis, with what follows them: one read of x, one write.
//
// A row belongs to a team: 2 to 32 lanes of a warp for short rows, a whole block for long ones. A thread keeps its groups
// of eight elements in registers, up to kKept of them, so that x is read once; rows that are longer are read again from
// L2. The variance is that of the differences from the mean (two passes over the registers), not of squares, so that a
// large mean costs no digits. Sums run in an order that depends on C alone.
// Bound by memory. Not measured yet.
#include "core/fail.h"
#include "cuda/portable/row_norm.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

constexpr int kKept = 4;
constexpr int kBlock = 256;

struct RowNormArguments {
  Elements x, weight, bias, cos_sin, out;
  RowNorm::Kind kind;
  bool has_weight, weight_rows, has_bias, bias_rows, silu, rope;
  float eps, weight_shift, scale;
  int64_t rows, width, positions, head_width;
};

// The sum over a team; every thread gets it.
template <bool whole_block>
__device__ __forceinline__ float team_sum(float v, int lanes) {
  for (int offset = (whole_block ? 32 : lanes) / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
  if constexpr (whole_block) {
    __shared__ float sums[32];
    const int warp = threadIdx.x / 32, warps = blockDim.x / 32;
    __syncthreads();  // the sums of the call before were read
    if (threadIdx.x % 32 == 0) sums[warp] = v;
    __syncthreads();
    v = 0;
    for (int i = 0; i < warps; ++i) v += sums[i];
  }
  return v;
}

__device__ __forceinline__ void rotate(const RowNormArguments& a, int64_t row, int64_t column, int n, float (&v)[8]) {
  const int64_t position = row % a.positions, first = position * a.head_width;
  float turn[8];
  const int64_t inside = column % a.head_width;
  if (a.head_width % 8 == 0) {
    load8(a.cos_sin, first + inside, n, turn);
  } else {
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      turn[j] = j < n ? load_one(a.cos_sin.data, a.cos_sin.type, first + (column + j) % a.head_width) : 0.0f;
    }
  }
#pragma unroll
  for (int j = 0; j < 8; j += 2) {
    const float even = v[j], odd = v[j + 1];
    v[j] = even * turn[j] - odd * turn[j + 1];
    v[j + 1] = odd * turn[j] + even * turn[j + 1];
  }
}

// Eight normalised elements on their way out.
__device__ __forceinline__ void finish(const RowNormArguments& a, int64_t row, int64_t column, int n, float (&v)[8],
                                       float mean, float factor) {
  const int64_t at = row * a.width + column;
#pragma unroll
  for (int j = 0; j < 8; ++j) v[j] = (v[j] - mean) * factor;
  if (a.has_weight) {
    float w[8];
    load8(a.weight, a.weight_rows ? at : column, n, w);
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] *= w[j] + a.weight_shift;
  }
  if (a.has_bias) {
    float b[8];
    load8(a.bias, a.bias_rows ? at : column, n, b);
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] += b[j];
  }
  if (a.silu) {
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] = silu(v[j]);
  }
  if (a.rope) rotate(a, row, column, n, v);
  store8(a.out, at, n, v);
}

template <bool whole_block>
__global__ void __launch_bounds__(kBlock) row_norm_kernel(RowNormArguments a, int team) {
  const int lane = threadIdx.x % team;
  const int64_t teams = static_cast<int64_t>(gridDim.x) * (blockDim.x / team);
  const int64_t groups = (a.width + 7) / 8;
  const float inverse_width = 1.0f / static_cast<float>(a.width);
  // All teams of a warp go through the loop together, since their sums need the whole warp.
  const int64_t turns = (a.rows + teams - 1) / teams;
  for (int64_t turn = 0; turn < turns; ++turn) {
    const int64_t row = turn * teams + static_cast<int64_t>(blockIdx.x) * (blockDim.x / team) + threadIdx.x / team;
    const bool present = row < a.rows;
    const int64_t from = row * a.width;
    float kept[kKept][8];
    float sum = 0, squares = 0;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
      const int64_t group = lane + static_cast<int64_t>(k) * team;
      const int64_t column = group * 8;
      const int n = present && group < groups ? static_cast<int>(a.width - column < 8 ? a.width - column : 8) : 0;
      if (n > 0) {
        load8(a.x, from + column, n, kept[k]);
      } else {
#pragma unroll
        for (int j = 0; j < 8; ++j) kept[k][j] = 0;
      }
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        sum += kept[k][j];
        squares = fmaf(kept[k][j], kept[k][j], squares);
      }
    }
    for (int64_t group = lane + static_cast<int64_t>(kKept) * team; present && group < groups; group += team) {
      float v[8];
      const int64_t column = group * 8;
      load8(a.x, from + column, static_cast<int>(a.width - column < 8 ? a.width - column : 8), v);
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        sum += v[j];
        squares = fmaf(v[j], v[j], squares);
      }
    }
    float mean = 0, factor;
    if (a.kind == RowNorm::Kind::layer) {
      mean = team_sum<whole_block>(sum, team) * inverse_width;
      float variance = 0;
#pragma unroll
      for (int k = 0; k < kKept; ++k) {
        const int64_t column = (lane + static_cast<int64_t>(k) * team) * 8;
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          const float d = column + j < a.width ? kept[k][j] - mean : 0.0f;
          variance = fmaf(d, d, variance);
        }
      }
      for (int64_t group = lane + static_cast<int64_t>(kKept) * team; present && group < groups; group += team) {
        float v[8];
        const int64_t column = group * 8;
        const int n = static_cast<int>(a.width - column < 8 ? a.width - column : 8);
        load8(a.x, from + column, n, v);
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          const float d = j < n ? v[j] - mean : 0.0f;
          variance = fmaf(d, d, variance);
        }
      }
      factor = 1.0f / sqrtf(team_sum<whole_block>(variance, team) * inverse_width + a.eps);
    } else {
      const float total = team_sum<whole_block>(squares, team);
      factor = a.kind == RowNorm::Kind::rms ? 1.0f / sqrtf(total * inverse_width + a.eps)
                                            : a.scale / fmaxf(sqrtf(total), a.eps);
      // fmaxf drops a NaN.
      if (isnan(total)) factor = total;
    }
    if (!present) continue;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
      const int64_t column = (lane + static_cast<int64_t>(k) * team) * 8;
      if (column < a.width) {
        finish(a, row, column, static_cast<int>(a.width - column < 8 ? a.width - column : 8), kept[k], mean, factor);
      }
    }
    for (int64_t group = lane + static_cast<int64_t>(kKept) * team; group < groups; group += team) {
      float v[8];
      const int64_t column = group * 8;
      const int n = static_cast<int>(a.width - column < 8 ? a.width - column : 8);
      load8(a.x, from + column, n, v);
      finish(a, row, column, n, v, mean, factor);
    }
  }
}

}  // namespace

void launch_row_norm(CudaContext& ctx, const RowNorm& norm, const Tensor& x, const Tensor& out, const char* name) {
  if (out.numel() == 0) return;
  RowNormArguments a{};
  a.width = x.dim(-1);
  a.rows = x.numel() / a.width;
  a.x = rows_of(x, a.width);
  a.out = rows_of(out, a.width);
  a.kind = norm.kind;
  a.eps = norm.eps;
  a.scale = sqrtf(static_cast<float>(a.width));
  a.weight_shift = norm.weight_shift;
  a.silu = norm.silu;
  a.has_weight = norm.weight != nullptr;
  a.has_bias = norm.bias != nullptr;
  a.rope = norm.cos_sin != nullptr;
  if (norm.weight) a.weight = rows_of(*norm.weight, a.width);
  if (norm.bias) a.bias = rows_of(*norm.bias, a.width);
  a.weight_rows = norm.weight_rows;
  a.bias_rows = norm.bias_rows;
  a.positions = 1;
  a.head_width = a.width;
  if (norm.cos_sin) {
    a.head_width = norm.head_width;
    a.cos_sin = rows_of(*norm.cos_sin, a.head_width);
    a.positions = norm.cos_sin->dim(0);
  }
  const int64_t groups = (a.width + 7) / 8;
  if (groups <= 64) {
    int team = 2;
    while (team < 32 && team < groups) team *= 2;
    const unsigned blocks = grid_of(a.rows, kBlock / team, ctx.multiprocessors());
    row_norm_kernel<false><<<blocks, kBlock, 0, ctx.stream()>>>(a, team);
  } else {
    // As few idle lanes as possible: the smallest block that keeps the row in registers.
    const int64_t each = (groups + kBlock - 1) / kBlock < kKept ? (groups + kBlock - 1) / kBlock : kKept;
    int64_t threads = ((groups + each - 1) / each + 31) / 32 * 32;
    threads = threads > kBlock ? kBlock : threads;
    const unsigned blocks = grid_of(a.rows, 1, ctx.multiprocessors(), 32);
    row_norm_kernel<true><<<blocks, static_cast<unsigned>(threads), 0, ctx.stream()>>>(a, static_cast<int>(threads));
  }
  check_launch(name);
}

}  // namespace umbel
