#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace umbel {

class FileMapping;

// Memory of one device. `allocated` is what exists now (outputs, uploads, scratch; not files mapped in place), `live` what
// JS handles still reach whether it was allocated yet or not.
class Memory {
 public:
  virtual ~Memory() = default;

  // Uninitialised; ERR_OUT_OF_MEMORY above the limit. Never null, also for 0 bytes.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* data, size_t bytes) noexcept = 0;  // any thread
  virtual void trim() noexcept = 0;
  // Whether kernels read and write it where host code can too.
  virtual bool on_host() const = 0;
  // Contents from the host, and zeros; in the order of the device's ops, on its worker thread.
  virtual void upload(void* target, const void* source, size_t bytes) = 0;
  virtual void fill_zero(void* target, size_t bytes) = 0;
  // Contents from a file; ERR_FILE.
  virtual void upload_file(void* target, const FileMapping& file, size_t offset, size_t bytes);
  void reset_peak() noexcept { peak.store(allocated.load()); }

  std::atomic<int64_t> live_tensors{0};
  std::atomic<int64_t> live_bytes{0};
  std::atomic<int64_t> allocated{0};
  std::atomic<int64_t> peak{0};

 protected:
  // Counts bytes that were just taken.
  void count(int64_t now) noexcept {
    int64_t seen = peak.load();
    while (seen < now && !peak.compare_exchange_weak(seen, now)) {
    }
  }
};

// Host memory.
//
// Freed blocks of 64 KiB and more are kept for the next op, since new pages cost more than most ops: a 128 MiB a x + b
// on two cores of an AMD EPYC (Zen 3) took 120 ms with fresh pages and 25 ms with kept ones. Kept and allocated blocks
// together never exceed the peak of what was allocated, kept ones alone not a quarter of the limit, and trim() frees
// them.
class MemoryPool final : public Memory {
 public:
  explicit MemoryPool(int64_t limit) : limit_(limit) {}
  ~MemoryPool() override { trim(); }
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // 64-byte aligned; any thread.
  void* allocate(size_t bytes) override;
  void release(void* data, size_t bytes) noexcept override;
  void trim() noexcept override;
  bool on_host() const override { return true; }
  void upload(void* target, const void* source, size_t bytes) override;
  void fill_zero(void* target, size_t bytes) override;

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
