#pragma once
// What happens to a sum of a matrix product or convolution before it is written.
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

// Times the scales of its row and column, + bias, activation, then residual + gate * value (the gate left out: residual + value).
struct Epilogue {
  Elements bias{}, residual{}, gate{}, out{};
  bool has_bias = false, has_residual = false, has_gate = false, gate_rows = false;
  const float *row_scales = nullptr, *column_scales = nullptr;
  int activation = 0;  // as in include/ops.h
  int64_t width = 0;   // N

  __device__ __forceinline__ float finish(float v, int64_t row, int64_t column) const {
    if (row_scales) v *= row_scales[row];
    if (column_scales) v *= column_scales[column];
    if (has_bias) v += load_one(bias.data, bias.type, column);
    if (activation) v = activate(v, activation);
    if (has_residual) {
      const float factor =
          has_gate ? load_one(gate.data, gate.type, gate_rows ? row * width + column : column) : 1.0f;
      v = fmaf(factor, v, load_one(residual.data, residual.type, row * width + column));
    }
    return v;
  }
  // Columns [column, column + n) of a row, n at most 8: finishes sums and writes them.
  __device__ __forceinline__ void finish8(float (&v)[8], int64_t row, int64_t column, int n) const {
    const int64_t at = row * width + column;
    Raw8 raw_bias, raw_residual, raw_gate;
    if (has_bias) raw_bias = load_raw8(bias, column, n);
    if (has_residual) raw_residual = load_raw8(residual, at, n);
    if (has_gate) raw_gate = load_raw8(gate, gate_rows ? at : column, n);
    if (row_scales || column_scales) {
      const float scale = row_scales ? row_scales[row] : 1.0f;
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] *= column_scales && j < n ? scale * column_scales[column + j] : scale;
    }
    if (has_bias) {
      float b[8];
      to_floats(bias, raw_bias, n, b);
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] += b[j];
    }
    if (activation) {
#pragma unroll 1
      for (int j = 0; j < 8; ++j) {
        // One copy of the activations' code; v stays in registers.
        const float first = activate(v[0], activation);
#pragma unroll
        for (int i = 0; i < 7; ++i) v[i] = v[i + 1];
        v[7] = first;
      }
    }
    if (has_residual) {
      float r[8], g[8];
      to_floats(residual, raw_residual, n, r);
      if (has_gate) to_floats(gate, raw_gate, n, g);
#pragma unroll
      for (int j = 0; j < 8; ++j) v[j] = fmaf(has_gate ? g[j] : 1.0f, v[j], r[j]);
    }
    store8(out, at, n, v);
  }
};

}  // namespace
}  // namespace umbel
