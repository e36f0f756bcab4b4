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

// Maps chunks until a free piece holds `size` bytes, where that takes the fewest.
bool Region::extend(size_t size) {
  const size_t chunk = source_.chunk_bytes();
  if (budget_.limit < 0 || size > static_cast<size_t>(budget_.limit)) return false;
  const Window window = cheapest_window(size);
  if (window.at == kNone || !make_room(window.lacking, window.at, window.at + size)) return false;
  for (size_t at = window.at / chunk * chunk; at < window.at + size; at += chunk) {
    if (at == end_) {
      end_ += chunk;
      add_free(at, chunk, false);
    }
    const Block& block = std::prev(blocks_.upper_bound(at))->second;
    if (block.free && !block.mapped && !map(at / chunk)) return false;
  }
  return true;
}

// Of all places for `size` bytes among free pieces that follow each other, mapped or not, the first that lacks the fewest
// chunks; where there is none, one that goes on behind the last block, so that addresses do not run out.
Region::Window Region::cheapest_window(size_t size) const {
  const size_t chunk = source_.chunk_bytes();
  Window best;
  const auto consider = [&](size_t at, Blocks::const_iterator piece) {
    const size_t to = at + size;
    if (to > source_.capacity() * chunk) return;
    size_t lacking = 0;
    for (; piece != blocks_.end() && piece->first < to; ++piece) {
      if (!piece->second.free) return;
      const size_t end = std::min(to, piece->first + piece->second.size);
      if (!piece->second.mapped) lacking += (end - piece->first + chunk - 1) / chunk;
    }
    if (to > end_ && best.at != kNone) return;
    if (to > end_) lacking += (to - std::max(at, end_) + chunk - 1) / chunk;
    if (lacking < best.lacking) best = {at, lacking};
  };
  for (auto piece = blocks_.begin(); piece != blocks_.end(); ++piece) {
    if (piece->second.free) consider(piece->first, piece);
  }
  consider(end_, blocks_.end());
  return best;
}

// Whether the budget has that many chunks, at the cost of free ones outside of [from, to).
bool Region::make_room(size_t chunks, size_t from, size_t to) {
  const size_t left = static_cast<size_t>(budget_.left()) / source_.chunk_bytes();
  return chunks <= left || reclaim(chunks - left, from, to);
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

// Gives back the whole chunks of free pieces, but none of [from, to), where they are at least that many. All of them, so
// that what is free comes together: what gives back no more than it must does so again in every pass of a model.
bool Region::reclaim(size_t chunks, size_t from, size_t to) {
  const size_t chunk = source_.chunk_bytes();
  std::vector<std::pair<size_t, size_t>> ranges;  // chunks
  size_t there = 0;
  const auto add = [&](size_t begin, size_t end) {
    const size_t first = (begin + chunk - 1) / chunk, last = end / chunk;
    if (last <= first) return;
    ranges.emplace_back(first, last);
    there += last - first;
  };
  for (const auto& [size, begin] : free_) {
    const size_t end = begin + size;
    if (end <= from || begin >= to) {
      add(begin, end);
    } else {
      add(begin, std::min(from, end));
      add(std::max(to, begin), end);
    }
  }
  if (there < chunks) return false;
  for (const auto& [first, last] : ranges) unmap(first, last);
  return true;
}

// Unmaps chunks [first, last), which lie in one free piece.
void Region::unmap(size_t first, size_t last) {
  const size_t chunk = source_.chunk_bytes();
  const auto block = std::prev(blocks_.upper_bound(first * chunk));
  const size_t offset = block->first, end = offset + block->second.size;
  for (size_t i = first; i < last; ++i) source_.unmap(i);
  budget_.reserved -= static_cast<int64_t>((last - first) * chunk);
  drop(block);
  if (first * chunk > offset) add_free(offset, first * chunk - offset, true);
  if (end > last * chunk) add_free(last * chunk, end - last * chunk, true);
  add_free(first * chunk, (last - first) * chunk, false);
}

void Region::trim() noexcept {
  const size_t chunk = source_.chunk_bytes();
  std::vector<std::pair<size_t, size_t>> pieces;
  for (const auto& [size, offset] : free_) pieces.emplace_back((offset + chunk - 1) / chunk, (offset + size) / chunk);
  for (const auto& [first, last] : pieces) {
    if (first < last) unmap(first, last);
  }
  // Addresses behind the last block are used again.
  while (!blocks_.empty()) {
    const auto last = std::prev(blocks_.end());
    if (!last->second.free || last->second.mapped) break;
    end_ = last->first;
    blocks_.erase(last);
  }
}

}  // namespace umbel
