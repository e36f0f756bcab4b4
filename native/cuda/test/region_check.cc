// Checks region.h and heap.h without a GPU: random requests against a model of what is mapped, fragmentation that only
// moving chunks can undo, refusals of the driver. Prints what is wrong and ends with 1, or nothing.
#include <cstdio>
#include <random>
#include <vector>

#include "cuda/heap.h"
#include "cuda/region.h"

namespace {

using umbel::Region;

int failures = 0;
void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("Expected %s.\n", what);
  ++failures;
}

class FakeChunks final : public umbel::ChunkSource {
 public:
  FakeChunks(size_t bytes, size_t capacity) : bytes_(bytes), mapped_(capacity, false) {}
  size_t chunk_bytes() const override { return bytes_; }
  size_t capacity() const override { return mapped_.size(); }
  bool map(size_t chunk) override {
    if (chunk >= mapped_.size() || count == most) return false;
    expect(!mapped_[chunk], "a chunk to be mapped once");
    mapped_[chunk] = true;
    ++count;
    return true;
  }
  void unmap(size_t chunk) noexcept override {
    expect(mapped_[chunk], "a mapped chunk to be unmapped");
    mapped_[chunk] = false;
    --count;
  }
  bool holds(size_t offset, size_t bytes) const {
    for (size_t i = offset / bytes_; i * bytes_ < offset + bytes; ++i) {
      if (!mapped_[i]) return false;
    }
    return true;
  }
  size_t count = 0, most = SIZE_MAX;

 private:
  const size_t bytes_;
  std::vector<bool> mapped_;
};

constexpr size_t kChunk = 4096;

void random_requests(unsigned seed) {
  std::mt19937 random(seed);
  FakeChunks chunks(kChunk, 4096);
  constexpr int64_t kBudget = 64 * kChunk;
  struct Held {
    size_t offset, bytes;
  };
  std::vector<Held> held;
  size_t live = 0;
  {
    umbel::ChunkBudget budget{kBudget, 0};
    Region region(chunks, budget);
    for (int step = 0; step < 4000; ++step) {
      if (random() % 5 < 3) {
        const size_t bytes = random() % 3 == 0 ? random() % (20 * kChunk) : random() % kChunk;
        const size_t offset = region.allocate(bytes);
        if (offset == Region::kNone) {
          expect(live + bytes + kChunk > static_cast<size_t>(kBudget) / 4, "no refusal while most is free");
          continue;
        }
        expect(offset % Region::kAlignment == 0, "an aligned block");
        expect(chunks.holds(offset, bytes), "memory behind a block");
        for (const Held& other : held) {
          expect(offset + bytes <= other.offset || other.offset + other.bytes <= offset, "blocks apart");
        }
        held.push_back({offset, bytes == 0 ? 1 : bytes});
        live += bytes;
      } else if (!held.empty()) {
        const size_t i = random() % held.size();
        region.release(held[i].offset);
        live -= held[i].bytes;
        held[i] = held.back();
        held.pop_back();
      }
      if (step % 500 == 0) region.trim();
      expect(budget.reserved <= kBudget, "the budget to be kept");
      expect(budget.reserved == static_cast<int64_t>(chunks.count * kChunk), "all chunks to be counted");
    }
    for (const Held& block : held) {
      expect(chunks.holds(block.offset, block.bytes), "memory behind a block to the end");
      region.release(block.offset);
    }
    region.trim();
    expect(chunks.count == 0 && budget.reserved == 0, "nothing to be left after trimming");
    expect(region.allocate(kBudget) != Region::kNone, "the whole budget in one block afterwards");
    expect(region.allocate(1) == Region::kNone && !region.refused(), "no byte more");
  }
}

// Half of the memory is free, in pieces of which none is large enough.
void scattered_pieces() {
  FakeChunks chunks(kChunk, 1024);
  umbel::ChunkBudget budget{32 * kChunk, 0};
  Region region(chunks, budget);
  std::vector<size_t> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(region.allocate(2 * kChunk));
  for (int i = 0; i < 16; i += 2) region.release(blocks[static_cast<size_t>(i)]);
  const size_t large = region.allocate(16 * kChunk);
  expect(large != Region::kNone && chunks.holds(large, 16 * kChunk), "pieces to be moved into one");
  expect(region.allocate(1) == Region::kNone, "the budget to be used up");
  for (int i = 1; i < 16; i += 2) {
    expect(chunks.holds(blocks[static_cast<size_t>(i)], 2 * kChunk), "blocks in use to stay");
  }
  // The holes that they left are used again, instead of ever new addresses.
  region.release(large);
  for (int i = 0; i < 500; ++i) {
    const size_t a = region.allocate(2 * kChunk), b = region.allocate(13 * kChunk);
    expect(a != Region::kNone && b != Region::kNone, "addresses not to run out");
    if (a != Region::kNone) region.release(a);
    if (b != Region::kNone) region.release(b);
    const size_t c = region.allocate(16 * kChunk);
    expect(c != Region::kNone, "addresses not to run out");
    if (c != Region::kNone) region.release(c);
  }
}

void refusals() {
  FakeChunks chunks(kChunk, 1024);
  chunks.most = 3;
  umbel::ChunkBudget budget{32 * kChunk, 0};
  Region region(chunks, budget);
  expect(region.allocate(4 * kChunk) == Region::kNone && region.refused(), "the driver's refusal to be told");
  const size_t block = region.allocate(3 * kChunk);
  expect(block != Region::kNone, "what was mapped before the refusal to be used");
  region.release(block);
  region.trim();
  expect(chunks.count == 0, "nothing to be left after trimming");
}

// Large blocks and small ones at random: nothing is refused that the budget has whole chunks for.
void heap_requests(unsigned seed) {
  std::mt19937 random(seed);
  constexpr size_t kUnit = size_t{2} << 20;
  constexpr size_t kChunks = 64;
  FakeChunks large(kUnit, 16 * kChunks), small(kUnit, kChunks);
  umbel::Heap heap(large, small, kChunks * kUnit);
  std::vector<umbel::Heap::Place> places;
  std::vector<size_t> sizes;
  size_t chunks = 0, small_blocks = 0;
  for (int step = 0; step < 3000; ++step) {
    if (random() % 2 == 0) {
      const bool is_large = random() % 2 == 0;
      const size_t bytes = is_large ? (1 + random() % 20) * kUnit - random() % 1000 : random() % 5000;
      const umbel::Heap::Place place = heap.allocate(bytes);
      const size_t units = is_large ? (bytes + kUnit - 1) / kUnit : 0;
      if (place.offset == Region::kNone) {
        // Small blocks take one chunk as long as there are few of them.
        expect(chunks + units + 1 > kChunks || small_blocks > 300, "no refusal while there are chunks");
        continue;
      }
      expect(place.large == is_large, "blocks apart by their size");
      expect((is_large ? large : small).holds(place.offset, bytes), "memory behind a block");
      places.push_back(place);
      sizes.push_back(units);
      chunks += units;
      if (!is_large) ++small_blocks;
    } else if (!places.empty()) {
      const size_t i = random() % places.size();
      heap.release(places[i]);
      chunks -= sizes[i];
      if (!places[i].large) --small_blocks;
      places[i] = places.back();
      sizes[i] = sizes.back();
      places.pop_back();
      sizes.pop_back();
    }
    expect(heap.reserved() <= static_cast<int64_t>(kChunks * kUnit), "the shared budget to be kept");
  }
  for (const auto& place : places) heap.release(place);
  heap.trim();
  expect(heap.reserved() == 0 && large.count + small.count == 0, "nothing to be left after trimming");
}

}  // namespace

int main() {
  for (unsigned seed = 1; seed <= 20; ++seed) random_requests(seed);
  for (unsigned seed = 1; seed <= 20; ++seed) heap_requests(seed);
  scattered_pieces();
  refusals();
  return failures == 0 ? 0 : 1;
}
