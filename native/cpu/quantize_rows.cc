// Rows of a matrix as float8 e4m3 with a scale each (quantize_row.h), a row at a time. Bound by memory.
#include "core/cpu_context.h"
#include "core/fail.h"
#include "core/kernel.h"
#include "cpu/quantize_row.h"

namespace umbel {
namespace {

void quantize_rows(CpuContext& ctx, const Tensor& x, const Tensor& values, const Tensor& scales) {
  const int64_t rows = scales.numel(), width = rows == 0 ? 0 : x.numel() / rows;
  if (values.dtype != DType::f8_e4m3 || values.numel() != x.numel() || rows * width != x.numel()) {
    fail("ERR_SHAPE", "Expected float8 e4m3 values like x and a scale for each of its rows.");
  }
  if (!is_float(x.dtype)) fail("ERR_DTYPE", "Expected a float type to quantise, got an integer type.");
  if (width == 0) {
    for (int64_t i = 0; i < rows; ++i) scales.f32()[i] = 1.0f;
    return;
  }
  const size_t row_bytes = sizeof(float) * static_cast<size_t>(width);
  auto* copies = static_cast<float*>(ctx.scratch(row_bytes * static_cast<size_t>(ctx.threads())));
  ctx.parallel_for(rows, 8, [&](int64_t begin, int64_t end, int thread) {
    float* row = copies + thread * width;
    for (int64_t i = begin; i < end && !ctx.cancelled(); ++i) {
      read_floats(x.dtype, x.data, i * width, row, width);
      const RowScale s = row_scale(row, width);
      scales.f32()[i] = s.scale;
      uint8_t* to = values.u8() + i * width;
      for (int64_t k = 0; k < width; ++k) to[k] = quantized(row[k], s);
    }
  });
}

}  // namespace
}  // namespace umbel

UMBEL_KERNEL(cpu, quantize_rows, umbel::quantize_rows)
