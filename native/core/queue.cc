#include "core/queue.h"

#include <chrono>
#include <exception>
#include <new>
#include <utility>

#include "core/error.h"

namespace umbel {
namespace {

constexpr std::chrono::seconds kIdleTime{2};

FailurePtr describe_current_exception() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      return std::make_shared<Failure>(Failure{error.code(), error.what()});
    } catch (const std::bad_alloc&) {
      return std::make_shared<Failure>(
          Failure{"ERR_OUT_OF_MEMORY", "Expected free memory, got none. Close other programs."});
    } catch (const std::exception& error) {
      return std::make_shared<Failure>(Failure{"ERR_INTERNAL", error.what()});
    }
  } catch (...) {
    static const FailurePtr unknown =
        std::make_shared<Failure>(Failure{"ERR_INTERNAL", "Expected a described error."});
    return unknown;
  }
}

FailurePtr interrupted() {
  return std::make_shared<Failure>(Failure{"ERR_INTERRUPTED", "The computation was interrupted."});
}

}  // namespace

Queue::Queue(std::function<void()> idle)
    : idle_(std::move(idle)), worker_([this] { work(); }) {}

Queue::~Queue() { close(); }

void Queue::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    generation_.fetch_add(1);
  }
  wake_.notify_one();
  if (worker_.joinable()) worker_.join();
}

void Queue::enqueue(std::unique_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) throw Error("ERR_DEVICE", "Expected an open device, got a closed one.");
    entries_.push_back({generation_.load(), std::move(job)});
  }
  wake_.notify_one();
}

void Queue::interrupt() noexcept { generation_.fetch_add(1); }

void Queue::execute(Entry& entry) {
  FailurePtr failure;
  if (entry.generation != generation_.load()) {
    failure = interrupted();
  } else if (pending_) {
    failure = pending_;
  } else {
    try {
      entry.job->run(generation_, entry.generation);
    } catch (...) {
      failure = describe_current_exception();
    }
    if (entry.generation != generation_.load()) failure = interrupted();
  }
  if (entry.job->fence()) {
    pending_.reset();
  } else if (failure) {
    pending_ = failure;
  }
  entry.job->finish(failure);
  entry.job.reset();
}

void Queue::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto ready = [this] { return closing_ || !entries_.empty(); };
    if (!wake_.wait_for(lock, kIdleTime, ready)) {
      lock.unlock();
      idle_();
      lock.lock();
      wake_.wait(lock, ready);
    }
    if (entries_.empty()) return;
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    lock.unlock();
    execute(entry);
    lock.lock();
  }
}

}  // namespace umbel
