#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace umbel {

// Memory of one device. `allocated` is what exists now (outputs, uploads, scratch; not mapped files), `live` what JS
// handles still reach whether it was allocated yet or not.
//
// Freed blocks of 64 KiB and more are kept for the next op, since new pages cost more than most ops: a 128 MiB a x + b
// on two cores of an AMD EPYC (Zen 3) took 120 ms with fresh pages and 25 ms with kept ones. Kept and allocated blocks
// together never exceed the peak of what was allocated, kept ones alone not a quarter of the limit, and trim() frees
// them.
class MemoryPool {
 public:
  explicit MemoryPool(int64_t limit) : limit_(limit) {}
  ~MemoryPool() { trim(); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // 64-byte aligned, uninitialised; ERR_OUT_OF_MEMORY above the limit. Never null, also for 0 bytes. Any thread.
  void* allocate(size_t bytes);
  void release(void* data, size_t bytes) noexcept;
  void trim() noexcept;
  void reset_peak() noexcept { peak.store(allocated.load()); }

  std::atomic<int64_t> live_tensors{0};
  std::atomic<int64_t> live_bytes{0};
  std::atomic<int64_t> allocated{0};
  std::atomic<int64_t> peak{0};

 private:
  void* reuse(size_t size) noexcept;
  void make_room() noexcept;

  const int64_t limit_;
  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> kept_;  // by size
  int64_t kept_bytes_ = 0;
};

// Bytes of memory that this process may hope for: the machine's, or the container's when that is less.
int64_t usable_memory();

}  // namespace umbel
