#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <string>
#include <vector>

#include "core/cuda_backend.h"
#include "core/queue.h"
#include "cuda/arena.h"
#include "cuda/context.h"
#include "cuda/copy_stream.h"
#include "cuda/cublaslt.h"
#include "cuda/pinned_memory.h"

namespace umbel {

// What ops of one GPU share. Worker thread only, once the device is open.
struct CudaResources {
  int ordinal = 0;
  int capability = 0;
  int multiprocessors = 0;
  size_t shared_memory = 0;
  bool bf16_compute = true;
  cudaStream_t stream = nullptr;
  std::shared_ptr<CudaArena> memory;
  std::unique_ptr<CopyStream> copies;
  std::unique_ptr<CublasLt> cublaslt;
  int32_t* fault = nullptr;         // pinned, as the host sees it
  int32_t* fault_device = nullptr;  // the same, as kernels see it
  std::string poison;               // set once CUDA reported an error that it does not recover from

  CudaResources() = default;
  ~CudaResources();
  CudaResources(const CudaResources&) = delete;
  CudaResources& operator=(const CudaResources&) = delete;

  int kernel_level() const;
  // Throws ERR_DEVICE for good after a fault; makes the GPU the thread's own.
  void enter();
  // Waits for everything launched; throws what went wrong.
  void finish();
};

// A GPU as a device: the worker thread launches ops on one stream, at most kAhead of them beyond the one that runs, so
// that an interrupt takes effect soon.
class CudaDevice final : public Device {
 public:
  explicit CudaDevice(const CudaOptions& options);
  ~CudaDevice() override;

  const std::shared_ptr<Memory>& memory() const override { return memory_; }
  const std::shared_ptr<Memory>& host_memory() const override { return host_memory_; }
  int threads() const override { return 1; }
  std::string kernels() const override;

  void run(OpCall call) override;
  void transfer(View source, View target) override;
  void sync(Settled settled) override;
  void read(View view, DType dtype, void* target, Settled settled) override;
  void interrupt() noexcept override { queue_->interrupt(); }
  void close() noexcept override { queue_->close(); }

  static constexpr int kAhead = 32;

 private:
  class OpJob;
  class TransferJob;
  class SyncJob;
  class ReadJob;
  // Events of the last kAhead ops.
  struct Pace {
    std::vector<cudaEvent_t> events;
    uint64_t launched = 0;
    void wait();
    void record(cudaStream_t stream);
    ~Pace();
  };

  CudaResources resources_;
  std::shared_ptr<Memory> memory_;
  std::shared_ptr<Memory> host_memory_ = std::make_shared<PinnedMemory>();
  Pace pace_;
  std::unique_ptr<Queue> queue_;  // last: its destructor ends the thread that uses the rest
};

}  // namespace umbel
