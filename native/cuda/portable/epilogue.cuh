#pragma once
// What happens to a sum of a matrix product or convolution before it is written.
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

// + bias, activation, then residual + gate * value (the gate left out: residual + value).
struct Epilogue {
  Elements bias{}, residual{}, gate{}, out{};
  bool has_bias = false, has_residual = false, has_gate = false, gate_rows = false;
  int activation = 0;  // as in include/ops.h
  int64_t width = 0;   // N

  __device__ __forceinline__ float finish(float v, int64_t row, int64_t column) const {
    if (has_bias) v += load_one(bias.data, bias.type, column);
    if (activation) v = activate(v, activation);
    if (has_residual) {
      const float factor =
          has_gate ? load_one(gate.data, gate.type, gate_rows ? row * width + column : column) : 1.0f;
      v = fmaf(factor, v, load_one(residual.data, residual.type, row * width + column));
    }
    return v;
  }
  // Columns `column` and the next, as far as they exist.
  __device__ __forceinline__ void store_pair(float a, float b, int64_t row, int64_t column) const {
    if (column >= width) return;
    const int64_t at = row * width + column;
    a = finish(a, row, column);
    if (column + 1 >= width) return store_one(out.data, out.type, at, a);
    b = finish(b, row, column + 1);
    if (out.aligned && width % 2 == 0 && out.type == DType::f32) {
      *reinterpret_cast<float2*>(static_cast<float*>(out.data) + at) = make_float2(a, b);
    } else if (out.aligned && width % 2 == 0 && out.type == DType::bf16) {
      *reinterpret_cast<uint32_t*>(static_cast<uint16_t*>(out.data) + at) = pack_bf16(a, b);
    } else {
      store_one(out.data, out.type, at, a);
      store_one(out.data, out.type, at + 1, b);
    }
  }
};

}  // namespace
}  // namespace umbel
