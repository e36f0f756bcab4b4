#pragma once
#include <cuda_runtime_api.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "core/memory.h"
#include "cuda/staging.h"

namespace umbel {

// Memory of one GPU within a budget: segments from cudaMalloc, cut into blocks by best fit; free neighbours are joined.
//
// A block is free for the next op as soon as its last holder lets go, also while the op that used it still runs: all ops
// and copies follow each other on one stream. Segments that hold no block go back to the driver when room is needed
// inside the budget, and when the device is idle.
class CudaArena final : public Memory {
 public:
  // `budget`: bytes of all segments together. `stream`: that of all ops.
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
  struct Block {
    size_t size;
    bool free;
    bool first;  // of its segment
  };
  using Blocks = std::map<char*, Block>;

  Blocks::iterator take(size_t size);
  void add_segment(char* data, size_t size);
  bool grow(size_t size);
  void free_empty_segments() noexcept;
  [[noreturn]] void out_of_memory(size_t bytes);

  const int ordinal_;
  const int64_t budget_;
  const cudaStream_t stream_;
  Staging staging_;
  std::mutex mutex_;
  Blocks blocks_;                            // by address
  std::set<std::pair<size_t, char*>> free_;  // by size
  int64_t reserved_ = 0;
  bool driver_refused_ = false;
};

}  // namespace umbel
