// The matrix product of linear and linear_gated_residual. Which kernel does it:
// - up to 8 rows (timestep embeddings and modulation): a warp an output column, float32 throughout; bound by reading W;
// - float32 mode: float_gemm.cuh;
// - bfloat16 mode: operands of other types are rounded to bfloat16 first; then cuBLASLt, where it is and takes the shape,
//   with bias and GELU in its epilogue, and what it cannot do (a gate, a residual) in an element-wise pass behind it;
//   else mma_gemm.cuh, which does all of it in its epilogue.
// H100 SXM, cuBLASLt 13.1, bias, TFLOP/s (F.linear of PyTorch 2.11 in brackets): 69,120 x 5,120 x 5,120 748 (785), x 13,824
// x 5,120 764 (751), with GELU 743, x 5,120 x 13,824 686 (680); linear_gated_residual 5,120 x 5,120 613, its element-wise
// pass included.
#include "core/fail.h"
#include "cuda/cublaslt.h"
#include "cuda/portable/as_type.h"
#include "cuda/portable/float_gemm.cuh"
#include "cuda/portable/linear_product.h"
#include "cuda/portable/mma_gemm.cuh"

namespace umbel {
namespace {

constexpr int64_t kFewRows = 8;

// One warp a column of the output, all rows at once; `depth` in groups of eight elements a lane.
__global__ void __launch_bounds__(256)
    few_rows_kernel(Elements x, Elements w, int rows, int64_t depth, Epilogue epilogue) {
  const int lane = threadIdx.x % 32;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * 8 + threadIdx.x / 32;
  if (column >= epilogue.width) return;
  float sums[kFewRows] = {};
  for (int64_t k = lane * 8; k < depth; k += 256) {
    const int n = static_cast<int>(depth - k < 8 ? depth - k : 8);
    float weights[8];
    load8(w, column * depth + k, n, weights);
#pragma unroll
    for (int i = 0; i < kFewRows; ++i) {
      if (i < rows) {
        float v[8];
        load8(x, i * depth + k, n, v);
#pragma unroll
        for (int j = 0; j < 8; ++j) sums[i] = fmaf(v[j], weights[j], sums[i]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kFewRows; ++i) {
    float v = sums[i];
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    if (lane == 0 && i < rows) {
      store_one(epilogue.out.data, epilogue.out.type, i * epilogue.width + column, epilogue.finish(v, i, column));
    }
  }
}

// The epilogue behind a product that stands in `sums` already.
__global__ void __launch_bounds__(256) epilogue_kernel(Elements sums, Epilogue epilogue, int64_t groups) {
  const int64_t row_groups = (epilogue.width + 7) / 8, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t g = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; g < groups; g += step) {
    const int64_t row = g / row_groups, column = (g - row * row_groups) * 8, at = row * epilogue.width + column;
    const int n = static_cast<int>(epilogue.width - column < 8 ? epilogue.width - column : 8);
    float v[8];
    load8(sums, at, n, v);
    epilogue.finish8(v, row, column, n);
  }
}

bool is_aligned(const void* p, size_t bytes) { return reinterpret_cast<uintptr_t>(p) % bytes == 0; }

// True when cuBLASLt made the product and what follows it was launched too.
bool try_cublaslt(CudaContext& ctx, const Tensor& x, const Tensor& w, const LinearProduct& product, int64_t m,
                  const Tensor& out, Epilogue epilogue) {
  CublasLt* lt = ctx.cublaslt();
  const int64_t n = w.dim(0), k = w.dim(1);
  // Its heuristics take 256-byte alignment for granted.
  if (lt == nullptr || k == 0 || k % 8 != 0 || n % 8 != 0 || !is_aligned(x.data, 256) || !is_aligned(w.data, 256) ||
      !is_aligned(out.data, 256)) {
    return false;
  }
  // Before a gate and a residual the sums pass through memory as bfloat16.
  const bool direct = product.residual == nullptr;
  LtProduct p{};
  p.x = x.data;
  p.w = w.data;
  p.m = m, p.n = n, p.k = k;
  p.out_type = p.bias_type = direct ? out.dtype : DType::bf16;
  p.out = direct ? out.data : ctx.scratch(static_cast<size_t>(m * n) * dtype_size(p.out_type));
  p.gelu = product.activation == 1;
  if (product.bias) p.bias = as_type(ctx, *product.bias, p.bias_type).data;
  void* workspace = ctx.scratch(CublasLt::kWorkspaceBytes);
  bool done = lt->multiply(p, workspace, ctx.stream());
  if (!done && (p.bias || p.gelu)) {
    p.bias = nullptr;
    p.gelu = false;
    done = lt->multiply(p, workspace, ctx.stream());
  }
  if (!done) return false;
  if (p.bias) epilogue.has_bias = false;
  if (p.gelu) epilogue.activation = 0;
  if (direct && !epilogue.has_bias && epilogue.activation == 0) return true;
  Tensor sums = out;
  sums.data = p.out;
  sums.dtype = p.out_type;
  const int64_t groups = m * ((n + 7) / 8);
  epilogue_kernel<<<grid_of(groups, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(rows_of(sums, n), epilogue,
                                                                                        groups);
  check_launch("linear");
  return true;
}

}  // namespace

void launch_linear(CudaContext& ctx, const LinearProduct& product, const Tensor& out, const char* name) {
  const Tensor &x = product.x, &w = product.w;
  if (w.rank != 2 || x.dim(-1) != w.dim(1) || out.dim(-1) != w.dim(0)) {
    fail("ERR_SHAPE", "Expected x [..., %lld] for a weight [%lld, %lld], got a last axis of %lld.",
         static_cast<long long>(w.dim(1)), static_cast<long long>(w.dim(0)), static_cast<long long>(w.dim(1)),
         static_cast<long long>(x.dim(-1)));
  }
  if (!is_float(w.dtype)) fail("ERR_DTYPE", "Expected a weight of a float type, got an integer type.");
  if (out.numel() == 0) return;
  const int64_t n = w.dim(0), depth = w.dim(1), m = out.numel() / n;
  Epilogue epilogue;
  epilogue.out = rows_of(out, n);
  epilogue.width = n;
  epilogue.activation = static_cast<int>(product.activation);
  if (product.bias) {
    epilogue.bias = rows_of(*product.bias, n);
    epilogue.has_bias = true;
  }
  if (product.residual) {
    epilogue.residual = rows_of(*product.residual, n);
    epilogue.has_residual = true;
    epilogue.gate = rows_of(*product.gate, n);
    epilogue.has_gate = true;
    epilogue.gate_rows = product.gate->rank > 1;
  }
  if (m <= kFewRows) {
    few_rows_kernel<<<static_cast<unsigned>((n + 7) / 8), 256, 0, ctx.stream()>>>(
        rows_of(x, depth), rows_of(w, depth), static_cast<int>(m), depth, epilogue);
    return check_launch(name);
  }
  if (!ctx.bf16_compute()) {
    FloatGemmArguments<FloatMatrixRows> g{{elements_of(x), depth}, elements_of(w), m, n, depth, 0, epilogue};
    return launch_float_gemm(ctx, g, name);
  }
  const Tensor left = as_type(ctx, x, DType::bf16), right = as_type(ctx, w, DType::bf16);
  if (try_cublaslt(ctx, left, right, product, m, out, epilogue)) return;
  GemmArguments<MatrixRows> g{};
  g.rows = {static_cast<const __nv_bfloat16*>(left.data), m, depth};
  g.w = static_cast<const __nv_bfloat16*>(right.data);
  g.m = m, g.n = n, g.depth = depth;
  g.epilogue = epilogue;
  const bool vectors = depth % 8 == 0 && is_aligned(left.data, 16) && is_aligned(right.data, 16);
  launch_mma_gemm<MatrixRows, 128, 4>(ctx, g, vectors, name);
}

}  // namespace umbel
