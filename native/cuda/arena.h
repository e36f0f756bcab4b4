#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <mutex>

#include "core/memory.h"
#include "cuda/chunks.h"
#include "cuda/heap.h"
#include "cuda/staging.h"

namespace umbel {

// Memory of one GPU within a budget: a heap (heap.h) over chunks of the driver's virtual memory.
//
// A block is free for the next op as soon as its last holder lets go, also while the op that used it still runs: all ops
// and copies follow each other on one stream. Chunks without a block go back to the driver when the device is idle.
class CudaArena final : public Memory {
 public:
  // `budget`: bytes of all chunks together. `stream`: that of all ops.
  CudaArena(int ordinal, int64_t budget, cudaStream_t stream);
  ~CudaArena() override;
  CudaArena(const CudaArena&) = delete;
  CudaArena& operator=(const CudaArena&) = delete;

  void* allocate(size_t bytes) override;
  void release(void* data, size_t bytes) noexcept override;
  void trim() noexcept override;
  bool on_host() const override { return false; }
  void upload(void* target, const void* source, size_t bytes) override;
  void upload_file(void* target, const FileMapping& file, size_t offset, size_t bytes) override;
  void fill_zero(void* target, size_t bytes) override;
  void download(void* target, const void* source, size_t bytes);
  // Before the stream goes: staging buffers and all that nobody holds are given back.
  void detach() noexcept;

  int64_t budget() const { return budget_; }

 private:
  [[noreturn]] void out_of_memory(size_t bytes);

  const int ordinal_;
  const int64_t budget_;
  const cudaStream_t stream_;
  Staging staging_;
  std::mutex mutex_;
  std::unique_ptr<CudaChunks> large_, small_;
  Heap heap_;  // goes before the chunks
};

}  // namespace umbel
