#include "core/thread_pool.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif
#ifdef __linux__
#include <sched.h>
#endif
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

namespace umbel {
namespace {

// About 20 microseconds: longer than the gap between two ops of a model, shorter than a scheduler's time slice.
constexpr int kSpins = 500;
constexpr uint32_t kOpen = uint32_t{1} << 31;
// Ranges a thread: none waits long for a late one, and an interruption is seen soon also in the longest op.
constexpr int64_t kRangesPerThread = 64;

inline void pause_cpu() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

#ifdef __linux__
// Processors' worth of time that a container grants, rounded up; 0 when it sets no limit.
int granted_processors() {
  double quota = 0, period = 0;
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  if (!(v2 >> quota >> period)) {  // "max 100000" is no number
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? static_cast<int>(std::ceil(quota / period)) : 0;
}
#endif

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) helpers_.emplace_back([this, i] { help(i); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    epoch_.fetch_add(1);
  }
  wake_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void ThreadPool::take_ranges(int thread) {
  while (generation_->load(std::memory_order_relaxed) == own_generation_) {
    const int64_t begin = next_.fetch_add(step_, std::memory_order_relaxed);
    if (begin >= n_) return;
    try {
      body_(closure_, begin, std::min(begin + step_, n_), thread);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      next_.store(n_);
    }
  }
}

void ThreadPool::help(int thread) {
  uint64_t seen = 0;
  for (;;) {
    for (int i = 0; i < kSpins && epoch_.load(std::memory_order_acquire) == seen; ++i) pause_cpu();
    if (epoch_.load(std::memory_order_acquire) == seen) {
      std::unique_lock lock(mutex_);
      ++sleeping_;
      wake_.wait(lock, [&] { return epoch_.load(std::memory_order_acquire) != seen; });
      --sleeping_;
    }
    seen = epoch_.load(std::memory_order_acquire);
    if (closing_) return;
    uint32_t state = state_.load(std::memory_order_acquire);
    while ((state & kOpen) != 0) {
      if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire)) continue;
      take_ranges(thread);
      state_.fetch_sub(1, std::memory_order_release);
      break;
    }
  }
}

void ThreadPool::run(int64_t n, int64_t grain, Body body, void* closure,
                     const std::atomic<uint64_t>& generation, uint64_t own_generation) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t share = n / (kRangesPerThread * size());
  n_ = n;
  step_ = std::max(grain, share);
  body_ = body;
  closure_ = closure;
  generation_ = &generation;
  own_generation_ = own_generation;
  error_ = nullptr;
  next_.store(0, std::memory_order_relaxed);
  if (helpers_.empty() || n <= step_) {
    take_ranges(0);
  } else {
    state_.store(kOpen, std::memory_order_release);
    int64_t wanted = (n + step_ - 1) / step_ - 1;
    {
      const std::lock_guard lock(mutex_);
      epoch_.fetch_add(1, std::memory_order_release);
      wanted = std::min<int64_t>(wanted, sleeping_);
    }
    for (; wanted > 0; --wanted) wake_.notify_one();
    take_ranges(0);
    state_.fetch_and(~kOpen, std::memory_order_relaxed);
    for (int i = 0; state_.load(std::memory_order_acquire) != 0; ++i) {
      if (i < kSpins) {
        pause_cpu();
      } else {
        std::this_thread::yield();
      }
    }
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

int physical_cores() {
  const int logical = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return logical;
  std::set<std::pair<int, int>> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    int package = 0, core = cpu;
    std::ifstream(folder + "physical_package_id") >> package;
    std::ifstream core_file(folder + "core_id");
    if (!(core_file >> core)) core = cpu;
    cores.emplace(package, core);
  }
  const int granted = granted_processors(), physical = static_cast<int>(cores.size());
  return std::max(1, granted == 0 ? physical : std::min(granted, physical));
#elif defined(__APPLE__)
  int cores = 0;
  size_t size = sizeof cores;
  return sysctlbyname("hw.physicalcpu", &cores, &size, nullptr, 0) == 0 && cores > 0 ? cores : logical;
#else
  return logical;
#endif
}

}  // namespace umbel
