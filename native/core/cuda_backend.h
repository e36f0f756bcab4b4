#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "core/device.h"

namespace umbel {

// What a machine and this build offer in CUDA.
struct CudaInfo {
  bool available = false;
  std::string reason;          // why not, a sentence; empty when available
  std::string name;            // the GPU's
  std::string capability;      // "9.0"
  std::string kernels;         // "sm90", "portable"
  std::string matrix_library;  // "cuBLASLt 13.1", or why our own kernel stands in
  int64_t memory_bytes = 0;
  int64_t free_bytes = 0;
};

struct CudaOptions {
  int64_t memory_limit = 0;  // bytes; 0: what is free, less a margin
  bool bf16_compute = true;  // false: float32 throughout
};

// Defined in cuda/device.cc, or in cuda_absent.cc where the build has no CUDA.
CudaInfo probe_cuda() noexcept;
// Throws ERR_DEVICE.
std::unique_ptr<Device> open_cuda(const CudaOptions& options);

}  // namespace umbel
