#pragma once
// Device memory of the checks, and whether a kernel wrote outside its output.
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "cuda/attention.h"

namespace umbel::cuda::check {

inline void must(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  std::printf("ERROR %s: %s\n", what, cudaGetErrorString(status));
  std::fflush(stdout);
  std::_Exit(4);
}

struct Memory {
  void* data = nullptr;
  size_t bytes = 0;

  Memory() = default;
  explicit Memory(size_t size) : bytes(size) { must(cudaMalloc(&data, size ? size : 1), "device memory"); }
  explicit Memory(const std::vector<int32_t>& values) : Memory(values.size() * 4) {
    must(cudaMemcpy(data, values.data(), bytes, cudaMemcpyHostToDevice), "a copy");
  }
  Memory(Memory&& other) noexcept { *this = std::move(other); }
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data, other.data);
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~Memory() { cudaFree(data); }
};

// Elements of a memory filled with ones that are no longer that and are not of the tensor in it.
inline int written_outside(const Memory& memory, const void* data, const AttentionStrides& s, size_t size, int batch,
                           int tokens, int heads, int width) {
  std::vector<uint8_t> bytes(memory.bytes);
  must(cudaMemcpy(bytes.data(), memory.data, memory.bytes, cudaMemcpyDeviceToHost), "a copy");
  const auto offset = static_cast<size_t>(static_cast<const char*>(data) - static_cast<const char*>(memory.data));
  for (int b = 0; b < batch; ++b) {
    for (int t = 0; t < tokens; ++t) {
      for (int h = 0; h < heads; ++h) {
        const size_t at = offset + static_cast<size_t>(b * s.batch + t * s.token + h * s.head) * size;
        for (size_t i = 0; i < width * size; ++i) bytes[at + i] = 0xFF;
      }
    }
  }
  int wrong = 0;
  for (uint8_t byte : bytes) wrong += byte != 0xFF;
  return wrong;
}

}  // namespace umbel::cuda::check
