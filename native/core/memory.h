#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace umbel {

// Memory of one device. `allocated` is what exists now (outputs, uploads, scratch; not mapped files), `live` what JS
// handles still reach whether it was allocated yet or not.
struct MemoryCounters {
  std::atomic<int64_t> live_tensors{0};
  std::atomic<int64_t> live_bytes{0};
  std::atomic<int64_t> allocated{0};
  std::atomic<int64_t> peak{0};
  int64_t limit = 0;  // ERR_OUT_OF_MEMORY above this; set once, before use

  // 64-byte aligned, uninitialised; ERR_OUT_OF_MEMORY. Never null, also for 0 bytes.
  void* allocate(size_t bytes);
  void release(void* data, size_t bytes) noexcept;
  void reset_peak() noexcept { peak.store(allocated.load()); }
};

// Bytes of memory that this process may hope for: the machine's, or the container's when that is less.
int64_t usable_memory();

}  // namespace umbel
