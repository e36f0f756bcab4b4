#include "cuda/arena.h"

#include <algorithm>
#include <iterator>

#include "core/fail.h"
#include "cuda/context.h"

namespace umbel {
namespace {

constexpr size_t kAlignment = 512;
constexpr size_t kSegmentUnit = size_t{2} << 20;
constexpr size_t kSmallSegment = size_t{64} << 20;

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

double mebibytes(int64_t bytes) { return static_cast<double>(bytes) / 1048576.0; }

}  // namespace

CudaArena::CudaArena(int ordinal, int64_t budget, cudaStream_t stream)
    : ordinal_(ordinal), budget_(budget), stream_(stream), staging_(stream) {}

CudaArena::~CudaArena() {
  cudaSetDevice(ordinal_);
  for (const auto& [data, block] : blocks_) {
    if (block.first) cudaFree(data);
  }
}

void CudaArena::detach() noexcept {
  staging_.close();
  trim();
}

void* CudaArena::allocate(size_t bytes) {
  if (bytes > size_t{1} << 60) out_of_memory(bytes);
  const std::lock_guard lock(mutex_);
  const size_t size = std::max(round_up(bytes, kAlignment), kAlignment);
  const auto block = take(size);
  count(allocated.fetch_add(static_cast<int64_t>(bytes)) + static_cast<int64_t>(bytes));
  return block->first;
}

CudaArena::Blocks::iterator CudaArena::take(size_t size) {
  auto found = free_.lower_bound({size, nullptr});
  if (found == free_.end()) {
    if (!grow(size)) out_of_memory(size);
    found = free_.lower_bound({size, nullptr});
  }
  const auto block = blocks_.find(found->second);
  free_.erase(found);
  block->second.free = false;
  const size_t rest = block->second.size - size;
  if (rest > 0) {
    block->second.size = size;
    char* behind = block->first + size;
    blocks_.emplace(behind, Block{rest, true, false});
    free_.emplace(rest, behind);
  }
  return block;
}

void CudaArena::add_segment(char* data, size_t size) {
  blocks_.emplace(data, Block{size, true, true});
  free_.emplace(size, data);
  reserved_ += static_cast<int64_t>(size);
}

// Adds a segment with room for `size` bytes; false where the budget or the driver does not allow it.
bool CudaArena::grow(size_t size) {
  driver_refused_ = false;
  const size_t exact = round_up(size, kSegmentUnit);
  const auto fits = [this](size_t bytes) { return reserved_ + static_cast<int64_t>(bytes) <= budget_; };
  size_t wanted = std::max(exact, kSmallSegment);
  if (!fits(wanted)) wanted = exact;
  if (!fits(wanted)) free_empty_segments();
  if (!fits(wanted)) return false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, wanted);
    if (status == cudaSuccess) {
      add_segment(static_cast<char*>(data), wanted);
      return true;
    }
    cudaGetLastError();  // so that the next launch does not report it
    if (status != cudaErrorMemoryAllocation) check_cuda(status, "cudaMalloc");
    free_empty_segments();
    wanted = exact;
  }
  driver_refused_ = true;
  return false;
}

void CudaArena::free_empty_segments() noexcept {
  for (auto block = blocks_.begin(); block != blocks_.end();) {
    const auto next = std::next(block);
    const bool alone = next == blocks_.end() || next->second.first;
    if (block->second.free && block->second.first && alone) {
      reserved_ -= static_cast<int64_t>(block->second.size);
      free_.erase({block->second.size, block->first});
      cudaFree(block->first);  // waits for the ops that use it
      blocks_.erase(block);
    }
    block = next;
  }
}

void CudaArena::release(void* data, size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  allocated.fetch_sub(static_cast<int64_t>(bytes));
  auto block = blocks_.find(static_cast<char*>(data));
  block->second.free = true;
  const auto next = std::next(block);
  if (next != blocks_.end() && next->second.free && !next->second.first) {
    free_.erase({next->second.size, next->first});
    block->second.size += next->second.size;
    blocks_.erase(next);
  }
  if (!block->second.first) {
    const auto previous = std::prev(block);
    if (previous->second.free) {
      free_.erase({previous->second.size, previous->first});
      previous->second.size += block->second.size;
      blocks_.erase(block);
      block = previous;
    }
  }
  free_.emplace(block->second.size, block->first);
}

void CudaArena::trim() noexcept {
  const std::lock_guard lock(mutex_);
  cudaSetDevice(ordinal_);
  free_empty_segments();
}

void CudaArena::upload(void* target, const void* source, size_t bytes) {
  staging_.upload(target, source, bytes);
}

void CudaArena::upload_file(void* target, const FileMapping& file, size_t offset, size_t bytes) {
  staging_.upload(target, file, offset, bytes);
}

void CudaArena::download(void* target, const void* source, size_t bytes) {
  staging_.download(target, source, bytes);
}

void CudaArena::fill_zero(void* target, size_t bytes) {
  if (bytes > 0) check_cuda(cudaMemsetAsync(target, 0, bytes, stream_), "cudaMemsetAsync");
}

void CudaArena::out_of_memory(size_t bytes) {
  const int64_t used = allocated.load();
  fail("ERR_OUT_OF_MEMORY",
       "Expected %.1f MiB of free memory on the GPU, got %.1f MiB in use of a budget of %.1f MiB%s. Use a smaller "
       "resolution, fewer frames or a smaller model%s.",
       mebibytes(static_cast<int64_t>(bytes)), mebibytes(used), mebibytes(budget_),
       driver_refused_ ? ", of which the driver gives no more" : "",
       driver_refused_ ? ", or close other programs that use the GPU" : ", or raise --vram");
}

}  // namespace umbel
