#include "core/memory.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <new>
#include <string>

#include "core/fail.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <windows.h>
#else
#include <unistd.h>
#endif

namespace umbel {
namespace {

constexpr size_t kAlignment = 64;

void* aligned_allocate(size_t bytes) {
#ifdef _WIN32
  return _aligned_malloc(bytes, kAlignment);
#else
  return std::aligned_alloc(kAlignment, bytes);
#endif
}

void aligned_release(void* data) {
#ifdef _WIN32
  _aligned_free(data);
#else
  std::free(data);
#endif
}

size_t padded(size_t bytes) {
  return bytes == 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

void* MemoryCounters::allocate(size_t bytes) {
  const auto wanted = bytes > static_cast<size_t>(std::numeric_limits<int64_t>::max() / 2)
                          ? std::numeric_limits<int64_t>::max() / 2
                          : static_cast<int64_t>(bytes);
  const int64_t now = allocated.fetch_add(wanted) + wanted;
  void* data = now > limit ? nullptr : aligned_allocate(padded(bytes));
  if (data == nullptr) {
    allocated.fetch_sub(wanted);
    fail("ERR_OUT_OF_MEMORY",
         "Expected %.1f MiB of free memory, got %.1f MiB in use of %.1f MiB. Use a smaller "
         "resolution, fewer frames or a smaller model.",
         static_cast<double>(wanted) / 1048576.0, static_cast<double>(now - wanted) / 1048576.0,
         static_cast<double>(limit) / 1048576.0);
  }
  int64_t seen = peak.load();
  while (seen < now && !peak.compare_exchange_weak(seen, now)) {
  }
  return data;
}

void MemoryCounters::release(void* data, size_t bytes) noexcept {
  aligned_release(data);
  allocated.fetch_sub(static_cast<int64_t>(bytes));
}

int64_t usable_memory() {
#ifdef _WIN32
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  GlobalMemoryStatusEx(&status);
  return static_cast<int64_t>(status.ullTotalPhys);
#else
  const int64_t machine = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  int64_t least = machine;
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
