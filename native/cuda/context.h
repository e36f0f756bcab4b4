#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "core/kernel.h"

namespace umbel {

class CublasLt;

// What kernels report that the host could not check before the launch; the next fence gives the error.
enum class CudaFault : int32_t { none = 0, embedding_id = 1, block_list = 2 };

// What a CUDA kernel gets besides its tensors.
//
// Tensors of T, N, O and P are contiguous and float32, bfloat16, int32 or uint8 (the executor casts other float types);
// which of both a float tensor has is up to the caller (runtime/tensor/activation-type.ts), so kernels take any mix and
// compute in float32.
class CudaContext {
 public:
  virtual cudaStream_t stream() const = 0;
  // Memory of this op, aligned to 256 bytes, given back when the op was launched (later ops follow on the same stream).
  // Throws ERR_OUT_OF_MEMORY.
  virtual void* scratch(size_t bytes) = 0;
  virtual bool cancelled() const = 0;
  // True: matrix products, convolutions and attention round their operands to bfloat16 and add up in float32. False:
  // float32 throughout.
  virtual bool bf16_compute() const = 0;
  // Compute capability as 80, 89, 90, 120.
  virtual int capability() const = 0;
  virtual int multiprocessors() const = 0;
  // Shared memory that one block may have.
  virtual size_t shared_memory() const = 0;
  // Where kernels store a CudaFault.
  virtual int32_t* fault() const = 0;
  // Null where cuBLASLt was not found.
  virtual CublasLt* cublaslt() const = 0;

 protected:
  ~CudaContext() = default;
};

// Throws ERR_DEVICE naming `what` and what CUDA says, unless `status` is success.
void check_cuda(cudaError_t status, const char* what);
// After a launch.
inline void check_launch(const char* kernel) { check_cuda(cudaPeekAtLastError(), kernel); }

}  // namespace umbel
