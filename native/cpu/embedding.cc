// Rows of a table by id, converted to float32. Bound by memory.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "cpu/convert.h"
#include "cpu/row_sums.h"

namespace umbel {
namespace {

void embedding(CpuContext& ctx, const Tensor& table, const Tensor& ids, const Tensor& out) {
  if (ids.dtype != DType::i32) fail("ERR_DTYPE", "Expected int32 ids, got another type.");
  const int64_t entries = table.dim(0), width = table.dim(1), n = ids.numel();
  const int32_t* id = ids.i32();
  for (int64_t i = 0; i < n; ++i) {
    if (id[i] < 0 || id[i] >= entries) {
      fail("ERR_INVALID_ARGUMENT", "Expected ids below %lld, got %d.", static_cast<long long>(entries), id[i]);
    }
  }
  const DType type = table.dtype;
  const void* rows = table.data;
  float* o = out.f32();
  ctx.parallel_for(n, row_grain(width), [=](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) read_floats(type, rows, id[i] * width, o + i * width, width);
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, embedding, umbel::embedding)
