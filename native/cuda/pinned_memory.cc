#include "cuda/pinned_memory.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>

#include "core/fail.h"

namespace umbel {

void* PinnedMemory::allocate(size_t bytes) {
  void* data = nullptr;
  const cudaError_t status = cudaHostAlloc(&data, std::max(bytes, size_t{1}), cudaHostAllocDefault);
  if (status != cudaSuccess) {
    cudaGetLastError();  // so that the next launch does not report it
    fail("ERR_OUT_OF_MEMORY",
         "Expected %.1f MiB of host memory to pin beside %.1f MiB that are, got none (%s). Give --pinned less.",
         static_cast<double>(bytes) / 1048576.0, static_cast<double>(allocated.load()) / 1048576.0,
         cudaGetErrorString(status));
  }
  count(allocated.fetch_add(static_cast<int64_t>(bytes)) + static_cast<int64_t>(bytes));
  return data;
}

void PinnedMemory::release(void* data, size_t bytes) noexcept {
  allocated.fetch_sub(static_cast<int64_t>(bytes));
  cudaFreeHost(data);
}

void PinnedMemory::upload(void* target, const void* source, size_t bytes) {
  std::memcpy(target, source, bytes);
}

void PinnedMemory::fill_zero(void* target, size_t bytes) { std::memset(target, 0, bytes); }

}  // namespace umbel
