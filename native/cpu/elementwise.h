#pragma once
// Element-wise maps over contiguous float32 tensors. The last, partial vector goes through the same vector function as
// all others, so that an element's result does not depend on where a range begins.
#include "core/cpu_context.h"
#include "cpu/simd.h"

namespace umbel {
namespace {

// Elements a range: some 10 microseconds of memory traffic.
constexpr int64_t kElementGrain = int64_t{1} << 15;

// out[i] = f(x[i])
template <class F>
UMBEL_INLINE void map_elements(CpuContext& ctx, const Tensor& x, const Tensor& out, const F& f) {
  const float* in = x.f32();
  float* o = out.f32();
  ctx.parallel_for(x.numel(), kElementGrain, [=](int64_t begin, int64_t end, int) {
    int64_t i = begin;
    for (; i + kWidth <= end; i += kWidth) store(o + i, f(load(in + i)));
    const auto rest = static_cast<int>(end - i);
    if (rest > 0) store_tail(o + i, f(load_tail(in + i, rest)), rest);
  });
}

// out[i] = f(x[i], y[i])
template <class F>
UMBEL_INLINE void map_pairs(CpuContext& ctx, const Tensor& x, const Tensor& y, const Tensor& out, const F& f) {
  const float *in = x.f32(), *other = y.f32();
  float* o = out.f32();
  ctx.parallel_for(x.numel(), kElementGrain, [=](int64_t begin, int64_t end, int) {
    int64_t i = begin;
    for (; i + kWidth <= end; i += kWidth) store(o + i, f(load(in + i), load(other + i)));
    const auto rest = static_cast<int>(end - i);
    if (rest > 0) store_tail(o + i, f(load_tail(in + i, rest), load_tail(other + i, rest)), rest);
  });
}

}  // namespace
}  // namespace umbel
