// Any strides to contiguous, same storage type. Contiguous runs are moved whole, transposes in cache-sized tiles
// (strided.h). Bound by memory.
#include <cstring>

#include "core/kernel.h"
#include "cpu/strided.h"

namespace umbel {
namespace {

template <class Element>
UMBEL_INLINE void copy_elements(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  const auto* in = static_cast<const Element*>(x.data);
  auto* o = static_cast<Element*>(out.data);
  for_each_run(ctx, x, [=](int64_t from, int64_t stride, int64_t to, int64_t n) __attribute__((always_inline)) {
    if (stride == 1 && n >= 16) {
      std::memcpy(o + to, in + from, static_cast<size_t>(n) * sizeof(Element));
    } else {
      const Element* source = in + from;
      for (int64_t i = 0; i < n; ++i, source += stride) o[to + i] = *source;
    }
  });
}

void copy(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  switch (dtype_size(x.dtype)) {
    case 4:
      return copy_elements<uint32_t>(ctx, x, out);
    case 2:
      return copy_elements<uint16_t>(ctx, x, out);
    default:
      return copy_elements<uint8_t>(ctx, x, out);
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, copy, umbel::copy)
