#pragma once
#include "cuda/context.h"

namespace umbel {

// out = rope(silu?(((x - mean?) * scale_of_row) * (weight + weight_shift) + bias)), row by row: what all norms have in common.
struct RowNorm {
  enum class Kind {
    layer,    // x - mean, times 1 / sqrt(variance + eps)
    rms,      // times 1 / sqrt(mean of squares + eps)
    channel,  // times sqrt(C) / max(|x|, eps)
  };
  Kind kind = Kind::rms;
  float eps = 0;
  const Tensor* weight = nullptr;  // [C], or [S, C] with weight_rows
  bool weight_rows = false;
  float weight_shift = 0;
  const Tensor* bias = nullptr;  // likewise
  bool bias_rows = false;
  bool silu = false;
  const Tensor* cos_sin = nullptr;  // [positions, D / 2, 2]; rows are positions over and over
  int64_t head_width = 0;           // D
  int64_t width = 0;                // of a row; 0: all of the last axis
  int64_t rows_a_position = 1;      // rows that follow each other and turn alike
};

// Defined in row_norm.cu. x [..., C] and out of the same shape.
void launch_row_norm(CudaContext& ctx, const RowNorm& norm, const Tensor& x, const Tensor& out, const char* name);

}  // namespace umbel
