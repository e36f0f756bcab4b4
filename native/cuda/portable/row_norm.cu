// The norms over the last axis, with what follows them: one read of x, one write.
//
// Rows of any width; those of common widths take row_norm_aligned.cu. A row belongs to a team: 2 to 32 lanes of a warp for
// rows up to 256, a block of up to 256 threads for longer ones. A thread keeps a group of eight elements in registers;
// what is over 2,048 is read again from L2. What does not change from row to row (columns, places in the rotary table) is
// worked out once, in 32 bits. The variance is that of the differences from the mean (two passes over the registers), not
// of squares, so that a large mean costs no digits. Sums run in an order that depends on C alone.
// H200, 69,120 x 5,120: rms_norm of float32 to float32 1.48 TB/s, layer_norm_modulate of bfloat16 with a row of scales and
// shifts for each token 1.47 TB/s, 35 % of a copy both.
#include "core/fail.h"
#include "cuda/portable/row_norm.h"
#include "cuda/portable/row_norm_aligned.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

constexpr int kHeldGroups = 1;  // groups a thread keeps; more of them take minutes to compile
constexpr int kBlock = 256;

struct RowNormArguments {
  Elements x, weight, bias, cos_sin, out;
  RowNorm::Kind kind;
  bool has_weight, weight_rows, has_bias, bias_rows, silu, fast_silu, rope, whole_turns;
  float eps, weight_shift, scale;
  int64_t rows;
  int width, head_width;
  int64_t positions, rows_a_position;
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

// Turns the pairs of a group; `inside`: its first column within its head.
__device__ __forceinline__ void rotate(const RowNormArguments& a, int64_t table_row, int inside, int n, float (&v)[8]) {
  float turn[8];
  if (a.whole_turns) {
    load8(a.cos_sin, table_row + inside, n, turn);
  } else {
#pragma unroll 1
    for (int j = 0; j < 8; ++j) {
      const float next = j < n ? load_one(a.cos_sin.data, a.cos_sin.type, table_row + (inside + j) % a.head_width) : 0.0f;
#pragma unroll
      for (int i = 0; i < 7; ++i) turn[i] = turn[i + 1];
      turn[7] = next;
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
__device__ __forceinline__ void finish(const RowNormArguments& a, int64_t from, int64_t table_row, int column, int inside,
                                       int n, float (&v)[8], float mean, float factor) {
  const int64_t at = from + column;
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
    if (a.fast_silu) {
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] = __fdividef(v[j], 1.0f + __expf(-v[j]));
    } else {
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] = silu(v[j]);
    }
  }
  if (a.rope) rotate(a, table_row, inside, n, v);
  store8(a.out, at, n, v);
}

template <bool whole_block>
__global__ void __launch_bounds__(kBlock) row_norm_kernel(RowNormArguments a, int team) {
  const int lane = threadIdx.x % team, teams_here = blockDim.x / team, mine = threadIdx.x / team;
  const int width = a.width, groups = (width + 7) / 8;
  const float inverse_width = 1.0f / static_cast<float>(width);
  int lengths[kHeldGroups], insides[kHeldGroups];
#pragma unroll
  for (int k = 0; k < kHeldGroups; ++k) {
    const int column = (lane + k * team) * 8;
    lengths[k] = width - column < 8 ? (width - column < 0 ? 0 : width - column) : 8;
    insides[k] = a.rope ? column % a.head_width : 0;
  }
  // Beyond what registers keep, in blocks only.
  const int rest = lane + kHeldGroups * team;
  const int64_t step = static_cast<int64_t>(gridDim.x) * teams_here;
  // All teams of a warp go through the loop together, since their sums need the whole warp.
  const int64_t turns = (a.rows + step - 1) / step;
  int64_t row = static_cast<int64_t>(blockIdx.x) * teams_here + mine;
  for (int64_t turn = 0; turn < turns; ++turn, row += step) {
    const bool present = row < a.rows;
    const int64_t from = row * width;
    Raw8 raw[kHeldGroups];
#pragma unroll
    for (int k = 0; k < kHeldGroups; ++k) {
      if (present && lengths[k] > 0) raw[k] = load_raw8(a.x, from + (lane + k * team) * 8, lengths[k]);
    }
    float values[kHeldGroups][8];
    float sum = 0, squares = 0;
#pragma unroll
    for (int k = 0; k < kHeldGroups; ++k) {
#pragma unroll
      for (int j = 0; j < 8; ++j) values[k][j] = 0;
      if (present && lengths[k] > 0) to_floats(a.x, raw[k], lengths[k], values[k]);
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        sum += values[k][j];
        squares = fmaf(values[k][j], values[k][j], squares);
      }
    }
    if constexpr (whole_block) {
#pragma unroll 1
      for (int group = rest; present && group < groups; group += team) {
        float v[8];
        load8(a.x, from + group * 8, width - group * 8 < 8 ? width - group * 8 : 8, v);
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          sum += v[j];
          squares = fmaf(v[j], v[j], squares);
        }
      }
    }
    float mean = 0, factor;
    if (a.kind == RowNorm::Kind::layer) {
      mean = team_sum<whole_block>(sum, team) * inverse_width;
      float variance = 0;
#pragma unroll
      for (int k = 0; k < kHeldGroups; ++k) {
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          const float d = j < lengths[k] ? values[k][j] - mean : 0.0f;
          variance = fmaf(d, d, variance);
        }
      }
      if constexpr (whole_block) {
#pragma unroll 1
        for (int group = rest; present && group < groups; group += team) {
          float v[8];
          const int n = width - group * 8 < 8 ? width - group * 8 : 8;
          load8(a.x, from + group * 8, n, v);
#pragma unroll
          for (int j = 0; j < 8; ++j) {
            const float d = j < n ? v[j] - mean : 0.0f;
            variance = fmaf(d, d, variance);
          }
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
    const int64_t table_row = a.rope ? row / a.rows_a_position % a.positions * a.head_width : 0;
#pragma unroll
    for (int k = 0; k < kHeldGroups; ++k) {
      const int column = (lane + k * team) * 8;
      if (lengths[k] > 0) finish(a, from, table_row, column, insides[k], lengths[k], values[k], mean, factor);
    }
    if constexpr (whole_block) {
#pragma unroll 1
      for (int group = rest; group < groups; group += team) {
        float v[8];
        const int column = group * 8, n = width - column < 8 ? width - column : 8;
        load8(a.x, from + column, n, v);
        finish(a, from, table_row, column, a.rope ? column % a.head_width : 0, n, v, mean, factor);
      }
    }
  }
}

template <bool whole_block>
void launch(CudaContext& ctx, const RowNormArguments& a, int team, unsigned threads) {
  const unsigned blocks = grid_of(a.rows, static_cast<int>(threads) / team, ctx.multiprocessors(), 32);
  row_norm_kernel<whole_block><<<blocks, threads, 0, ctx.stream()>>>(a, team);
}

}  // namespace

void launch_row_norm(CudaContext& ctx, const RowNorm& norm, const Tensor& x, const Tensor& out, const char* name) {
  if (out.numel() == 0) return;
  const int64_t width = norm.width > 0 ? norm.width : x.dim(-1);
  if (width > int64_t{1} << 30) fail("ERR_SHAPE", "Expected rows of at most 2^30 elements for a norm.");
  if (launch_aligned_row_norm(ctx, norm, x, out)) return check_launch(name);
  RowNormArguments a{};
  a.width = static_cast<int>(width);
  a.rows = x.numel() / width;
  a.x = rows_of(x, width);
  a.out = rows_of(out, width);
  a.kind = norm.kind;
  a.eps = norm.eps;
  a.scale = sqrtf(static_cast<float>(width));
  a.weight_shift = norm.weight_shift;
  a.silu = norm.silu;
  // Two units in the last place of float32, far below what bfloat16 keeps.
  a.fast_silu = out.dtype == DType::bf16;
  a.has_weight = norm.weight != nullptr;
  a.has_bias = norm.bias != nullptr;
  a.rope = norm.cos_sin != nullptr;
  if (norm.weight) a.weight = rows_of(*norm.weight, width);
  if (norm.bias) a.bias = rows_of(*norm.bias, width);
  a.weight_rows = norm.weight_rows;
  a.bias_rows = norm.bias_rows;
  a.positions = 1;
  a.rows_a_position = norm.rows_a_position;
  a.head_width = a.width;
  if (norm.cos_sin) {
    a.head_width = static_cast<int>(norm.head_width);
    a.cos_sin = rows_of(*norm.cos_sin, norm.head_width);
    a.positions = norm.cos_sin->dim(0);
    a.whole_turns = norm.head_width % 8 == 0;
  }
  const int groups = (a.width + 7) / 8;
  if (groups <= 32 * kHeldGroups) {
    int team = 2;
    while (team < 32 && team < groups) team *= 2;
    launch<false>(ctx, a, team, kBlock);
  } else {
    const int needed = (groups + 31) / 32 * 32, threads = needed < kBlock ? needed : kBlock;
    launch<true>(ctx, a, threads, static_cast<unsigned>(threads));
  }
  check_launch(name);
}

}  // namespace umbel
