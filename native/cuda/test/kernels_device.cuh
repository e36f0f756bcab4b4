#pragma once
// What the kernels of ops need besides a GPU and its driver: a context, the table that they register in, and tensors.
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <thread>
#include <vector>

#include "core/fail.h"
#include "core/kernel.h"
#include "cuda/context.h"
#include "cuda/portable/vector.cuh"
#include "cuda/test/attention_memory.cuh"

namespace umbel {

inline ErasedKernel registered_kernels[static_cast<int>(Op::count)];
int register_kernel(Backend, Op op, int, ErasedKernel kernel) {
  registered_kernels[static_cast<int>(op)] = kernel;
  return 0;
}
void check_cuda(cudaError_t status, const char* what) { cuda::check::must(status, what); }
void fail(const char* code, const char* format, ...) {
  std::printf("ERROR %s ", code);
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  std::printf("\n");
  std::fflush(stdout);
  std::_Exit(4);
}

// The kernel of an op, as its signature in ops.h says.
#define KERNEL(op) \
  reinterpret_cast<::umbel::arg::Kernels<::umbel::CudaContext>::op>(::umbel::registered_kernels[static_cast<int>(::umbel::Op::op)])

namespace check {

using cuda::check::Memory;
using cuda::check::must;

class DeviceContext final : public CudaContext {
 public:
  bool hopper = true;  // false: kernels for all GPUs

  DeviceContext() : arena_(size_t{2} << 30) { must(cudaGetDeviceProperties(&device_, 0), "the device"); }
  const cudaDeviceProp& device() const { return device_; }
  // Gives all scratch memory back.
  void reset() { used_ = 0; }

  cudaStream_t stream() const override { return nullptr; }
  void* scratch(size_t bytes) override {
    void* at = static_cast<char*>(arena_.data) + used_;
    used_ += (bytes + 255) / 256 * 256;
    if (used_ > arena_.bytes) fail("ERR_OUT_OF_MEMORY", "Expected at most 2 GiB of scratch memory.");
    return at;
  }
  bool cancelled() const override { return false; }
  bool bf16_compute() const override { return true; }
  int capability() const override { return hopper ? device_.major * 10 + device_.minor : 80; }
  int multiprocessors() const override { return device_.multiProcessorCount; }
  size_t shared_memory() const override { return device_.sharedMemPerBlockOptin; }
  int32_t* fault() const override { return nullptr; }
  CublasLt* cublaslt() const override { return nullptr; }

 private:
  cudaDeviceProp device_{};
  Memory arena_;
  size_t used_ = 0;
};

__global__ void fill_uniform(Elements e, int64_t count, float scale, uint32_t seed) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    uint32_t h = static_cast<uint32_t>(i) * 2654435761u + static_cast<uint32_t>(i >> 32) * 97u + seed * 40503u;
    h = (h ^ h >> 16) * 0x7feb352du;
    h = (h ^ h >> 15) * 0x846ca68bu;
    store_one(e.data, e.type, i, (static_cast<float>(h ^ h >> 16) * 0x1p-31f - 1.0f) * scale);
  }
}

constexpr size_t kGuard = 256;  // bytes behind a tensor that must stay ones

// A contiguous tensor with memory of its own, filled with ones (which no kernel gives) or with random numbers.
struct Sample {
  Memory memory;
  Tensor t;

  Sample(std::vector<int64_t> shape, DType type) {
    t.dtype = type;
    t.rank = static_cast<int>(shape.size());
    int64_t step = 1;
    for (size_t i = shape.size(); i-- > 0; step *= shape[i]) t.shape[i] = shape[i], t.stride[i] = step;
    memory = Memory(t.bytes() + kGuard);
    t.data = memory.data;
    poison();
  }
  Sample(std::vector<int64_t> shape, DType type, uint32_t seed, float scale = 1) : Sample(std::move(shape), type) {
    if (t.numel() == 0) return;
    fill_uniform<<<2048, 256>>>(elements_of(t), t.numel(), scale, seed);
    must(cudaPeekAtLastError(), "random numbers");
  }
  void poison() { must(cudaMemset(memory.data, 0xFF, memory.bytes), "a fill"); }
  bool guard_holds() const {
    uint8_t bytes[kGuard];
    must(cudaMemcpy(bytes, static_cast<char*>(memory.data) + t.bytes(), kGuard, cudaMemcpyDeviceToHost), "a copy");
    for (uint8_t byte : bytes) {
      if (byte != 0xFF) return false;
    }
    return true;
  }
};

// True unless ten seconds pass first.
inline bool finished() {
  cudaEvent_t done;
  must(cudaEventCreateWithFlags(&done, cudaEventDisableTiming), "an event");
  must(cudaEventRecord(done), "an event");
  const auto begin = std::chrono::steady_clock::now();
  bool over = false;
  while (!over && std::chrono::steady_clock::now() - begin < std::chrono::seconds(10)) {
    const cudaError_t state = cudaEventQuery(done);
    if (state != cudaErrorNotReady) must(state, "the kernel");
    over = state == cudaSuccess;
    if (!over) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  cudaEventDestroy(done);
  return over;
}

}  // namespace check
}  // namespace umbel
