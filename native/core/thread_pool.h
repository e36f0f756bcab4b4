#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace umbel {

// The threads that share the ranges of one op. The caller is one of them, so a pool of n starts n - 1.
class ThreadPool {
 public:
  using Body = void (*)(void* closure, int64_t begin, int64_t end, int thread);

  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(helpers_.size()) + 1; }
  // Hands out ranges of at least `grain` items in order, stops handing out once `generation` has passed, and rethrows the
  // first exception of a body. One call at a time.
  void run(int64_t n, int64_t grain, Body body, void* closure,
           const std::atomic<uint64_t>& generation, uint64_t own_generation);

 private:
  void help(int thread);
  void take_ranges(int thread);

  std::vector<std::thread> helpers_;

  // The present call; written before state_ is opened, read by helpers that entered.
  int64_t n_ = 0;
  int64_t step_ = 1;
  Body body_ = nullptr;
  void* closure_ = nullptr;
  const std::atomic<uint64_t>* generation_ = nullptr;
  uint64_t own_generation_ = 0;
  std::exception_ptr error_;

  alignas(64) std::atomic<int64_t> next_{0};
  // Helpers inside the present call, and kOpen while more may come: one that wakes up late is not waited for.
  alignas(64) std::atomic<uint32_t> state_{0};
  alignas(64) std::atomic<uint64_t> epoch_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  int sleeping_ = 0;
  bool closing_ = false;
};

// Cores with execution units of their own that this process may use, fewer where a container grants less time.
int physical_cores();

}  // namespace umbel
