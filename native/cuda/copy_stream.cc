#include "cuda/copy_stream.h"

#include <utility>

#include "cuda/context.h"

namespace umbel {

CopyStream::CopyStream(cudaStream_t ops) : ops_(ops) {
  check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  check_cuda(cudaEventCreateWithFlags(&before_, cudaEventDisableTiming), "cudaEventCreate");
}

CopyStream::~CopyStream() {
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  cudaStreamSynchronize(ops_);
  for (const Flight& flight : flights_) cudaEventDestroy(flight.done);
  flights_.clear();
  for (cudaEvent_t event : spare_) cudaEventDestroy(event);
  if (before_ != nullptr) cudaEventDestroy(before_);
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

cudaEvent_t CopyStream::take_event() {
  if (!spare_.empty()) {
    cudaEvent_t event = spare_.back();
    spare_.pop_back();
    return event;
  }
  cudaEvent_t event = nullptr;
  check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync), "cudaEventCreate");
  return event;
}

void CopyStream::launch(const View& source, const View& target, cudaMemcpyKind kind, cudaStream_t stream) {
  land(false);
  const Tensor from = source.resolve(), to = target.resolve();
  cudaEvent_t done = take_event();
  flights_.push_back({source.storage, target.storage, done, stream == ops_});
  // Recorded also when the copy could not be launched, so that the flight lands.
  const cudaError_t status = cudaMemcpyAsync(to.data, from.data, from.bytes(), kind, stream);
  check_cuda(cudaEventRecord(done, stream), "cudaEventRecord");
  check_cuda(status, "a transfer");
}

void CopyStream::upload(const View& source, const View& target) {
  // The target may have been freed, or read, by an op that still runs; the source may be on its way here.
  target.storage->data();
  check_cuda(cudaEventRecord(before_, ops_), "cudaEventRecord");
  check_cuda(cudaStreamWaitEvent(stream_, before_, 0), "cudaStreamWaitEvent");
  launch(source, target, cudaMemcpyHostToDevice, stream_);
}

// In the order of the ops: it happens once for each block of weights.
void CopyStream::download(const View& source, const View& target) {
  await(*source.storage);
  await(*target.storage);
  launch(source, target, cudaMemcpyDeviceToHost, ops_);
}

void CopyStream::await(const Storage& storage) {
  for (Flight& flight : flights_) {
    if (flight.awaited || (flight.target.get() != &storage && flight.source.get() != &storage)) continue;
    check_cuda(cudaStreamWaitEvent(ops_, flight.done, 0), "cudaStreamWaitEvent");
    flight.awaited = true;
  }
}

void CopyStream::await(const OpCall& call) {
  if (flights_.empty()) return;
  for (const Input& input : call.inputs) {
    for (const View& view : input.views) await(*view.storage);
  }
  for (const auto& output : call.outputs) {
    if (output) await(*output->storage);
  }
}

void CopyStream::settle() { land(true); }

void CopyStream::land(bool wait_for_unowned) noexcept {
  for (size_t i = 0; i < flights_.size();) {
    Flight& flight = flights_[i];
    const bool unowned = flight.target.use_count() == 1 || flight.source.use_count() == 1;
    const cudaError_t status =
        wait_for_unowned && unowned ? cudaEventSynchronize(flight.done) : cudaEventQuery(flight.done);
    if (status == cudaErrorNotReady) {
      cudaGetLastError();  // it is no error
      ++i;
      continue;
    }
    spare_.push_back(flight.done);
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace umbel
