// Any storage type and strides to a float type, contiguous: through float32, rounding to nearest even (convert.h). Runs
// are gathered and converted in pieces that stay in the first-level cache. Bound by memory.
#include <cstring>

#include "core/fail.h"
#include "cpu/convert.h"
#include "cpu/strided.h"

namespace umbel {
namespace {

constexpr int64_t kPiece = 512;

template <class Element>
UMBEL_INLINE void cast_elements(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  const auto* in = static_cast<const Element*>(x.data);
  const DType from_type = x.dtype, to_type = out.dtype;
  for_each_run(ctx, x, [=](int64_t from, int64_t stride, int64_t to, int64_t n) __attribute__((always_inline)) {
    Element gathered[kPiece];
    float floats[kPiece];
    for (int64_t at = 0; at < n; at += kPiece) {
      const int64_t m = n - at < kPiece ? n - at : kPiece;
      const Element* source = in + from + at * stride;
      if (stride != 1) {
        for (int64_t i = 0; i < m; ++i) gathered[i] = source[i * stride];
        source = gathered;
      }
      if (to_type == DType::f32) {
        read_floats(from_type, source, 0, out.f32() + to + at, m);
      } else {
        read_floats(from_type, source, 0, floats, m);
        write_floats(to_type, out.data, to + at, floats, m);
      }
    }
  });
}

void cast(CpuContext& ctx, const Tensor& x, const Tensor& out) {
  if (!is_float(out.dtype)) fail("ERR_DTYPE", "Expected a float type to cast to, got an integer type.");
  switch (dtype_size(x.dtype)) {
    case 4:
      return cast_elements<uint32_t>(ctx, x, out);
    case 2:
      return cast_elements<uint16_t>(ctx, x, out);
    default:
      return cast_elements<uint8_t>(ctx, x, out);
  }
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, cast, umbel::cast)
