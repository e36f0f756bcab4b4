#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/cpu_context.h"
#include "core/memory.h"
#include "core/op_call.h"
#include "core/thread_pool.h"

namespace umbel {

// What ops of one CPU device share.
struct CpuResources {
  std::shared_ptr<Memory> memory;
  ThreadPool pool;
  int isa_level;
  bool bf16_compute;
};

// The context of one op: its threads, its scratch memory, its cancellation.
class CpuOpContext final : public CpuContext {
 public:
  CpuOpContext(CpuResources& resources, const std::atomic<uint64_t>& generation,
               uint64_t own_generation)
      : resources_(resources), generation_(generation), own_generation_(own_generation) {}
  ~CpuOpContext();

  int threads() const override { return resources_.pool.size(); }
  void run_ranges(int64_t n, int64_t grain, Body body, void* closure) override {
    resources_.pool.run(n, grain, body, closure, generation_, own_generation_);
  }
  void* scratch(size_t bytes) override;
  bool cancelled() const override {
    return generation_.load(std::memory_order_relaxed) != own_generation_;
  }
  bool bf16_compute() const override { return resources_.bf16_compute; }
  int isa_level() const { return resources_.isa_level; }

 private:
  struct Block {
    void* data;
    size_t bytes;
  };
  CpuResources& resources_;
  const std::atomic<uint64_t>& generation_;
  uint64_t own_generation_;
  std::vector<Block> blocks_;
};

// Runs one op on the worker thread: allocates its outputs, brings inputs to the form that its codes promise the kernel
// (include/ops.h), calls the kernel and stores outputs in the type that was asked for. Throws Error.
void run_on_cpu(const OpCall& call, CpuOpContext& context);

// Writes `source` to `target` in the target's type (same shape, target contiguous), converting where they differ.
void convert_on_cpu(const Tensor& source, const Tensor& target, CpuOpContext& context);

}  // namespace umbel
