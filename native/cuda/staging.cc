#include "cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "cuda/context.h"

namespace umbel {
namespace {

constexpr size_t kBufferBytes = size_t{32} << 20;
constexpr size_t kAlignment = 64;

}  // namespace

void Staging::open() {
  if (buffers_[0].data != nullptr) return;
  for (Buffer& buffer : buffers_) {
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

// Goes on with the other buffer once its copies are done.
void Staging::swap() {
  Buffer& full = buffers_[current_];
  check_cuda(cudaEventRecord(full.done, stream_), "cudaEventRecord");
  full.in_flight = true;
  current_ ^= 1;
  used_ = 0;
  Buffer& next = buffers_[current_];
  if (next.in_flight) {
    check_cuda(cudaEventSynchronize(next.done), "an upload");
    next.in_flight = false;
  }
}

void Staging::upload(void* target, const void* source, size_t bytes) {
  open();
  auto* to = static_cast<uint8_t*>(target);
  const auto* from = static_cast<const uint8_t*>(source);
  while (bytes > 0) {
    if (used_ == kBufferBytes || (bytes <= kBufferBytes && used_ + bytes > kBufferBytes)) swap();
    const size_t n = std::min(bytes, kBufferBytes - used_);
    uint8_t* through = buffers_[current_].data + used_;
    std::memcpy(through, from, n);
    check_cuda(cudaMemcpyAsync(to, through, n, cudaMemcpyHostToDevice, stream_), "an upload");
    used_ = std::min(kBufferBytes, (used_ + n + kAlignment - 1) / kAlignment * kAlignment);
    to += n;
    from += n;
    bytes -= n;
  }
}

void Staging::download(void* target, const void* source, size_t bytes) {
  open();
  auto* to = static_cast<uint8_t*>(target);
  const auto* from = static_cast<const uint8_t*>(source);
  // Both buffers belong to the download from here on.
  swap();
  swap();
  size_t asked = 0, got = 0;
  size_t length[2] = {};
  for (int i = 0; got < bytes || asked < bytes; ++i) {
    Buffer& buffer = buffers_[i % 2];
    if (buffer.in_flight && i >= 2) {
      check_cuda(cudaEventSynchronize(buffer.done), "a read");
      std::memcpy(to + got, buffer.data, length[i % 2]);
      got += length[i % 2];
      buffer.in_flight = false;
    }
    if (asked < bytes) {
      if (buffer.in_flight) check_cuda(cudaEventSynchronize(buffer.done), "a read");
      const size_t n = std::min(bytes - asked, kBufferBytes);
      check_cuda(cudaMemcpyAsync(buffer.data, from + asked, n, cudaMemcpyDeviceToHost, stream_), "a read");
      check_cuda(cudaEventRecord(buffer.done, stream_), "cudaEventRecord");
      buffer.in_flight = true;
      length[i % 2] = n;
      asked += n;
    }
  }
  used_ = 0;
}

}  // namespace umbel
