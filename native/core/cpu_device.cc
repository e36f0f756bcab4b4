#include "core/cpu_device.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/fail.h"
#include "core/op_frame.h"
#include "core/registry.h"

namespace umbel {
namespace {

constexpr int kMaxThreads = 1024;

class OpJob final : public Job {
 public:
  OpJob(CpuResources& resources, OpCall call) : resources_(resources), call_(std::move(call)) {}

  void run(const std::atomic<uint64_t>& generation, uint64_t own_generation) override {
    CpuOpContext context(resources_, generation, own_generation);
    run_on_cpu(call_, context);
  }
  void finish(const FailurePtr& failure) noexcept override {
    if (!failure) return;
    for (const auto& output : call_.outputs) {
      if (output) output->storage->poison(failure);
    }
  }

 private:
  CpuResources& resources_;
  OpCall call_;
};

class TransferJob final : public Job {
 public:
  TransferJob(View source, View target) : source_(std::move(source)), target_(std::move(target)) {}
  void run(const std::atomic<uint64_t>&, uint64_t) override {
    const Tensor source = source_.resolve(), target = target_.resolve();
    std::memcpy(target.data, source.data, source.bytes());
  }
  void finish(const FailurePtr& failure) noexcept override {
    if (failure) target_.storage->poison(failure);
  }

 private:
  View source_, target_;
};

class SyncJob final : public Job {
 public:
  explicit SyncJob(CpuDevice::Settled settled) : settled_(std::move(settled)) {}
  void run(const std::atomic<uint64_t>&, uint64_t) override {}
  void finish(const FailurePtr& failure) noexcept override { settled_(failure); }
  bool fence() const override { return true; }

 private:
  CpuDevice::Settled settled_;
};

class ReadJob final : public Job {
 public:
  ReadJob(CpuResources& resources, View view, DType dtype, void* target,
          CpuDevice::Settled settled)
      : resources_(resources),
        view_(std::move(view)),
        dtype_(dtype),
        target_(target),
        settled_(std::move(settled)) {}

  void run(const std::atomic<uint64_t>& generation, uint64_t own_generation) override {
    CpuOpContext context(resources_, generation, own_generation);
    const Tensor source = view_.resolve();
    Tensor target = source;
    target.data = target_;
    target.dtype = dtype_;
    make_contiguous(target);
    convert_on_cpu(source, target, context);
  }
  void finish(const FailurePtr& failure) noexcept override {
    view_.storage.reset();  // before the promise settles, so that memory() is exact after it
    settled_(failure);
  }
  bool fence() const override { return true; }

 private:
  CpuResources& resources_;
  View view_;
  DType dtype_;
  void* target_;
  CpuDevice::Settled settled_;
};

int capped_isa(const CpuOptions& options) {
  const int machine = machine_isa_level();
  return options.isa.empty() ? machine : std::min(machine, isa_level_from_name(options.isa));
}

int thread_count(const CpuOptions& options) {
  if (options.threads < 0 || options.threads > kMaxThreads) {
    fail("ERR_INVALID_ARGUMENT", "Expected 1 to %d threads, got %d.", kMaxThreads, options.threads);
  }
  return options.threads == 0 ? physical_cores() : options.threads;
}

std::shared_ptr<Memory> make_memory(const CpuOptions& options) {
  return std::make_shared<MemoryPool>(options.memory_limit > 0 ? options.memory_limit
                                                               : usable_memory());
}

}  // namespace

CpuDevice::CpuDevice(const CpuOptions& options)
    : resources_{make_memory(options), ThreadPool(thread_count(options)), capped_isa(options),
                 options.bf16_compute},
      host_memory_(make_memory(options)),
      queue_([this] { resources_.memory->trim(); }) {}

std::string CpuDevice::kernels() const { return isa_name(resources_.isa_level); }

void CpuDevice::run(OpCall call) {
  check_call(call);
  if (find_kernel(Backend::cpu, call.op, resources_.isa_level).function == nullptr) {
    fail("ERR_NO_KERNEL", "Expected a CPU kernel for %s, got none in this build.",
         std::string(op_name(call.op)).c_str());
  }
  queue_.enqueue(std::make_unique<OpJob>(resources_, std::move(call)));
}

void CpuDevice::transfer(View source, View target) {
  queue_.enqueue(std::make_unique<TransferJob>(std::move(source), std::move(target)));
}

void CpuDevice::sync(Settled settled) {
  queue_.enqueue(std::make_unique<SyncJob>(std::move(settled)));
}

void CpuDevice::read(View view, DType dtype, void* target, Settled settled) {
  queue_.enqueue(std::make_unique<ReadJob>(resources_, std::move(view), dtype, target,
                                           std::move(settled)));
}

}  // namespace umbel
