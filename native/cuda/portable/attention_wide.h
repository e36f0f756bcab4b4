#pragma once
#include "cuda/attention.h"

namespace umbel::cuda {

// Shared memory that its blocks of threads may need.
constexpr int kWideSharedBytes = 160 * 1024;

// Dense attention without a bias for bfloat16 heads 256, 384 or 512 wide, as attention.cc lets pass. Defined in
// attention_wide.cu.
cudaError_t attention_wide(const AttentionArguments& a, cudaStream_t stream);

}  // namespace umbel::cuda
