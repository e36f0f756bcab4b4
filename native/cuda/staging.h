#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace umbel {

// Copies between pageable host memory and the GPU through two pinned buffers of fixed size, so that pinned memory stays
// bounded: while one buffer is on its way the other is filled or emptied. Small uploads share a buffer one after the
// other and wait for nothing. Worker thread only.
class Staging {
 public:
  explicit Staging(cudaStream_t stream) : stream_(stream) {}
  ~Staging() { close(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // In the order of the stream; `source` may change when it returns.
  void upload(void* target, const void* source, size_t bytes);
  // Waits until the bytes are there.
  void download(void* target, const void* source, size_t bytes);
  void close() noexcept;

 private:
  struct Buffer {
    uint8_t* data = nullptr;
    cudaEvent_t done = nullptr;
    bool in_flight = false;
  };
  void open();
  void swap();

  const cudaStream_t stream_;
  Buffer buffers_[2];
  int current_ = 0;
  size_t used_ = 0;  // bytes of the current buffer
};

}  // namespace umbel
