#pragma once
#include <cuda_runtime_api.h>

#include <deque>
#include <memory>
#include <vector>

#include "core/op_call.h"
#include "core/storage.h"

namespace umbel {

// Copies between pinned memory and the GPU. Those to the GPU have a stream of their own: they start once the ops launched
// before them are done, run beside the ops that follow, and an op that uses what they write waits for them. Memory of a
// copy in flight stays, whoever lets go of it. Worker thread only.
class CopyStream {
 public:
  // `ops`: the stream of all ops.
  explicit CopyStream(cudaStream_t ops);
  ~CopyStream();
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  void upload(const View& source, const View& target);
  void download(const View& source, const View& target);
  // Lets ops that are launched from here on wait for the copies that touch this storage.
  void await(const Storage& storage);
  void await(const OpCall& call);
  // Lets go of what finished copies held, and waits for copies whose memory nobody else holds: what they occupy is free
  // when it returns.
  void settle();

 private:
  struct Flight {
    std::shared_ptr<Storage> source, target;
    cudaEvent_t done;
    bool awaited;  // by the ops
  };
  void launch(const View& source, const View& target, cudaMemcpyKind kind, cudaStream_t stream);
  cudaEvent_t take_event();
  void land(bool wait_for_unowned) noexcept;

  const cudaStream_t ops_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t before_ = nullptr;
  std::deque<Flight> flights_;
  std::vector<cudaEvent_t> spare_;
};

}  // namespace umbel
