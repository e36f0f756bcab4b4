#pragma once
#include <cuda.h>

#include <cstddef>
#include <memory>

#include "cuda/region.h"

namespace umbel {

// Memory of one GPU as chunks at consecutive addresses.
class CudaChunks : public ChunkSource {
 public:
  virtual ~CudaChunks() = default;
  // Where the first chunk lies; null before one was mapped.
  virtual char* base() const = 0;

  // At most `most` bytes of chunks at a time. Chunks of the driver's virtual memory; where it has none, a single allocation
  // of all of them at the first use.
  static std::unique_ptr<CudaChunks> open(int ordinal, int64_t most);
};

}  // namespace umbel
