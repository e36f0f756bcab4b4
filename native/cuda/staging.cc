#include "cuda/staging.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "cuda/context.h"

namespace umbel {
namespace {

constexpr size_t kBufferBytes = size_t{32} << 20;
constexpr size_t kAlignment = 64;
constexpr size_t kPieceBytes = size_t{4} << 20;  // that one thread fills at a time
constexpr int kMostReaders = 8;

}  // namespace

void Staging::open() {
  if (buffers_[kBuffers - 1].data != nullptr) return;
  for (Buffer& buffer : buffers_) {
    if (buffer.data != nullptr) continue;
    if (buffer.done == nullptr) {
      check_cuda(cudaEventCreateWithFlags(&buffer.done, cudaEventDisableTiming | cudaEventBlockingSync),
                 "cudaEventCreate");
    }
    void* data = nullptr;
    check_cuda(cudaHostAlloc(&data, kBufferBytes, cudaHostAllocDefault), "cudaHostAlloc");
    buffer.data = static_cast<uint8_t*>(data);
  }
}

void Staging::close() noexcept {
  for (Buffer& buffer : buffers_) {
    if (buffer.in_flight) cudaEventSynchronize(buffer.done);
    if (buffer.done != nullptr) cudaEventDestroy(buffer.done);
    if (buffer.data != nullptr) cudaFreeHost(buffer.data);
    buffer = Buffer{};
  }
  used_ = 0;
}

// Goes on with the next buffer once its copies are done.
void Staging::swap() {
  Buffer& full = buffers_[current_];
  check_cuda(cudaEventRecord(full.done, stream_), "cudaEventRecord");
  full.in_flight = true;
  current_ = (current_ + 1) % kBuffers;
  used_ = 0;
  Buffer& next = buffers_[current_];
  if (next.in_flight) {
    check_cuda(cudaEventSynchronize(next.done), "an upload");
    next.in_flight = false;
  }
}

// Afterwards no buffer is in use.
void Staging::drain() {
  for (int i = 0; i < kBuffers; ++i) swap();
  for (Buffer& buffer : buffers_) {
    if (buffer.in_flight) check_cuda(cudaEventSynchronize(buffer.done), "an upload");
    buffer.in_flight = false;
  }
}

void Staging::fill_in_parallel(uint8_t* through, size_t at, size_t n, const Fill& fill) {
  const size_t pieces = (n + kPieceBytes - 1) / kPieceBytes;
  if (pieces < 2) return fill(through, at, n);
  if (!readers_) readers_ = std::make_unique<ThreadPool>(std::min(physical_cores(), kMostReaders));
  struct Work {
    uint8_t* through;
    size_t at, n;
    const Fill& fill;
  } work{through, at, n, fill};
  static const std::atomic<uint64_t> never_cancelled{0};
  readers_->run(
      static_cast<int64_t>(pieces), 1,
      [](void* closure, int64_t begin, int64_t end, int) {
        const Work& w = *static_cast<Work*>(closure);
        const size_t from = static_cast<size_t>(begin) * kPieceBytes;
        const size_t to = std::min(w.n, static_cast<size_t>(end) * kPieceBytes);
        w.fill(w.through + from, w.at + from, to - from);
      },
      &work, never_cancelled, 0);
}

void Staging::upload_by(void* target, size_t bytes, const Fill& fill) {
  open();
  auto* to = static_cast<uint8_t*>(target);
  for (size_t at = 0; at < bytes;) {
    const size_t left = bytes - at;
    if (used_ == kBufferBytes || (left <= kBufferBytes && used_ + left > kBufferBytes)) swap();
    const size_t n = std::min(left, kBufferBytes - used_);
    uint8_t* through = buffers_[current_].data + used_;
    fill_in_parallel(through, at, n, fill);
    check_cuda(cudaMemcpyAsync(to + at, through, n, cudaMemcpyHostToDevice, stream_), "an upload");
    used_ = std::min(kBufferBytes, (used_ + n + kAlignment - 1) / kAlignment * kAlignment);
    at += n;
  }
}

void Staging::upload(void* target, const void* source, size_t bytes) {
  const auto* from = static_cast<const uint8_t*>(source);
  upload_by(target, bytes,
            [from](uint8_t* through, size_t at, size_t n) { std::memcpy(through, from + at, n); });
}

void Staging::upload(void* target, const FileMapping& file, size_t offset, size_t bytes) {
  upload_by(target, bytes, [&file, offset](uint8_t* through, size_t at, size_t n) {
    file.read(offset + at, n, through);
  });
}

void Staging::download(void* target, const void* source, size_t bytes) {
  open();
  auto* to = static_cast<uint8_t*>(target);
  const auto* from = static_cast<const uint8_t*>(source);
  drain();
  size_t asked = 0, got = 0;
  size_t length[kBuffers] = {};
  for (int i = 0; got < bytes; i = (i + 1) % kBuffers) {
    Buffer& buffer = buffers_[i];
    if (buffer.in_flight) {
      check_cuda(cudaEventSynchronize(buffer.done), "a read");
      buffer.in_flight = false;
      std::memcpy(to + got, buffer.data, length[i]);
      got += length[i];
    }
    if (asked < bytes) {
      const size_t n = std::min(bytes - asked, kBufferBytes);
      check_cuda(cudaMemcpyAsync(buffer.data, from + asked, n, cudaMemcpyDeviceToHost, stream_), "a read");
      check_cuda(cudaEventRecord(buffer.done, stream_), "cudaEventRecord");
      buffer.in_flight = true;
      length[i] = n;
      asked += n;
    }
  }
  used_ = 0;
}

}  // namespace umbel
