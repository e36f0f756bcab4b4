#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/file_mapping.h"
#include "core/thread_pool.h"

namespace umbel {

// Copies between pageable host memory, or files, and the GPU through a ring of pinned buffers of fixed size, so that
// pinned memory stays bounded: while buffers are on their way the next one is filled, by several threads where it is
// worth it. Small uploads share a buffer one after the other and wait for nothing. Worker thread only.
class Staging {
 public:
  explicit Staging(cudaStream_t stream) : stream_(stream) {}
  ~Staging() { close(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // In the order of the stream; `source` may change when it returns.
  void upload(void* target, const void* source, size_t bytes);
  // Bytes of a file, read rather than mapped: pages of the mapping would have to be entered one by one. ERR_FILE.
  void upload(void* target, const FileMapping& file, size_t offset, size_t bytes);
  // Waits until the bytes are there.
  void download(void* target, const void* source, size_t bytes);
  void close() noexcept;

 private:
  static constexpr int kBuffers = 4;
  struct Buffer {
    uint8_t* data = nullptr;
    cudaEvent_t done = nullptr;
    bool in_flight = false;
  };
  // Writes n bytes from `at` of the source to `through`; on any thread.
  using Fill = std::function<void(uint8_t* through, size_t at, size_t n)>;

  void open();
  void swap();
  void drain();
  void upload_by(void* target, size_t bytes, const Fill& fill);
  void fill_in_parallel(uint8_t* through, size_t at, size_t n, const Fill& fill);

  const cudaStream_t stream_;
  std::unique_ptr<ThreadPool> readers_;
  Buffer buffers_[kBuffers];
  int current_ = 0;
  size_t used_ = 0;  // bytes of the current buffer
};

}  // namespace umbel
