#pragma once
#include "cuda/portable/row_norm.h"

namespace umbel {

// Launches the norm when it is one that row_norm_aligned.cu is for; false: it is not. Its rows are not empty.
bool launch_aligned_row_norm(CudaContext& ctx, const RowNorm& norm, const Tensor& x, const Tensor& out);

}  // namespace umbel
