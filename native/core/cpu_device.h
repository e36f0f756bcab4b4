#pragma once
#include <functional>
#include <memory>
#include <string>

#include "core/cpu_executor.h"
#include "core/queue.h"

namespace umbel {

struct CpuOptions {
  int threads = 0;  // 0: the physical cores
  bool bf16_compute = false;
  std::string isa;           // caps the instruction set; empty: what the machine has
  int64_t memory_limit = 0;  // bytes; 0: what the machine has
};

// The CPU as a device: an in-order queue whose ops spread over a thread pool. All methods are for one thread (that of
// JavaScript) and return at once.
class CpuDevice {
 public:
  using Settled = std::function<void(const FailurePtr&)>;  // called on the worker thread

  explicit CpuDevice(const CpuOptions& options);

  const std::shared_ptr<MemoryPool>& memory_pool() const { return resources_.memory; }
  int threads() const { return resources_.pool.size(); }
  int isa_level() const { return resources_.isa_level; }

  // ERR_INVALID_ARGUMENT or ERR_NO_KERNEL at once; what goes wrong later is for the next fence.
  void run(OpCall call);
  void sync(Settled settled);
  // Converts to `dtype` and writes to `target`, which must stay valid until settled is called.
  void read(View view, DType dtype, void* target, Settled settled);
  void interrupt() noexcept { queue_.interrupt(); }
  void close() noexcept { queue_.close(); }

 private:
  CpuResources resources_;
  Queue queue_;  // last: its destructor ends the thread that uses the rest
};

}  // namespace umbel
