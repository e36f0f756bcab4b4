#pragma once
// What the backend's launchers ask for, in a program without the backend.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/fail.h"
#include "cuda/context.h"
#include "cuda/cublaslt.h"
#include "cuda/test/attention_memory.cuh"

namespace umbel {

void check_cuda(cudaError_t status, const char* what) { cuda::check::must(status, what); }

void fail(const char* code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::printf("%s ", code);
  std::vprintf(format, arguments);
  std::printf("\n");
  std::fflush(stdout);
  std::_Exit(4);
}

int register_kernel(Backend, Op, int, ErasedKernel) { return 0; }

namespace cuda::check {

class CheckContext final : public CudaContext {
 public:
  CheckContext(int capability, int multiprocessors, CublasLt* library)
      : capability_(capability), multiprocessors_(multiprocessors), library_(library) {}

  cudaStream_t stream() const override { return nullptr; }
  // Blocks are used again by the next op, so that timed ops allocate nothing.
  void* scratch(size_t bytes) override {
    if (next_ == blocks_.size() || blocks_[next_].bytes < bytes) {
      if (next_ < blocks_.size()) blocks_.resize(next_);
      blocks_.emplace_back(bytes);
    }
    return blocks_[next_++].data;
  }
  void begin_op() { next_ = 0; }
  bool cancelled() const override { return false; }
  bool bf16_compute() const override { return true; }
  int capability() const override { return capability_; }
  int multiprocessors() const override { return multiprocessors_; }
  size_t shared_memory() const override { return size_t{227} << 10; }
  int32_t* fault() const override { return nullptr; }
  CublasLt* cublaslt() const override { return library_; }

 private:
  int capability_, multiprocessors_;
  CublasLt* library_;
  std::vector<Memory> blocks_;
  size_t next_ = 0;
};

}  // namespace cuda::check
}  // namespace umbel
