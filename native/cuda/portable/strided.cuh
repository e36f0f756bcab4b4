#pragma once
// A strided tensor in the order of its contiguous copy: axes that advance alike are merged on the host.
#include "core/tensor.h"

namespace umbel {
namespace {

struct StridedPlan {
  int rank = 0;  // merged axes, outermost first; at least 1
  int64_t shape[kMaxRank];
  int64_t stride[kMaxRank];  // in elements of the source
};

inline StridedPlan plan_strided(const Tensor& x) {
  StridedPlan plan;
  for (int i = 0; i < x.rank; ++i) {
    const int64_t n = x.dim(i), stride = x.stride[static_cast<size_t>(i)];
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
  return plan;
}

// Where element `index` of the contiguous copy lies in the source.
template <class Index>
__device__ __forceinline__ int64_t source_offset(const StridedPlan& plan, Index index) {
  int64_t offset = 0;
  for (int i = plan.rank - 1; i > 0; --i) {
    const auto n = static_cast<Index>(plan.shape[i]);
    const Index next = index / n;
    offset += static_cast<int64_t>(index - next * n) * plan.stride[i];
    index = next;
  }
  return offset + static_cast<int64_t>(index) * plan.stride[0];
}

}  // namespace
}  // namespace umbel
