#pragma once
// Two-operand element-wise ops with NumPy's broadcasting. Axes of the output along which both operands advance alike
// are merged first, which leaves one long row for equal shapes and scalars, and rows of the last axis for a row vector
// ([S, C] with [C]) or a column ([S, C] with [S, 1]); along a row each operand is contiguous or one repeated value.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "cpu/simd.h"

namespace umbel {
namespace {

struct BroadcastPlan {
  int rank = 0;  // merged axes, outermost first
  int64_t shape[kMaxRank];
  int64_t stride_a[kMaxRank];
  int64_t stride_b[kMaxRank];
};

// Stride of a contiguous operand along each of the output's axes, 0 where it is repeated.
UMBEL_INLINE void broadcast_strides(const Tensor& x, const Tensor& out, int64_t* stride) {
  int64_t step = 1;
  for (int i = 1; i <= out.rank; ++i) {
    const int64_t n = i <= x.rank ? x.dim(-i) : 1;
    stride[out.rank - i] = n == 1 ? 0 : step;
    step *= n;
  }
}

UMBEL_INLINE BroadcastPlan plan_broadcast(const Tensor& a, const Tensor& b, const Tensor& out) {
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

// One row; repeat_a: a is the single value *a.
template <bool repeat_a, bool repeat_b, class F>
UMBEL_INLINE void broadcast_row(const float* a, const float* b, float* out, int64_t n, const F& f) {
  const Vec va = splat(*a), vb = splat(*b);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, f(repeat_a ? va : load(a + i), repeat_b ? vb : load(b + i)));
  const auto rest = static_cast<int>(n - i);
  if (rest > 0) {
    store_tail(out + i, f(repeat_a ? va : load_tail(a + i, rest), repeat_b ? vb : load_tail(b + i, rest)), rest);
  }
}

// Runs the output's elements [begin, end), which may begin and end inside a row.
template <bool repeat_a, bool repeat_b, class F>
UMBEL_INLINE void broadcast_range(const BroadcastPlan& plan, const float* a, const float* b, float* out, int64_t begin,
                                  int64_t end, const F& f) {
  const int inner = plan.rank - 1;
  const int64_t row = plan.shape[inner];
  for (int64_t at = begin; at < end;) {
    int64_t index = at / row;
    const int64_t first = at - index * row;
    const int64_t n = row - first < end - at ? row - first : end - at;
    const float* pa = repeat_a ? a : a + first;
    const float* pb = repeat_b ? b : b + first;
    for (int i = inner - 1; i >= 0; --i) {
      const int64_t next = i > 0 ? index / plan.shape[i] : 0;
      const int64_t coordinate = index - next * plan.shape[i];
      pa += coordinate * plan.stride_a[i];
      pb += coordinate * plan.stride_b[i];
      index = next;
    }
    broadcast_row<repeat_a, repeat_b>(pa, pb, out + at, n, f);
    at += n;
  }
}

// out = f(a, b)
template <class F>
UMBEL_INLINE void broadcast_pairs(CpuContext& ctx, const Tensor& a, const Tensor& b, const Tensor& out, const F& f) {
  if (a.dtype != DType::f32 || b.dtype != DType::f32 || out.dtype != DType::f32) {
    fail("ERR_DTYPE", "Expected two tensors of a float type, got an integer tensor. Cast it first.");
  }
  if (out.numel() == 0) return;
  const BroadcastPlan plan = plan_broadcast(a, b, out);
  const bool repeat_a = plan.stride_a[plan.rank - 1] == 0, repeat_b = plan.stride_b[plan.rank - 1] == 0;
  const float *pa = a.f32(), *pb = b.f32();
  float* o = out.f32();
  ctx.parallel_for(out.numel(), int64_t{1} << 15, [&](int64_t begin, int64_t end, int) {
    if (repeat_a) {
      broadcast_range<true, false>(plan, pa, pb, o, begin, end, f);
    } else if (repeat_b) {
      broadcast_range<false, true>(plan, pa, pb, o, begin, end, f);
    } else {
      broadcast_range<false, false>(plan, pa, pb, o, begin, end, f);
    }
  });
}

}  // namespace
}  // namespace umbel
