#include "cuda/executor.h"

#include <string>

#include "core/fail.h"
#include "core/registry.h"

namespace umbel {

CudaOpContext::~CudaOpContext() {
  for (const Block& block : blocks_) resources_.memory->release(block.data, block.bytes);
}

void* CudaOpContext::scratch(size_t bytes) {
  blocks_.reserve(blocks_.size() + 1);
  blocks_.push_back({resources_.memory->allocate(bytes), bytes});
  return blocks_.back().data;
}

void CudaOpContext::convert(const Tensor& source, const Tensor& target) {
  if (source.numel() == 0) return;
  const int level = resources_.kernel_level();
  if (source.dtype != target.dtype) {
    reinterpret_cast<arg::Kernels<CudaContext>::cast>(cuda_kernel(Op::cast, level))(*this, source, target);
  } else if (source.contiguous()) {
    check_cuda(cudaMemcpyAsync(target.data, source.data, source.bytes(), cudaMemcpyDeviceToDevice, stream()),
               "a copy");
  } else {
    reinterpret_cast<arg::Kernels<CudaContext>::copy>(cuda_kernel(Op::copy, level))(*this, source, target);
  }
}

ErasedKernel cuda_kernel(Op op, int level) {
  const Kernel kernel = find_kernel(Backend::cuda, op, level);
  if (kernel.function == nullptr) {
    fail("ERR_NO_KERNEL", "Expected a CUDA kernel for %s, got none in this build.",
         std::string(op_name(op)).c_str());
  }
  return kernel.function;
}

void run_on_cuda(const OpCall& call, CudaOpContext& context, int level) {
  const ErasedKernel kernel = cuda_kernel(call.op, level);
  codes::Invoke<CudaContext>::kTable[static_cast<size_t>(call.op)](kernel, call, context, context);
}

}  // namespace umbel
