#pragma once
// Walks a strided tensor in the order of its contiguous copy, in runs along the last axis. Axes that advance alike are
// merged first. When the last axis is strided and another axis is contiguous (a transpose), runs are visited in tiles
// of 16 along the contiguous axis by 256 along the last, so that each cache line read serves 16 runs.
#include "core/cpu_context.h"
#include "core/tensor.h"

namespace umbel {
namespace {

struct StridedPlan {
  int rank = 0;  // merged axes, outermost first; at least 1
  int64_t shape[kMaxRank];
  int64_t stride[kMaxRank];  // in elements of the source
  int64_t step[kMaxRank];    // in elements of the contiguous copy
  int unit = -1;             // axis with stride 1 when it is not the last
};

UMBEL_INLINE StridedPlan plan_strided(const Tensor& x) {
  StridedPlan plan;
  for (int i = 0; i < x.rank; ++i) {
    const int64_t n = x.dim(i), stride = x.stride.data()[i];
    if (n == 1) continue;
    const int last = plan.rank - 1;
    if (last >= 0 && plan.stride[last] == stride * n) {
      plan.shape[last] *= n;
      plan.stride[last] = stride;
    } else {
      plan.shape[plan.rank] = n;
      plan.stride[plan.rank] = stride;
      ++plan.rank;
    }
  }
  if (plan.rank == 0) {
    plan.rank = 1;
    plan.shape[0] = plan.stride[0] = 1;
  }
  int64_t step = 1;
  for (int i = plan.rank - 1; i >= 0; --i) {
    plan.step[i] = step;
    step *= plan.shape[i];
    if (i < plan.rank - 1 && plan.stride[plan.rank - 1] != 1 && plan.stride[i] == 1) plan.unit = i;
  }
  return plan;
}

constexpr int64_t kTileRuns = 16;
constexpr int64_t kTileColumns = 256;
constexpr int64_t kLongRun = int64_t{1} << 14;

UMBEL_INLINE int64_t pieces(int64_t n, int64_t piece) {
  return (n + piece - 1) / piece;
}

// Calls run(source offset, source stride, copy offset, n) for runs that together cover the tensor.
template <class F>
UMBEL_INLINE void for_each_run(CpuContext& ctx, const Tensor& x, const F& run) {
  const int64_t total = x.numel();
  if (total == 0) return;
  const StridedPlan plan = plan_strided(x);
  const int inner = plan.rank - 1, unit = plan.unit;
  const int64_t row = plan.shape[inner];
  const int64_t columns = unit >= 0 ? kTileColumns : kLongRun;
  const int64_t column_pieces = pieces(row, columns);
  const int64_t unit_pieces = unit >= 0 ? pieces(plan.shape[unit], kTileRuns) : 1;
  int64_t others = 1;
  for (int i = 0; i < inner; ++i) others *= i == unit ? 1 : plan.shape[i];
  const int64_t items = others * unit_pieces * column_pieces;
  const int64_t grain = pieces(items << 15, total);
  ctx.parallel_for(items, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t index = item;
      int64_t next = index / column_pieces;
      const int64_t column = (index - next * column_pieces) * columns;
      index = next;
      next = index / unit_pieces;
      const int64_t first = (index - next * unit_pieces) * kTileRuns;
      index = next;
      int64_t from = column * plan.stride[inner], to = column;
      for (int i = inner - 1; i >= 0; --i) {
        if (i == unit) continue;
        next = index / plan.shape[i];
        const int64_t coordinate = index - next * plan.shape[i];
        from += coordinate * plan.stride[i];
        to += coordinate * plan.step[i];
        index = next;
      }
      const int64_t n = row - column < columns ? row - column : columns;
      if (unit < 0) {
        run(from, plan.stride[inner], to, n);
        continue;
      }
      const int64_t last = plan.shape[unit] - first < kTileRuns ? plan.shape[unit] : first + kTileRuns;
      for (int64_t u = first; u < last; ++u) run(from + u, plan.stride[inner], to + u * plan.step[unit], n);
    }
  });
}

}  // namespace
}  // namespace umbel
