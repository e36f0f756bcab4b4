#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace umbel {

// Chunks of memory at consecutive addresses that come and go one by one. Knows no GPU, so that tests can stand in for it.
class ChunkSource {
 public:
  virtual size_t chunk_bytes() const = 0;
  // How many chunks there are addresses for.
  virtual size_t capacity() const = 0;
  // False where there is no memory for it.
  virtual bool map(size_t chunk) = 0;
  // Waits for whatever uses it.
  virtual void unmap(size_t chunk) noexcept = 0;

 protected:
  ~ChunkSource() = default;
};

// Bytes of chunks that regions share.
struct ChunkBudget {
  int64_t limit = 0;
  int64_t reserved = 0;

  int64_t left() const { return limit > reserved ? limit - reserved : 0; }
};

// A heap on one run of addresses that grows at its end, chunk by chunk, within a budget. Blocks are cut by best fit and
// free neighbours are joined. What is free in one piece is found wherever it lies; when only pieces are left, whole chunks
// move to where a request lacks the fewest, so that none fails that the budget has chunks for.
class Region {
 public:
  static constexpr size_t kAlignment = 512;
  static constexpr size_t kNone = SIZE_MAX;

  Region(ChunkSource& source, ChunkBudget& budget) : source_(source), budget_(budget) {}
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  // The offset of a new block, or kNone.
  size_t allocate(size_t bytes);
  void release(size_t offset) noexcept;
  // Gives back chunks that no block lies in.
  void trim() noexcept;

  // Whether the last request failed for want of memory rather than of budget.
  bool refused() const { return refused_; }

 private:
  struct Block {
    size_t size;
    bool free;
    bool mapped;  // whether there is memory behind it
  };
  using Blocks = std::map<size_t, Block>;
  struct Window {
    size_t at = kNone;
    size_t lacking = kNone;  // chunks
  };

  size_t take(Blocks::iterator block, size_t size);
  void add_free(size_t offset, size_t size, bool mapped);
  void drop(Blocks::iterator block);
  bool extend(size_t size);
  Window cheapest_window(size_t size) const;
  bool make_room(size_t chunks, size_t from, size_t to);
  bool reclaim(size_t chunks, size_t from, size_t to);
  void unmap(size_t first, size_t last);
  bool map(size_t chunk);

  ChunkSource& source_;
  ChunkBudget& budget_;
  Blocks blocks_;                             // by offset, without gaps
  std::set<std::pair<size_t, size_t>> free_;  // mapped ones: size, offset
  size_t end_ = 0;                            // of the addresses that were used
  bool refused_ = false;
};

}  // namespace umbel
