// Attention over the pairs of blocks of a CSR list: checks the list on the GPU, then the kernel that takes the shape.
#include "core/fail.h"
#include "cuda/attention_call.h"

namespace umbel {
namespace {

// Reports a list whose row starts do not rise or whose columns lie outside.
__global__ void __launch_bounds__(256) check_list_kernel(const int32_t* row_ptr, const int32_t* col, int64_t rows,
                                                         int64_t entries, int64_t columns, int64_t groups,
                                                         int32_t* fault) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  bool good = true;
  for (int64_t i = first; i < groups * rows; i += step) {
    const int32_t* start = row_ptr + i / rows * (rows + 1) + i % rows;
    good = good && start[0] >= 0 && start[0] <= start[1] && start[1] <= entries;
  }
  for (int64_t i = first; i < groups * entries; i += step) good = good && col[i] >= 0 && col[i] < columns;
  if (!good) *fault = static_cast<int32_t>(CudaFault::block_list);
}

void block_sparse_attention(CudaContext& ctx, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& row_ptr,
                            const Tensor& col, int64_t block, double scale, int64_t valid_keys, const Tensor& out,
                            const Tensor* lse) {
  const int64_t heads = q.dim(-2), queries = q.dim(-3), keys = k.dim(-3);
  if (q.rank != 3 || k.rank != 3 || k.dim(1) != heads || k.dim(2) != q.dim(2) || v.numel() != k.numel()) {
    fail("ERR_SHAPE", "Expected q [Sq, H, D] with k and v [Sk, H, D] of the same H and D.");
  }
  if (block != 64 && block != 128) {
    fail("ERR_INVALID_ARGUMENT", "Expected a block of 64 or 128 tokens, got %lld.", static_cast<long long>(block));
  }
  const int64_t rows = (queries + block - 1) / block, columns = (keys + block - 1) / block;
  const int64_t groups = row_ptr.dim(0);
  if (row_ptr.dtype != DType::i32 || col.dtype != DType::i32 || row_ptr.rank != 2 || col.rank != 2 ||
      (groups != 1 && groups != heads) || col.dim(0) != groups || row_ptr.dim(1) != rows + 1) {
    fail("ERR_SHAPE", "Expected int32 lists row_ptr [1 or %lld, %lld] and col [the same, n].",
         static_cast<long long>(heads), static_cast<long long>(rows + 1));
  }
  if (out.numel() == 0) return;
  const int64_t items = groups * (rows > col.dim(1) ? rows : col.dim(1));
  const int64_t blocks = (items + 255) / 256;
  check_list_kernel<<<static_cast<unsigned>(blocks < 256 ? (blocks < 1 ? 1 : blocks) : 256), 256, 0, ctx.stream()>>>(
      row_ptr.i32(), col.i32(), rows, col.dim(1), columns, groups, ctx.fault());
  check_launch("block_sparse_attention");
  const int64_t valid = valid_keys < 0 || valid_keys > keys ? keys : valid_keys;
  launch_attention(ctx,
                   {.q = q,
                    .k = k,
                    .v = v,
                    .scale = scale,
                    .valid_keys = valid,
                    .row_ptr = &row_ptr,
                    .col = &col,
                    .block = block},
                   out, lse);
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cuda, block_sparse_attention, umbel::block_sparse_attention)
