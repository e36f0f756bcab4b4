// Rows of a table by id, converted: table [N, C] of any float type, ids int32. Ids outside the table give zeros and a fault
// that the next fence reports. Bound by memory. H200, 65,536 rows of 4,096 from bfloat16 to float32: 3.68 TB/s,
// 88 % of a copy.
#include "core/fail.h"
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

__global__ void __launch_bounds__(256)
    embedding_kernel(Elements table, const int32_t* ids, Elements out, int64_t entries, int64_t width, int64_t groups,
                     int32_t* fault) {
  const int64_t row_groups = (width + 7) / 8, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t g = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += step) {
    const int64_t row = g / row_groups, column = (g - row * row_groups) * 8;
    const int n = static_cast<int>(width - column < 8 ? width - column : 8);
    const int64_t id = ids[row];
    float v[8] = {};
    if (id >= 0 && id < entries) {
      load8(table, id * width + column, n, v);
    } else {
      *fault = static_cast<int32_t>(CudaFault::embedding_id);
    }
    store8(out, row * width + column, n, v);
  }
}

void embedding(CudaContext& ctx, const Tensor& table, const Tensor& ids, const Tensor& out) {
  if (ids.dtype != DType::i32) fail("ERR_DTYPE", "Expected int32 ids, got another type.");
  if (out.numel() == 0) return;
  const int64_t width = table.dim(1), groups = ids.numel() * ((width + 7) / 8);
  embedding_kernel<<<grid_of(groups, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(
      rows_of(table, width), ids.i32(), rows_of(out, width), table.dim(0), width, groups, ctx.fault());
  check_launch("embedding");
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, embedding, umbel::embedding)
