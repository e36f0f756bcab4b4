#pragma once
#include "cuda/context.h"

namespace umbel {

// Rows of a matrix as float8 e4m3 with a float32 scale each: x = values * scale, the largest magnitude of a row 448.
struct QuantizedRows {
  void* values;
  float* scales;
};

// x [M, K] contiguous, of float32 or bfloat16; the result in scratch memory. Defined in quantize_rows.cu.
QuantizedRows quantize_rows_of(CudaContext& ctx, const Tensor& x);

}  // namespace umbel
