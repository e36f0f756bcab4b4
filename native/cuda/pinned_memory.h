#pragma once
#include "core/memory.h"

namespace umbel {

// Host memory that the GPU copies from and to by itself. How much of it there may be is up to who asks for it: the pool
// of runtime/engine/models.
class PinnedMemory final : public Memory {
 public:
  void* allocate(size_t bytes) override;
  void release(void* data, size_t bytes) noexcept override;
  void trim() noexcept override {}
  bool on_host() const override { return true; }
  void upload(void* target, const void* source, size_t bytes) override;
  void fill_zero(void* target, size_t bytes) override;
};

}  // namespace umbel
