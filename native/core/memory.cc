#include "core/memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>

#include "core/fail.h"
#include "core/file_mapping.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace umbel {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kKeptSize = size_t{64} << 10;  // smaller blocks go back to the system's allocator
constexpr size_t kHugePage = size_t{2} << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepBlocks = false;  // so that the sanitizer sees use after free
#else
constexpr bool kKeepBlocks = true;
#endif

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Size of the block that serves a request. Few different sizes, so that freed blocks fit again.
size_t block_size(size_t bytes) {
  if (bytes < kKeptSize) return std::max(round_up(bytes, kAlignment), kAlignment);
  return round_up(bytes, bytes < 2 * kHugePage ? kKeptSize : kHugePage);
}

#ifndef _WIN32
// Blocks that profit from huge pages are mapped directly: Electron's allocator ends the process when it is asked for
// their alignment. Under the sanitizer all are the allocator's, which watches their ends.
bool is_mapped(size_t size) { return kKeepBlocks && size >= 2 * kHugePage; }

void* map_aligned(size_t size) {
  const size_t span = size + kHugePage;
  void* start = ::mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(start);
  const size_t before = round_up(reinterpret_cast<uintptr_t>(first), kHugePage) -
                        reinterpret_cast<uintptr_t>(first);
  char* const data = first + before;
  if (before > 0) ::munmap(first, before);
  if (before < kHugePage) ::munmap(data + size, kHugePage - before);
#ifdef MADV_HUGEPAGE
  ::madvise(data, size, MADV_HUGEPAGE);
#endif
  return data;
}
#endif

void* system_allocate(size_t size) {
#ifdef _WIN32
  return _aligned_malloc(size, kAlignment);
#else
  return is_mapped(size) ? map_aligned(size) : std::aligned_alloc(kAlignment, size);
#endif
}

void system_release(void* data, size_t size) {
#ifdef _WIN32
  (void)size;
  _aligned_free(data);
#else
  if (is_mapped(size)) {
    ::munmap(data, size);
  } else {
    std::free(data);
  }
#endif
}

double mebibytes(int64_t bytes) { return static_cast<double>(bytes) / 1048576.0; }

}  // namespace

void Memory::upload_file(void* target, const FileMapping& file, size_t offset, size_t bytes) {
  file.read(offset, bytes, target);
}

void* MemoryPool::allocate(size_t bytes) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max() / 4;
  const int64_t wanted = bytes > static_cast<size_t>(most) ? most : static_cast<int64_t>(bytes);
  const int64_t now = allocated.fetch_add(wanted) + wanted;
  void* data = nullptr;
  if (now <= limit_) {
    const size_t size = block_size(bytes);
    data = reuse(size);
    if (data == nullptr) {
      make_room();
      data = system_allocate(size);
    }
    if (data == nullptr) {
      trim();
      data = system_allocate(size);
    }
  }
  if (data == nullptr) {
    allocated.fetch_sub(wanted);
    fail("ERR_OUT_OF_MEMORY",
         "Expected %.1f MiB of free memory, got %.1f MiB in use of %.1f MiB. Use a smaller "
         "resolution, fewer frames or a smaller model.",
         mebibytes(wanted), mebibytes(now - wanted), mebibytes(limit_));
  }
  count(now);
  return data;
}

void MemoryPool::upload(void* target, const void* source, size_t bytes) {
  std::memcpy(target, source, bytes);
}

void MemoryPool::fill_zero(void* target, size_t bytes) { std::memset(target, 0, bytes); }

void* MemoryPool::reuse(size_t size) noexcept {
  if (size < kKeptSize) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(size);
  if (found == kept_.end() || found->second.empty()) return nullptr;
  void* data = found->second.back();
  found->second.pop_back();
  kept_bytes_ -= static_cast<int64_t>(size);
  return data;
}

// Frees kept blocks, largest first, until a new block (already counted in `allocated`) leaves the whole at or below the
// peak.
void MemoryPool::make_room() noexcept {
  const std::lock_guard lock(mutex_);
  const int64_t ceiling = std::max(peak.load(), allocated.load());
  for (auto size = kept_.rbegin(); size != kept_.rend(); ++size) {
    auto& blocks = size->second;
    while (!blocks.empty() && allocated.load() + kept_bytes_ > ceiling) {
      system_release(blocks.back(), size->first);
      blocks.pop_back();
      kept_bytes_ -= static_cast<int64_t>(size->first);
    }
  }
}

void MemoryPool::release(void* data, size_t bytes) noexcept {
  const size_t size = block_size(bytes);
  allocated.fetch_sub(static_cast<int64_t>(bytes));
  if (kKeepBlocks && size >= kKeptSize) {
    const std::lock_guard lock(mutex_);
    if (kept_bytes_ + static_cast<int64_t>(size) <= limit_ / 4) {
      try {
        kept_[size].push_back(data);
        kept_bytes_ += static_cast<int64_t>(size);
        return;
      } catch (const std::bad_alloc&) {
      }
    }
  }
  system_release(data, size);
}

void MemoryPool::trim() noexcept {
  const std::lock_guard lock(mutex_);
  for (const auto& [size, blocks] : kept_) {
    for (void* data : blocks) system_release(data, size);
  }
  kept_.clear();
  kept_bytes_ = 0;
}

int64_t usable_memory() {
#ifdef _WIN32
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  GlobalMemoryStatusEx(&status);
  return static_cast<int64_t>(status.ullTotalPhys);
#else
  int64_t least = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    int64_t value = 0;
    if (file >> value && value > 0 && value < least) least = value;
  }
  return least;
#endif
}

}  // namespace umbel
