#pragma once
#include "cuda/context.h"

namespace umbel {

// The same values in another float type, in scratch memory unless they are of it already. x is contiguous. Defined in
// cast.cu.
Tensor as_type(CudaContext& ctx, const Tensor& x, DType type);

}  // namespace umbel
