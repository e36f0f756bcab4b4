#include "cuda/region.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace umbel {

Region::~Region() {
  const size_t chunk = source_.chunk_bytes();
  for (const auto& [offset, block] : blocks_) {
    if (!block.free) return;  // someone still holds it: the addresses stay valid
  }
  for (const auto& [offset, block] : blocks_) {
    if (!block.mapped) continue;
    for (size_t at = offset; at < offset + block.size; at += chunk) source_.unmap(at / chunk);
  }
}

size_t Region::allocate(size_t bytes) {
  refused_ = false;
  const size_t size = std::max((bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  auto found = free_.lower_bound({size, 0});
  if (found == free_.end()) {
    if (!extend(size)) return kNone;
    found = free_.lower_bound({size, 0});
    if (found == free_.end()) return kNone;
  }
  return take(blocks_.find(found->second), size);
}

size_t Region::take(Blocks::iterator block, size_t size) {
  free_.erase({block->second.size, block->first});
  block->second.free = false;
  const size_t rest = block->second.size - size;
  if (rest > 0) {
    block->second.size = size;
    const size_t behind = block->first + size;
    blocks_.emplace(behind, Block{rest, true, true});
    free_.emplace(rest, behind);
  }
  return block->first;
}

void Region::drop(Blocks::iterator block) {
  if (block->second.free && block->second.mapped) free_.erase({block->second.size, block->first});
  blocks_.erase(block);
}

// Enters a piece that nobody holds, joined with neighbours of its kind.
void Region::add_free(size_t offset, size_t size, bool mapped) {
  const auto next = blocks_.find(offset + size);
  if (next != blocks_.end() && next->second.free && next->second.mapped == mapped) {
    size += next->second.size;
    drop(next);
  }
  auto behind = blocks_.lower_bound(offset);
  if (behind != blocks_.begin()) {
    const auto before = std::prev(behind);
    const bool adjacent = before->first + before->second.size == offset;
    if (adjacent && before->second.free && before->second.mapped == mapped) {
      offset = before->first;
      size += before->second.size;
      drop(before);
    }
  }
  blocks_.emplace(offset, Block{size, true, mapped});
  if (mapped) free_.emplace(size, offset);
}

void Region::release(size_t offset) noexcept {
  const auto block = blocks_.find(offset);
  const size_t size = block->second.size;
  blocks_.erase(block);
  add_free(offset, size, true);
}

// Maps chunks until a free piece holds `size` bytes: in a hole that is large enough, else behind the last block.
bool Region::extend(size_t size) {
  const size_t chunk = source_.chunk_bytes();
  if (budget_.limit < 0 || size > static_cast<size_t>(budget_.limit)) return false;
  const size_t whole = (size + chunk - 1) / chunk;
  size_t at = hole_of(whole);
  // Behind the last block it may take less: free chunks there stay where they are.
  if (at != kNone && make_room(whole)) {
    for (size_t i = 0; i < whole; ++i) {
      if (!map(at / chunk + i)) return false;
    }
    return true;
  }
  if (!make_room(missing_at_end(size))) return false;
  for (size_t left = missing_at_end(size); left > 0; --left) {
    at = end_;
    end_ += chunk;
    blocks_.emplace(at, Block{chunk, true, false});
    if (!map(at / chunk)) return false;
  }
  return true;
}

// The offset of an unmapped piece of that many chunks, or kNone.
size_t Region::hole_of(size_t chunks) const {
  for (const auto& [offset, block] : blocks_) {
    if (block.free && !block.mapped && block.size >= chunks * source_.chunk_bytes()) return offset;
  }
  return kNone;
}

// Chunks that a request lacks behind the last block, where a free piece may lie already.
size_t Region::missing_at_end(size_t size) const {
  const size_t chunk = source_.chunk_bytes();
  size_t there = 0;
  if (!blocks_.empty()) {
    const Block& last = std::prev(blocks_.end())->second;
    if (last.free && last.mapped) there = last.size;
  }
  return there >= size ? 0 : (size - there + chunk - 1) / chunk;
}

// Whether the budget has that many chunks, at the cost of free ones elsewhere.
bool Region::make_room(size_t chunks) {
  const size_t left = static_cast<size_t>(budget_.left()) / source_.chunk_bytes();
  return chunks <= left || reclaim(chunks - left);
}

// Maps a chunk that lies in an unmapped piece.
bool Region::map(size_t index) {
  const size_t chunk = source_.chunk_bytes(), at = index * chunk;
  auto hole = std::prev(blocks_.upper_bound(at));
  const size_t offset = hole->first, end = offset + hole->second.size;
  if (index >= source_.capacity() || !source_.map(index)) {
    refused_ = true;
    return false;
  }
  budget_.reserved += static_cast<int64_t>(chunk);
  drop(hole);
  if (at > offset) add_free(offset, at - offset, false);
  if (end > at + chunk) add_free(at + chunk, end - at - chunk, false);
  add_free(at, chunk, true);
  return true;
}

// Gives back whole chunks of free pieces, largest first but never of the one at the end.
bool Region::reclaim(size_t chunks) {
  const int64_t target = budget_.reserved - static_cast<int64_t>(chunks * source_.chunk_bytes());
  std::vector<size_t> pieces;
  for (auto piece = free_.rbegin(); piece != free_.rend(); ++piece) {
    if (piece->second + piece->first != end_) pieces.push_back(piece->second);
  }
  const auto whole = [&](size_t offset) {
    const size_t chunk = source_.chunk_bytes();
    const size_t size = blocks_.at(offset).size;
    const size_t from = (offset + chunk - 1) / chunk, to = (offset + size) / chunk;
    return to > from ? to - from : 0;
  };
  size_t there = 0;
  for (const size_t offset : pieces) there += whole(offset);
  if (there < chunks) return false;
  for (const size_t offset : pieces) {
    if (budget_.reserved <= target) break;
    unmap_inside(blocks_.find(offset), static_cast<size_t>(budget_.reserved - target) / source_.chunk_bytes());
  }
  return budget_.reserved <= target;
}

// Unmaps at most that many of the whole chunks inside of a free piece.
void Region::unmap_inside(Blocks::iterator block, size_t most) {
  const size_t chunk = source_.chunk_bytes();
  const size_t offset = block->first, end = offset + block->second.size;
  const size_t from = (offset + chunk - 1) / chunk;
  const size_t to = std::min(end / chunk, from + most);
  if (to <= from) return;
  for (size_t i = from; i < to; ++i) source_.unmap(i);
  budget_.reserved -= static_cast<int64_t>((to - from) * chunk);
  drop(block);
  if (from * chunk > offset) add_free(offset, from * chunk - offset, true);
  if (end > to * chunk) add_free(to * chunk, end - to * chunk, true);
  add_free(from * chunk, (to - from) * chunk, false);
}

void Region::trim() noexcept {
  std::vector<size_t> pieces;
  for (const auto& [size, offset] : free_) pieces.push_back(offset);
  for (const size_t offset : pieces) unmap_inside(blocks_.find(offset), SIZE_MAX / 2);
  // Addresses behind the last block are used again.
  while (!blocks_.empty()) {
    const auto last = std::prev(blocks_.end());
    if (!last->second.free || last->second.mapped) break;
    end_ = last->first;
    blocks_.erase(last);
  }
}

}  // namespace umbel
