#include "cuda/heap.h"

namespace umbel {

Heap::Place Heap::allocate(size_t bytes) {
  const bool large = bytes >= kLarge;
  const size_t size = large ? (bytes + chunk_ - 1) / chunk_ * chunk_ : bytes;
  Region& own = large ? large_ : small_;
  size_t offset = own.allocate(size);
  if (offset == Region::kNone && !own.refused()) {
    // Free chunks of the other region count for this one.
    (large ? small_ : large_).trim();
    offset = own.allocate(size);
  }
  refused_ = offset == Region::kNone && own.refused();
  return {large, offset};
}

void Heap::trim() noexcept {
  large_.trim();
  small_.trim();
}

}  // namespace umbel
