#pragma once
#include "cuda/region.h"

namespace umbel {

// Two regions that share a budget: blocks of 1 MiB and more lie in one whose chunks hold nothing else, so that all of its
// free memory is whole chunks, which can go where they are wanted; small blocks lie in the other.
//
// Wan 2.1 14B with its blocks streamed within 8 GiB asks for 512 bytes to 1.8 GiB at a time, of which 7.57 GiB are in use at
// most. Of 4,760 requests of its first forward pass five move chunks, of 1,759 of each later one none, at addresses below
// 10.6 GiB; within 6.5 GiB, of which 6.26 are in use, about 80 of each pass do (planned requests, replayed on the host).
class Heap {
 public:
  static constexpr size_t kLarge = size_t{1} << 20;

  struct Place {
    bool large = false;
    size_t offset = Region::kNone;
  };

  Heap(ChunkSource& large, ChunkSource& small, int64_t budget)
      : budget_{budget, 0}, chunk_(large.chunk_bytes()), large_(large, budget_), small_(small, budget_) {}

  // Offset Region::kNone where neither the budget nor moving chunks allows it.
  Place allocate(size_t bytes);
  void release(Place place) noexcept { (place.large ? large_ : small_).release(place.offset); }
  void trim() noexcept;

  // Bytes of chunks that exist.
  int64_t reserved() const { return budget_.reserved; }
  // Whether the last request failed for want of memory rather than of budget.
  bool refused() const { return refused_; }

 private:
  ChunkBudget budget_;
  const size_t chunk_;
  Region large_, small_;
  bool refused_ = false;
};

}  // namespace umbel
