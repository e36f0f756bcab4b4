// Stands in for cuda/ in a build without nvcc.
#include "core/cuda_backend.h"
#include "core/fail.h"

namespace umbel {
namespace {
constexpr const char* kReason = "this build has no CUDA kernels; install nvcc and run `npm run native:build`";
}

CudaInfo probe_cuda() noexcept {
  CudaInfo info;
  info.reason = kReason;
  return info;
}

std::unique_ptr<Device> open_cuda(const CudaOptions&) {
  fail("ERR_DEVICE", "Expected a CUDA device, got none: %s.", kReason);
}

}  // namespace umbel
