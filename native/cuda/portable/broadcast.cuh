#pragma once
// Two-operand element-wise ops with NumPy's broadcasting. Axes along which both operands advance alike are merged on the
// host; what is left is a row, along which an operand is contiguous or one repeated value, and outer axes. Each thread
// moves groups of eight elements of a row. Equal shapes and scalars are a single row.
#include "core/fail.h"
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

struct BroadcastPlan {
  int rank = 0;  // merged axes, outermost first; the last is the row
  int64_t shape[kMaxRank];
  int64_t stride_a[kMaxRank];
  int64_t stride_b[kMaxRank];
};

// Stride of a contiguous operand along each of the output's axes, 0 where it is repeated.
inline void broadcast_strides(const Tensor& x, const Tensor& out, int64_t* stride) {
  int64_t step = 1;
  for (int i = 1; i <= out.rank; ++i) {
    const int64_t n = i <= x.rank ? x.dim(-i) : 1;
    stride[out.rank - i] = n == 1 ? 0 : step;
    step *= n;
  }
}

inline BroadcastPlan plan_broadcast(const Tensor& a, const Tensor& b, const Tensor& out) {
  int64_t sa[kMaxRank], sb[kMaxRank];
  broadcast_strides(a, out, sa);
  broadcast_strides(b, out, sb);
  BroadcastPlan plan;
  for (int i = 0; i < out.rank; ++i) {
    const int64_t n = out.dim(i);
    if (n == 1) continue;
    const int last = plan.rank - 1;
    if (last >= 0 && plan.stride_a[last] == sa[i] * n && plan.stride_b[last] == sb[i] * n) {
      plan.shape[last] *= n;
      plan.stride_a[last] = sa[i];
      plan.stride_b[last] = sb[i];
    } else {
      plan.shape[plan.rank] = n;
      plan.stride_a[plan.rank] = sa[i];
      plan.stride_b[plan.rank] = sb[i];
      ++plan.rank;
    }
  }
  if (plan.rank == 0) {
    plan.rank = 1;
    plan.shape[0] = 1;
    plan.stride_a[0] = plan.stride_b[0] = 1;
  }
  return plan;
}

// An operand along a row: eight values, or one eight times.
__device__ __forceinline__ void load_row8(const Elements& e, int64_t offset, int64_t column, bool repeated, int n,
                                          float (&v)[8]) {
  if (repeated) {
    const float value = load_one(e.data, e.type, offset);
#pragma unroll
    for (int j = 0; j < 8; ++j) v[j] = value;
  } else {
    load8(e, offset + column, n, v);
  }
}

template <class F>
__global__ void __launch_bounds__(256)
    broadcast_kernel(Elements a, Elements b, Elements out, BroadcastPlan plan, int64_t groups, F f) {
  const int inner = plan.rank - 1;
  const int64_t row = plan.shape[inner], row_groups = (row + 7) / 8;
  const bool repeat_a = plan.stride_a[inner] == 0, repeat_b = plan.stride_b[inner] == 0;
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t g = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += step) {
    int64_t index = 0, column = g * 8, from_a = 0, from_b = 0;
    if (inner > 0) {
      index = g / row_groups;
      column = (g - index * row_groups) * 8;
      int64_t rest = index;
      for (int i = inner - 1; i >= 0; --i) {
        const int64_t next = i > 0 ? rest / plan.shape[i] : 0;
        const int64_t at = rest - next * plan.shape[i];
        from_a += at * plan.stride_a[i];
        from_b += at * plan.stride_b[i];
        rest = next;
      }
    }
    const int n = static_cast<int>(row - column < 8 ? row - column : 8);
    float va[8], vb[8];
    load_row8(a, from_a, column, repeat_a, n, va);
    load_row8(b, from_b, column, repeat_b, n, vb);
#pragma unroll
    for (int j = 0; j < 8; ++j) va[j] = f(va[j], vb[j]);
    store8(out, index * row + column, n, va);
  }
}

// out = f(a, b)
template <class F>
void broadcast_pairs(CudaContext& ctx, const Tensor& a, const Tensor& b, const Tensor& out, F f, const char* name) {
  if (!is_float(a.dtype) || !is_float(b.dtype) || !is_float(out.dtype)) {
    fail("ERR_DTYPE", "Expected two tensors of a float type, got an integer tensor. Cast it first.");
  }
  if (out.numel() == 0) return;
  const BroadcastPlan plan = plan_broadcast(a, b, out);
  const int64_t row = plan.shape[plan.rank - 1], rows = out.numel() / row;
  const int64_t groups = rows * ((row + 7) / 8);
  // A single row may end anywhere; several must each begin at a multiple of eight.
  const int64_t width = plan.rank == 1 ? 8 : row;
  broadcast_kernel<<<grid_of(groups, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(
      rows_of(a, width), rows_of(b, width), rows_of(out, width), plan, groups, f);
  check_launch(name);
}

}  // namespace
}  // namespace umbel
