#pragma once
// The body of linear_scaled and linear_scaled_gated_residual: x is rounded to float8 with a scale a row, as the GPU's
// tensor cores take it, and multiplied as floats; both scales are applied to the sums.
#include "cpu/gemm_linear.h"
#include "cpu/quantize_row.h"

namespace umbel {
namespace {

UMBEL_INLINE void scaled_linear_into(CpuContext& ctx, const Tensor& x, const Tensor& w, const Tensor& scales,
                                     const Tensor* bias, Epilogue epilogue, const Tensor& out) {
  const int64_t depth = x.dim(-1), rows = depth == 0 ? 0 : x.numel() / depth;
  if (w.dtype != DType::f8_e4m3 || w.rank != 2 || scales.numel() != w.dim(0)) {
    fail("ERR_SHAPE", "Expected a float8 e4m3 weight [N, K] with a scale for each of its rows.");
  }
  Tensor rounded = x;
  rounded.data = ctx.scratch(sizeof(float) * static_cast<size_t>(most(1, x.numel())));
  auto* row_scales = static_cast<float*>(ctx.scratch(sizeof(float) * static_cast<size_t>(most(1, out.numel()))));
  // Without depth the sums are zeros and the scales must only be numbers.
  if (depth == 0) {
    const int64_t count = w.dim(0) == 0 ? 0 : out.numel() / w.dim(0);
    for (int64_t i = 0; i < count; ++i) row_scales[i] = 1.0f;
  }
  ctx.parallel_for(rows, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end && !ctx.cancelled(); ++i) {
      const float* from = x.f32() + i * depth;
      float* to = rounded.f32() + i * depth;
      const RowScale s = row_scale(from, depth);
      row_scales[i] = s.scale;
      for (int64_t k = 0; k < depth; ++k) to[k] = f8_e4m3_to_float(quantized(from[k], s));
    }
  });
  epilogue.row_scales = row_scales;
  epilogue.column_scales = scales.f32();
  linear_into(ctx, rounded, w, bias, epilogue, out);
}

}  // namespace
}  // namespace umbel
