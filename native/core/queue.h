#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "core/storage.h"

namespace umbel {

// One piece of work of a device.
class Job {
 public:
  virtual ~Job() = default;
  // On the worker thread. `cancelled` is true once the job was interrupted. Throws Error.
  virtual void run(const std::atomic<uint64_t>& generation, uint64_t own_generation) = 0;
  // Always called once, on the worker thread; null when run() succeeded, else why it failed or was skipped.
  virtual void finish(const FailurePtr& failure) noexcept = 0;
  // A fence (sync, read) reports a pending failure and clears it; other jobs are skipped until one does.
  virtual bool fence() const { return false; }
};

// One worker thread that runs jobs in order.
//
// After a failing job later ones are skipped until a fence reports the failure, which clears it. interrupt() ends
// everything enqueued so far: the running job sees its generation pass and returns early, the others are skipped, their
// fences report ERR_INTERRUPTED; when no fence was among them the next one does. Jobs enqueued after that run normally.
class Queue {
 public:
  // `idle` is called on the worker thread when there was nothing to do for two seconds.
  explicit Queue(std::function<void()> idle);
  ~Queue();  // interrupts, then waits for the worker thread
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void enqueue(std::unique_ptr<Job> job);
  void interrupt() noexcept;
  void close() noexcept;  // what the destructor does; may be called before

 private:
  struct Entry {
    uint64_t generation;
    std::unique_ptr<Job> job;
  };
  void work();
  void execute(Entry& entry);

  const std::function<void()> idle_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> entries_;
  std::atomic<uint64_t> generation_{0};
  bool closing_ = false;
  FailurePtr pending_;  // worker thread only
  std::thread worker_;
};

}  // namespace umbel
