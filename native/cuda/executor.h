#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "core/op_frame.h"
#include "cuda/device.h"

namespace umbel {

// The context of one op: its scratch memory, its cancellation.
class CudaOpContext final : public CudaContext, public OpBackend {
 public:
  CudaOpContext(CudaResources& resources, const std::atomic<uint64_t>& generation,
                uint64_t own_generation)
      : resources_(resources), generation_(generation), own_generation_(own_generation) {}
  ~CudaOpContext();

  cudaStream_t stream() const override { return resources_.stream; }
  void* scratch(size_t bytes) override;
  bool cancelled() const override {
    return generation_.load(std::memory_order_relaxed) != own_generation_;
  }
  bool bf16_compute() const override { return resources_.bf16_compute; }
  int capability() const override { return resources_.capability; }
  int multiprocessors() const override { return resources_.multiprocessors; }
  size_t shared_memory() const override { return resources_.shared_memory; }
  int32_t* fault() const override { return resources_.fault_device; }
  CublasLt* cublaslt() const override { return resources_.cublaslt.get(); }

  void convert(const Tensor& source, const Tensor& target) override;
  bool plain(DType type) const override {
    return !is_float(type) || type == DType::f32 || type == DType::bf16;
  }

 private:
  struct Block {
    void* data;
    size_t bytes;
  };
  CudaResources& resources_;
  const std::atomic<uint64_t>& generation_;
  uint64_t own_generation_;
  std::vector<Block> blocks_;
};

// The kernel of an op for this GPU; ERR_NO_KERNEL.
ErasedKernel cuda_kernel(Op op, int level);

// Launches one op on the worker thread. Throws Error.
void run_on_cuda(const OpCall& call, CudaOpContext& context, int level);

}  // namespace umbel
