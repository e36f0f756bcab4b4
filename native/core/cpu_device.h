#pragma once
#include <memory>
#include <string>

#include "core/cpu_executor.h"
#include "core/device.h"
#include "core/queue.h"

namespace umbel {

struct CpuOptions {
  int threads = 0;  // 0: the physical cores
  bool bf16_compute = false;
  std::string isa;           // caps the instruction set; empty: what the machine has
  int64_t memory_limit = 0;  // bytes; 0: what the machine has
};

// The CPU as a device: ops spread over a thread pool.
class CpuDevice final : public Device {
 public:
  explicit CpuDevice(const CpuOptions& options);

  const std::shared_ptr<Memory>& memory() const override { return resources_.memory; }
  const std::shared_ptr<Memory>& host_memory() const override { return host_memory_; }
  int threads() const override { return resources_.pool.size(); }
  std::string kernels() const override;

  void run(OpCall call) override;
  void transfer(View source, View target) override;
  void sync(Settled settled) override;
  void read(View view, DType dtype, void* target, Settled settled) override;
  void interrupt() noexcept override { queue_.interrupt(); }
  void close() noexcept override { queue_.close(); }

 private:
  CpuResources resources_;
  std::shared_ptr<Memory> host_memory_;  // counted apart from that of ops, as where they differ
  Queue queue_;  // last: its destructor ends the thread that uses the rest
};

}  // namespace umbel
