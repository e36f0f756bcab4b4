// The matrix product of linear, linear_gated_residual and their scaled kin. Which kernel does it:
// - up to 8 rows (timestep embeddings and modulation): a warp an output column, float32 throughout; bound by reading W;
// - float32 mode: float_gemm.cuh;
// - bfloat16 mode: operands of other types are rounded to bfloat16 first, or to float8 with a scale a row where W is
//   float8 with scales and the GPU multiplies float8 (sm_89 and later). Then, as choose_linear says (cuda/linear.h), the
//   Hopper kernel (sm90/linear.cu) or mma_gemm.cuh, which do all of it in their epilogues, or cuBLASLt with bias and GELU
//   in its epilogue and the rest in an element-wise pass behind it.
// H100 SXM, cuBLASLt 13.1, bias, TFLOP/s (F.linear of PyTorch 2.11 in brackets): 69,120 x 5,120 x 5,120 748 (785), x 13,824
// x 5,120 764 (751), with GELU 743, x 5,120 x 13,824 686 (680); linear_gated_residual 5,120 x 5,120 613, its element-wise
// pass included.
#include "core/fail.h"
#include "cuda/cublaslt.h"
#include "cuda/linear.h"
#include "cuda/portable/as_type.h"
#include "cuda/portable/float_gemm.cuh"
#include "cuda/portable/linear_product.h"
#include "cuda/portable/mma_gemm.cuh"
#include "cuda/portable/quantize_rows.h"

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

// A row [n] as a tensor.
Tensor row_tensor(const cuda::LinearOperand& row, int64_t n) {
  Tensor t;
  t.data = const_cast<void*>(row.data);
  t.dtype = row.type;
  t.rank = 1;
  t.shape[0] = n;
  t.stride[0] = 1;
  return t;
}

Elements elements_of(const cuda::LinearOperand& o, int64_t n) {
  return {const_cast<void*>(o.data), o.type, n % 8 == 0 && is_aligned(o.data, 16)};
}
Epilogue epilogue_of(const cuda::LinearArguments& a) {
  Epilogue e;
  e.out = elements_of({a.out, a.out_type}, a.n);
  e.width = a.n;
  e.activation = a.activation;
  e.row_scales = a.x_scales;
  e.column_scales = a.w_scales;
  e.bias = elements_of(a.bias, a.n);
  e.residual = elements_of(a.residual, a.n);
  e.gate = elements_of(a.gate, a.n);
  e.has_bias = a.bias.data != nullptr;
  e.has_residual = a.residual.data != nullptr;
  e.has_gate = a.gate.data != nullptr;
  e.gate_rows = a.gate_rows;
  return e;
}

// True when cuBLASLt made the product and what follows it was launched too.
bool try_cublaslt(CudaContext& ctx, const cuda::LinearArguments& a, const Tensor& out) {
  Epilogue epilogue = epilogue_of(a);
  CublasLt* lt = ctx.cublaslt();
  // Before a gate and a residual the sums pass through memory as bfloat16.
  const bool direct = a.residual.data == nullptr;
  LtProduct p{};
  p.x = a.x;
  p.w = a.w;
  p.m = a.m, p.n = a.n, p.k = a.k;
  p.type = a.type;
  p.x_scales = a.x_scales;
  p.w_scales = a.w_scales;
  p.out_type = p.bias_type = direct ? out.dtype : DType::bf16;
  p.out = direct ? out.data : ctx.scratch(static_cast<size_t>(a.m * a.n) * dtype_size(p.out_type));
  // The element-wise pass adds the bias where it would be rounded, and to float8 products where that pass is needed anyway.
  const bool plain = a.type == DType::bf16, alone = direct && a.activation <= 1;
  const bool fused_bias = (plain || alone) && !cuda::rounds_bias_in_cublaslt(a);
  p.gelu = alone && a.activation == 1 && (fused_bias || !a.bias.data);
  if (fused_bias && a.bias.data) p.bias = as_type(ctx, row_tensor(a.bias, a.n), p.bias_type).data;
  void* workspace = ctx.scratch(CublasLt::kWorkspaceBytes);
  bool done = lt->multiply(p, workspace, ctx.stream());
  if (!done && p.gelu) {
    p.gelu = false;
    done = lt->multiply(p, workspace, ctx.stream());
  }
  if (!done && p.bias) {
    p.bias = nullptr;
    done = lt->multiply(p, workspace, ctx.stream());
  }
  if (!done) return false;
  if (p.bias) epilogue.has_bias = false;
  if (p.gelu) epilogue.activation = 0;
  epilogue.row_scales = epilogue.column_scales = nullptr;
  if (direct && !epilogue.has_bias && epilogue.activation == 0) return true;
  Tensor sums = out;
  sums.data = p.out;
  sums.dtype = p.out_type;
  const int64_t groups = a.m * ((a.n + 7) / 8);
  epilogue_kernel<<<grid_of(groups, 256, ctx.multiprocessors()), 256, 0, ctx.stream()>>>(rows_of(sums, a.n), epilogue,
                                                                                        groups);
  check_launch("linear");
  return true;
}

void run_portable(CudaContext& ctx, const cuda::LinearArguments& a) {
  // Two values of float8 are one element to mma_gemm.cuh.
  const bool float8 = a.type == DType::f8_e4m3;
  GemmArguments<MatrixRows> g{};
  g.depth = float8 ? a.k / 2 : a.k;
  g.rows = {static_cast<const __nv_bfloat16*>(a.x), a.m, g.depth};
  g.w = static_cast<const __nv_bfloat16*>(a.w);
  g.m = a.m, g.n = a.n;
  g.epilogue = epilogue_of(a);
  const bool vectors = g.depth % 8 == 0 && is_aligned(a.x, 16) && is_aligned(a.w, 16);
  if (float8) {
    launch_mma_gemm<MatrixRows, 128, 4, true>(ctx, g, vectors, "linear");
  } else {
    launch_mma_gemm<MatrixRows, 128, 4>(ctx, g, vectors, "linear");
  }
}

void check_shapes(const LinearProduct& product, const Tensor& out) {
  const Tensor &x = product.x, &w = product.w;
  if (w.rank != 2 || x.dim(-1) != w.dim(1) || out.dim(-1) != w.dim(0)) {
    fail("ERR_SHAPE", "Expected x [..., %lld] for a weight [%lld, %lld], got a last axis of %lld.",
         static_cast<long long>(w.dim(1)), static_cast<long long>(w.dim(0)), static_cast<long long>(w.dim(1)),
         static_cast<long long>(x.dim(-1)));
  }
  if (!is_float(w.dtype)) fail("ERR_DTYPE", "Expected a weight of a float type, got an integer type.");
  if (product.w_scales && (w.dtype != DType::f8_e4m3 || product.w_scales->numel() != w.dim(0))) {
    fail("ERR_SHAPE", "Expected a float8 e4m3 weight with a scale for each of %lld rows.",
         static_cast<long long>(w.dim(0)));
  }
}

}  // namespace

bool run_linear_path(CudaContext& ctx, const cuda::LinearArguments& a, cuda::LinearPath path, const Tensor& out) {
  if (path == cuda::LinearPath::cublaslt) return try_cublaslt(ctx, a, out);
  if (path == cuda::LinearPath::portable) {
    run_portable(ctx, a);
  } else {
    check_cuda(cuda::linear_sm90(a, {}, ctx.multiprocessors(), ctx.stream()), "linear");
  }
  return true;
}

void launch_linear(CudaContext& ctx, const LinearProduct& product, const Tensor& out, const char* name) {
  check_shapes(product, out);
  const Tensor &x = product.x, &w = product.w;
  if (out.numel() == 0) return;
  const int64_t n = w.dim(0), depth = w.dim(1), m = out.numel() / n;
  cuda::LinearArguments a{};
  a.m = m, a.n = n, a.k = depth;
  a.activation = static_cast<int>(product.activation);
  a.out = out.data;
  a.out_type = out.dtype;
  if (product.bias) {
    const Tensor& bias = *product.bias;
    const bool plain = bias.dtype == DType::f32 || bias.dtype == DType::bf16;
    const Tensor readable = plain ? bias : as_type(ctx, bias, DType::f32);
    a.bias = {readable.data, readable.dtype};
  }
  if (product.residual) {
    a.residual = {product.residual->data, product.residual->dtype};
    a.gate = {product.gate->data, product.gate->dtype};
    a.gate_rows = product.gate->rank > 1;
  }
  Tensor left = x;
  if (product.w_scales) {
    a.w_scales = as_type(ctx, *product.w_scales, DType::f32).f32();
    // Older GPUs multiply the weights, which are exact in bfloat16, by x as it is.
    if (depth > 0 && (ctx.capability() >= 89 || !ctx.bf16_compute())) {
      const QuantizedRows rows = quantize_rows_of(ctx, x);
      left.data = rows.values;
      left.dtype = DType::f8_e4m3;
      a.x_scales = rows.scales;
    }
  }
  if (m <= kFewRows) {
    few_rows_kernel<<<static_cast<unsigned>((n + 7) / 8), 256, 0, ctx.stream()>>>(
        rows_of(left, depth), rows_of(w, depth), static_cast<int>(m), depth, epilogue_of(a));
    return check_launch(name);
  }
  if (!ctx.bf16_compute()) {
    FloatGemmArguments<FloatMatrixRows> g{{elements_of(left), depth}, elements_of(w), m, n, depth, 0, epilogue_of(a)};
    return launch_float_gemm(ctx, g, name);
  }
  // Rows of an odd length are multiplied as bfloat16, which holds float8 exactly.
  a.type = a.x_scales && depth % 2 == 0 ? DType::f8_e4m3 : DType::bf16;
  a.x = as_type(ctx, left, a.type).data;
  a.w = as_type(ctx, w, a.type).data;
  // Scales of products of bfloat16 have no place in the other paths.
  if (a.w_scales && a.type == DType::bf16) return run_portable(ctx, a);
  const CublasLt* lt = ctx.cublaslt();
  const cuda::LinearDevice device{ctx.capability(), lt != nullptr, lt != nullptr && lt->has_scales()};
  if (run_linear_path(ctx, a, cuda::choose_linear(a, device).path, out)) return;
  // cuBLASLt has no algorithm for the shape after all.
  const cuda::LinearDevice without{device.capability, false, false};
  run_linear_path(ctx, a, cuda::choose_linear(a, without).path, out);
}

}  // namespace umbel
